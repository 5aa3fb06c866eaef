"""The part of the session that brings frames: navigation, playback, accumulation, layers that take long.

Only the main thread calls it. One frame is under way at a time; of the requests that come meanwhile only
the newest is remembered, so that scrubbing shows frames as fast as the engine makes them and never lags.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from psygnal import Signal

from app.core.errors import Cancelled, LidarScopeError, ProcessDied, UsageError
from app.core.geometry import transforms
from app.core.playback import PlaybackClock
from app.core.render.camera import Camera
from app.core.session_layers import SessionLayers
from app.core.session_selection import Mode
from app.core.session_views import LEFT
from app.core.settings import Settings
from app.core.state import Accumulation, FrameState, Playback, SequenceInfo
from app.core.tasks.base import Partial, Progress
from app.core.tasks.context import Source
from app.core.tasks.engine import Engine, Post

SLOW_FRAME = 0.4
"""Seconds after which a frame that is still being made is listed among the tasks, to be seen and cancelled."""

PATIENCE = 0.5
"""Seconds a frame may be under way before a newer request replaces it instead of waiting for it."""

STARVED = 2.0
"""Seconds without any new frame after which requests wait again, so that long scrubbing still shows some."""

FALLBACK_LAYER = "height"
"""What a view shows when a newly opened drive lacks its layer; every frame has this one."""


@dataclass
class _Flight:
    """The frame that the engine is making; ``task``: its line in the task list, once it is slow."""

    ticket: int
    index: int
    started: float
    engine_id: int | None = None
    task: int | None = None


class SessionFrames(SessionLayers):
    """The current frame and the way to the next one."""

    frame_changed = Signal(object)
    """The new :class:`FrameState`."""
    accumulation_changed = Signal(object)
    """The new :class:`Accumulation`."""
    playback_changed = Signal(object)
    """The new :class:`Playback`."""

    def __init__(self, engine: Engine, post: Post | None) -> None:
        super().__init__(engine, post)
        self._flight: _Flight | None = None
        self._ticket = 0
        self._retried = -1
        self._first_of_drive = False
        self._target = 0
        self._direction = 1
        self._last_shown = 0.0
        self._clock = PlaybackClock()

    @property
    @abstractmethod
    def sequence(self) -> SequenceInfo | None: ...

    @property
    @abstractmethod
    def settings(self) -> Settings: ...

    @property
    def index(self) -> int:
        """Index of the shown frame, 0 without one."""
        return 0 if self._frame_state is None else self._frame_state.frame.index

    @property
    def target(self) -> int:
        """Index of the frame that was asked for last."""
        return self._target

    @property
    def playback(self) -> Playback:
        """Speed, range, loop, and whether it plays."""
        return self._clock.state

    def go_to(self, index: int) -> None:
        """Ask for a frame; the index is clamped to the sequence. The newest request wins."""
        self._clock.restart()
        self._go_to(index)

    def step(self, by: int) -> None:
        """Go some frames forward or (negative) back from the one asked for last."""
        self.go_to(self._target + by)

    def play(self) -> None:
        """Play from here; from the start of the range where its end is reached."""
        if self.sequence is None or self.playback.playing:
            return
        start = self._clock.play(self._target)
        self.playback_changed.emit(self.playback)
        self._go_to(start)

    def pause(self) -> None:
        """Stand still."""
        if self.playback.playing:
            self._clock.pause()
            self.playback_changed.emit(self.playback)

    def toggle_play(self) -> None:
        """Play or pause."""
        if self.playback.playing:
            self.pause()
        else:
            self.play()

    def set_playback(
        self,
        *,
        speed: float | None = None,
        loop: bool | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        """Change how playback goes. ``UsageError`` for a speed or a range that cannot be."""
        frames = 0 if self.sequence is None else self.sequence.frames
        self._clock.change(speed=speed, loop=loop, first=first, last=last, frames=frames)
        self.playback_changed.emit(self.playback)

    def tick(self, now: float) -> None:
        """Advance playback to the moment ``now`` (monotonic seconds); frames are skipped rather than late."""
        before = self.playback
        if not before.playing:
            return
        due = self._clock.at(now, self._target)
        if due != self._target:
            self._go_to(due)
        if self.playback != before:
            self.playback_changed.emit(self.playback)

    def set_accumulation(self, before: int, after: int, budget: int | None = None) -> None:
        """Draw the frames from ``before`` before to ``after`` after the current one; at most ``budget``
        points (None: the setting). ``UsageError`` for negative numbers."""
        budget = self.settings.point_budget if budget is None else budget
        if before < 0 or after < 0 or budget <= 0:
            raise UsageError(f"Cannot accumulate {before} frames before and {after} after with {budget} points.")
        wanted = Accumulation(before, after, budget)
        if wanted != self._accumulation:
            self._accumulation = wanted
            self.accumulation_changed.emit(wanted)
            self._ask_for_frame()

    def select_region(
        self,
        camera: Camera,
        size: tuple[int, int],
        polygon: np.ndarray,
        mode: Mode = "replace",
        view: str = LEFT,
        *,
        visible: np.ndarray | None = None,
    ) -> None:
        """Select the drawn points inside a box or lasso, once the engine has found them; can be undone.

        Parameters
        ----------
        camera, size : the view (width, height pixels) the polygon was drawn in
        polygon : (K, 2) pixels
        view : points whose class is switched off there are left out
        visible : (h, w) int32 index buffer of a picture: only points that show in it
        """
        self.select_found(
            "select_region",
            mode,
            camera=camera,
            size=size,
            polygon=np.asarray(polygon, np.float64),
            shown=None if self._frame_state is None else self.colors(view)[1],
            visible=visible,
        )

    # under the hood

    def _enter_sequence(self, source: Source | None, frames: int, rate: float) -> None:
        """Another sequence, or none, is shown from now on; its frames have yet to come."""
        self._drop_flight()
        self._drop_layer_tasks()
        self._source = source
        self._frame_state = None
        self._scorebook.clear()
        self._target = 0
        self._direction = 1
        self._clock.load(frames, rate)
        self._cloud_changed()

    def _go_to(self, index: int) -> None:
        sequence = self.sequence
        if sequence is None or not sequence.frames:
            return
        index = min(max(index, 0), sequence.frames - 1)
        if index != self._target:
            self._direction = 1 if index > self._target else -1
        self._target = index
        flight = self._flight
        if flight is None:
            if self._frame_state is None or self._frame_state.frame.index != index:
                self._ask_for_frame()
        elif flight.index != index and self._may_replace(flight):
            self._ask_for_frame()  # otherwise it is asked for when the one under way has come

    def _may_replace(self, flight: _Flight) -> bool:
        now = time.monotonic()
        fresh = now - self._last_shown < STARVED
        return not self.playback.playing and fresh and now - flight.started > PATIENCE

    def _ask_for_frame(self) -> None:
        """Ask the engine for the target frame, whatever is under way."""
        if self._source is None:
            return
        self._drop_flight()
        self._drop_layer_tasks()
        self._ticket += 1
        ticket = self._ticket
        flight = self._flight = _Flight(ticket, self._target, time.monotonic())
        flight.engine_id = self._engine.submit(
            "show_frame",
            key="frame",
            on_event=self._posted(lambda event: self._frame_event(ticket, event)),
            on_result=self._posted(lambda state: self._frame_came(ticket, state)),
            on_error=self._posted(lambda error: self._frame_failed(ticket, error)),
            source=self._source,
            index=self._target,
            layers=self._needed_layers(),
            accumulation=self._accumulation,
            methods=self._chosen(),
            wait=self.playback.playing,
            direction=self._direction,
            prefetch=self.settings.prefetch,
            cache_bytes=self.settings.frame_cache_mb << 20,
        )

    def _frame_event(self, ticket: int, event: Progress | Partial) -> None:
        flight = self._flight
        if flight is None or flight.ticket != ticket or not isinstance(event, Progress):
            return
        if flight.task is None and time.monotonic() - flight.started > SLOW_FRAME:
            flight.task = self._book.add(f"Frame {flight.index}")
            if flight.engine_id is not None:
                self._book.started(flight.task, flight.engine_id)
        if flight.task is not None:
            self._book.progress(flight.task, event.done, event.total, event.text)

    def _frame_came(self, ticket: int, state: FrameState) -> None:
        if self._land(ticket, "done") is None:
            return
        self._frame_state = replace(state, stage_motion=self._motion_to(state))
        self._last_shown = time.monotonic()
        self._retried = -1
        self._cloud_changed()
        self._take_reports(self._frame_state)
        self._replace_missing_layers(state)
        for view in list(self._views):
            self._ensure_layers(view)
        self.frame_changed.emit(self._frame_state)
        if self._target != state.frame.index and self._flight is None:
            self._ask_for_frame()

    def _frame_failed(self, ticket: int, error: LidarScopeError) -> None:
        flight = self._land(ticket, "cancelled" if isinstance(error, Cancelled) else "failed")
        if flight is None:
            return
        if isinstance(error, ProcessDied) and self._retried != flight.index:
            self._retried = flight.index  # once: a frame that kills the engine every time must not loop
            self._ask_for_frame()
            return
        if not isinstance(error, Cancelled):
            self.log_line(str(error), "error")
        if self._target != flight.index:
            self._ask_for_frame()

    def _land(self, ticket: int, state: str) -> _Flight | None:
        """The flight of that ticket, which has ended; None if it is of no interest any more."""
        flight = self._flight
        if flight is None or flight.ticket != ticket:
            return None
        self._flight = None
        if flight.task is not None:
            self._book.finish(flight.task, state)
        return flight

    def _drop_flight(self) -> None:
        if self._flight is not None and self._flight.task is not None:
            self._book.finish(self._flight.task, "cancelled")
        self._flight = None

    def _cloud_changed(self) -> None:
        self._forget_colors()
        self._forget_points()

    def _motion_to(self, state: FrameState) -> np.ndarray | None:
        """(4, 4) current_sensor_from_previous_sensor, or None without two poses."""
        before = self._frame_state
        if before is None or before.frame.world_from_sensor is None or state.frame.world_from_sensor is None:
            return None
        return transforms.relative(state.frame.world_from_sensor, before.frame.world_from_sensor)

    def _replace_missing_layers(self, state: FrameState) -> None:
        """On the first frame of a drive: a view whose layer it lacks shows the height instead, and says so."""
        if not self._first_of_drive:
            return
        self._first_of_drive = False
        for view in list(self._views.values()):
            if view.layer in state.missing_layers:
                self.log_line(f"{state.missing_layers[view.layer]} The {view.name} view shows the height.")
                self.set_layer(FALLBACK_LAYER, view.name)

    def _in_flight(self) -> bool:
        return self._flight is not None

    def _methods_differ(self) -> None:
        if self._flight is not None:
            self._ask_for_frame()  # what is under way would come with what the old options say
        super()._methods_differ()
