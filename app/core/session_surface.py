"""The live surface, as the window sees it: made of the frame in view, coarse to fine, again at every change.

Only the main thread calls it. Surfaces are made by tasks of the engine; the newest request wins, and the running
one is cancelled. While frames play, only the coarsest level is made, one at a time, and placed into the frame in
view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from psygnal import Signal, SignalInstance

from app.core.errors import LidarScopeError, UsageError
from app.core.geometry import transforms
from app.core.session_newest import Newest
from app.core.session_surface_beside import BesideSurface
from app.core.session_surface_watch import WatchedSurface
from app.core.surface import export
from app.core.surface.names import steps_to
from app.core.surface.result import Reconstruction, SurfaceOptions
from app.core.surface.view import SurfaceState
from app.core.tasks.base import Progress

if TYPE_CHECKING:
    from app.core.history import History
    from app.core.session_training import SessionTraining
    from app.core.state import FrameState, Playback
    from app.core.tasks.context import Source
    from app.core.tasks.engine import Engine

COLOR = "height"
MOST_MOVED = 150_000
"""Vertices of a surface that is placed anew with every frame that plays: more would hold the window up."""

NOTHING_CHOSEN = "Choose what makes the surface: a checkpoint with an occupancy head, Poisson, or lines of sight."
STOPPED = "stopped"


class Host(Protocol):
    """What this part needs of the session."""

    frame_changed: SignalInstance
    playback_changed: SignalInstance
    sequence_changed: SignalInstance
    training: SessionTraining
    _engine: Engine
    _history: History
    _source: Source | None

    @property
    def frame_state(self) -> FrameState | None: ...

    @property
    def playback(self) -> Playback: ...

    @property
    def poses(self) -> np.ndarray | None: ...

    def log_line(self, text: str, level: str = ...) -> None: ...

    def run_task(self, name: str, title: str, on_result: Any = None, **params: Any) -> int: ...

    def cancel_task(self, id: int) -> None: ...

    def _posted(self, handler: Any) -> Any: ...


@dataclass(frozen=True)
class Wanted:
    """Which surface: of which frame, how, by which weights (time in ns and size of a watched file)."""

    source: Source
    index: int
    options: SurfaceOptions
    weights: tuple[int, int] | None = None

    @property
    def shape(self) -> Wanted:
        """The same without its colour, which is not part of the shape."""
        return replace(self, options=replace(self.options, color=COLOR))


class SessionSurface(BesideSurface, WatchedSurface):
    """The surface of the frame in view, and what is shown beside it."""

    surface_changed = Signal(object)
    """The new :class:`~app.core.surface.result.Reconstruction` in coordinates of the frame in view, or None."""

    def __init__(self, host: Host) -> None:
        self._host: Any = host
        BesideSurface.__init__(self)
        WatchedSurface.__init__(self)
        self._warming = Newest(host, "warm_surfaces")
        self._making = Newest(host, "make_surface")
        self._painting = Newest(host, "recolor_surface")
        self._raw: Reconstruction | None = None
        self._made: Wanted | None = None
        self._whole = False
        self._surface: Reconstruction | None = None
        self._painting_failed = False
        for signal, handler in self._heard():
            signal.connect(handler)

    @property
    def surface(self) -> Reconstruction | None:
        """What is shown, in the sensor frame of the frame in view."""
        return self._surface

    # on and off

    def turn_on(self) -> None:
        """Make surfaces of the frame in view. Where nothing is chosen to make them by: the checkpoint that comes
        along, or of the newest pretraining, else lines of sight."""
        if not self._state.on:
            self._set_state(on=True, options=self._usual())
            self._sync()

    def warm(self) -> None:
        """Somebody is about to switch it on: have everything loaded, once, that the first surface needs.

        What cannot be loaded is told when it is asked for.
        """
        state, source = self._host.frame_state, self._host._source
        if self._state.on or state is None or source is None:
            return
        options = self._usual()
        loaded = (source.path, options.checkpoint, options.baseline, options.device)
        if self._warming.wanted != loaded:
            index = state.frame.index
            self._warming.ask(loaded, _ignore, _ignore, source=source, index=index, options=options)

    def turn_off(self) -> None:
        """Make none, and show none."""
        self._set_state(on=False)
        self._sync()

    def stop(self) -> None:
        """Give up what is under way; what is shown stays."""
        if self._making.working or self._painting.working:
            self._making.halt()
            self._painting.halt()
            self._set_state(working=False, level=STOPPED)
            self._sync()

    def again(self) -> None:
        """Make it anew, after it was stopped or could not be."""
        self._making.forget()
        self._sync()

    def export(self, path: Path, world: bool = False) -> int:
        """Write the surface as it is chosen as PLY, OBJ or GLB, in the sensor's or in world coordinates; returns
        the task's id. One that has been made is not made again. ``UsageError`` for another suffix, or without a
        frame."""
        export.check_suffix(path)
        wanted = self._wanted(coarse=False, off=True)
        if wanted is None:
            raise UsageError("There is no frame, or nothing to make a surface by, so none can be written.")

        def written(done: Reconstruction) -> None:
            self._host.log_line(f"{path} has {len(done.triangles)} triangles at {done.step:g} m.")
            for note in done.notes:
                self._host.log_line(note, "warning")

        return int(
            self._host.run_task(
                "make_surface", f"Write {path.name}", written, source=wanted.source, index=wanted.index,
                options=wanted.options, out=path, world=world,
            )
        )  # fmt: skip

    def close(self) -> None:
        """Listen to the session no longer."""
        for signal, handler in self._heard():
            signal.disconnect(handler, missing_ok=True)

    # under the hood

    def _heard(self) -> tuple[tuple[Any, Any], ...]:
        host = self._host
        return (
            (host.frame_changed, self._frame_came),
            (host.playback_changed, self._look_again),
            (host.sequence_changed, self._look_again),
            (host.training.runs_changed, self._runs_changed),
        )

    def _usual(self) -> SurfaceOptions:
        """What is chosen, or would be if it was switched on now."""
        options = self._state.options
        if options.checkpoint is not None or options.baseline:
            return options
        known = self.choices()
        chosen = {"checkpoint": known[0][1]} if known else {"baseline": "tsdf"}
        return replace(options, **chosen)

    def _chosen_differently(self, before: SurfaceState) -> None:
        now = self._state
        if now.watch is not None and (now.options.checkpoint, now.options.baseline) != (
            before.options.checkpoint, before.options.baseline,
        ):  # fmt: skip
            self._end_watch()
        self._sync()

    def _look_again(self, _news: object = None) -> None:
        self._sync()

    def _frame_came(self, _state: object) -> None:
        self._place()
        self._sync()

    def _wanted(self, *, coarse: bool, off: bool = False) -> Wanted | None:
        """The surface that should be shown now; None for none. ``off``: also while it is switched off."""
        state, source = self._host.frame_state, self._host._source
        options, weights = self._watched_options(self._state.options)
        nothing = options.checkpoint is None and not options.baseline
        if state is None or source is None or nothing or not (self._state.on or off):
            return None
        if self._state.watch is not None and weights is None:
            return None
        if coarse:
            options = replace(options, step=steps_to(options.step)[0])
        return Wanted(source, state.frame.index, options, weights)

    def _sync(self) -> None:
        """Have made what is wanted now and is not under way or there."""
        playing = self._host.playback.playing
        wanted = self._wanted(coarse=playing)
        if wanted is None:
            self._making.forget()
            self._painting.forget()
            waits = self._state.on and self._host.frame_state is not None
            nothing = NOTHING_CHOSEN if self._state.watch is None else self._watch_problem()
            self._set_state(working=False, level="", problem=nothing if waits else "", remedy="", finest=None)
            self._take(None, None)
        elif self._making.wanted != wanted.shape:
            if not (self._making.working and (playing or self._first_level_awaited(wanted))):
                self._ask(wanted)
        elif self._made == wanted.shape and self._raw is not None:
            self._paint(wanted, self._raw)
        self._sync_beside(wanted if not playing else None)

    def _first_level_awaited(self, wanted: Wanted) -> bool:
        """Newer weights of a run wait until those before have shown something, or fast ones would show nothing."""
        now = self._making.wanted
        if not isinstance(now, Wanted) or now.weights is None or wanted.weights is None:
            return False
        return replace(now, weights=wanted.weights) == wanted.shape and self._made != now

    def _ask(self, wanted: Wanted) -> None:
        """Have the engine make it; answers for what is not wanted any more are not heard."""
        shape = wanted.shape
        self._painting.forget()
        if self._raw is not None and (self._made is None or self._made.index != wanted.index):
            self._place()
        self._set_state(working=True, level="", done=0, total=0, problem="", remedy="", finest=None)

        def failed(error: LidarScopeError) -> None:
            finest, remedy = getattr(error, "finest", None), getattr(error, "remedy", "")
            if self._made != shape:
                self._take(None, None)
            self._set_state(working=False, level="", problem=str(error), remedy=remedy, finest=finest)
            self._sync()

        def came(surface: Reconstruction) -> None:
            self._whole = True
            self._set_state(working=self._painting.working, level="", done=self._state.total)
            if self._raw is None or (self._made, self._raw.step) != (shape, surface.step):
                self._take(surface, shape)
            self._sync()

        def level(surface: Reconstruction) -> None:
            self._whole = False
            self._take(surface, shape)
            self._sync()

        self._making.ask(
            shape, came, failed, partial=level, progress=self._progress,
            source=wanted.source, index=wanted.index, options=wanted.options,
        )  # fmt: skip

    def _progress(self, event: Progress) -> None:
        self._set_state(level=event.text, done=event.done, total=event.total)

    def _paint(self, wanted: Wanted, raw: Reconstruction) -> None:
        """Colour what is there as it is wanted, without making it again."""
        key = wanted, raw.step
        if raw.layer.name == wanted.options.color:
            if self._painting.working:  # the colour was changed back
                self._painting.forget()
                self._set_state(working=self._making.working, level="")
            return
        if self._painting.wanted == key:
            return

        def came(surface: Reconstruction) -> None:
            self._set_state(working=self._making.working, level="")
            if self._painting_failed:
                self._painting_failed = False
                self._set_state(problem="")
            if self._made == wanted.shape:
                self._take(surface, wanted.shape)

        def failed(error: LidarScopeError) -> None:
            self._painting_failed = True
            self._set_state(working=self._making.working, level="", problem=str(error))

        self._set_state(working=True)
        self._painting.ask(
            key, came, failed, progress=self._painting_progress,
            source=wanted.source, index=wanted.index, options=wanted.options,
        )  # fmt: skip

    def _painting_progress(self, event: Progress) -> None:
        self._set_state(level=event.text)

    def _take(self, surface: Reconstruction | None, made: Wanted | None) -> None:
        if surface is None and self._raw is None:
            return
        self._raw, self._made = surface, made
        if surface is None:
            self._whole = False
            self._set_state(notes=(), between=None, done=0, total=0, asked=0, seconds=0.0, watched_step=None)
        else:
            watched = surface.weights_step if self._state.watch is not None else None
            before = "" if self._state.remedy == "threshold" else self._state.remedy
            self._set_state(
                notes=surface.notes, between=surface.between, asked=surface.evaluations, seconds=surface.seconds,
                watched_step=watched, remedy="threshold" if surface.between is not None else before,
            )  # fmt: skip
        self._place()

    def _place(self) -> None:
        """Put what was made into the frame in view: moved while frames play, dropped where it cannot be."""
        raw, state = self._raw, self._host.frame_state
        placed = raw
        if raw is not None and (state is None or state.frame.index != raw.frame or not self._same_source()):
            placed = self._moved(raw) if state is not None and self._same_source() else None
            if placed is None:
                self._raw, self._made, self._whole = None, None, False
        if placed is not self._surface:
            self._surface = placed
            self.surface_changed.emit(placed)

    def _same_source(self) -> bool:
        return self._made is not None and self._made.source == self._host._source

    def _moved(self, raw: Reconstruction) -> Reconstruction | None:
        """A surface of another frame as it lies from the frame in view, while frames play and poses are known."""
        state, poses = self._host.frame_state, self._host.poses
        if not self._host.playback.playing or state is None or poses is None or len(raw.vertices) > MOST_MOVED:
            return None
        now = state.frame.world_from_sensor
        if now is None or not 0 <= raw.frame < len(poses) or not np.isfinite(poses[raw.frame]).all():
            return None
        motion = transforms.relative(now, poses[raw.frame])
        turn = motion.copy()
        turn[:3, 3] = 0
        vertices, normals = transforms.apply(motion, raw.vertices), transforms.apply(turn, raw.normals)
        return replace(raw, vertices=vertices, normals=normals)


def _ignore(_answer: object) -> None:
    """What was loaded is in the engine; what could not be loaded is told when somebody asks for it."""
