"""The part of the session that is about visibility: the rule and its numbers, and what one camera sees by it.

Only the main thread calls it. Nothing here waits: the test, superpixels and curves come from the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from psygnal import Signal, SignalInstance

from app.core.errors import LidarScopeError, UsageError
from app.core.geometry.visibility import VisibilityOptions, check
from app.core.geometry.visibility_curves import with_threshold
from app.core.session_newest import Newest
from app.core.visibility_view import VisibilityPicture

if TYPE_CHECKING:
    from app.core.history import History
    from app.core.session_affinity import SessionAffinity
    from app.core.session_selection import Mode
    from app.core.state import FrameState, Playback
    from app.core.tasks.context import Source
    from app.core.tasks.engine import Engine

METHOD = "visibility"
DEFAULT = VisibilityOptions()

SHOWS = ("layer", "visibility", "match")
"""What colours points over a picture: the view's layer, the test, or how that compares with the truth."""

NO_CAMERA = "This frame has no calibrated camera that could see its points."


class Host(Protocol):
    """What this part needs of the session."""

    frame_changed: SignalInstance
    methods_changed: SignalInstance
    playback_changed: SignalInstance
    drive_changed: SignalInstance
    _engine: Engine
    _history: History
    _source: Source | None

    @property
    def frame_state(self) -> FrameState | None: ...

    @property
    def playback(self) -> Playback: ...

    @property
    def methods(self) -> Mapping[str, Hashable]: ...

    def set_method(self, name: str, options: Hashable | None) -> None: ...

    def select(self, rows: np.ndarray, mode: Mode = ...) -> None: ...

    def _posted(self, handler: Any) -> Any: ...


class SessionVisibility:
    """Visibility, as the window sees it. It asks the engine only while somebody looks (:meth:`look`)."""

    options_changed = Signal(object)
    """The new :class:`VisibilityOptions`."""
    picture_changed = Signal(object)
    """The new :class:`VisibilityPicture` of the frame in view, or None."""
    look_changed = Signal()
    """Another camera is looked through, or points and borders are shown differently."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lookers: frozenset[str] = frozenset()
        self._camera = ""
        self._show = SHOWS[0]
        self._borders = False
        self._options = self.options
        self._picture: VisibilityPicture | None = None
        self._problem = ""
        self._asking = Newest(host, "tell_visibility")
        self._labels: SessionAffinity | None = None
        self._labels_had = DEFAULT
        host.frame_changed.connect(self._look_again)
        host.methods_changed.connect(self._methods_differ)
        host.playback_changed.connect(self._look_again)
        host.drive_changed.connect(self._look_again)

    def join(self, labels: SessionAffinity) -> None:
        """Labels are made by this rule, and a rule that is chosen for them is this one."""
        self._labels, self._labels_had = labels, labels.state.options.visibility

    # the rule

    @property
    def options(self) -> VisibilityOptions:
        """The rule and its numbers, as every method that asks what is visible has them."""
        held = self._host.methods.get(METHOD)
        return held if isinstance(held, VisibilityOptions) else DEFAULT

    def set_options(self, **changes: Any) -> None:
        """Change some options; can be undone, and what is dragged in one go is one step.

        ``UsageError`` with one sentence where they make no sense; nothing changes then.
        """
        after = replace(self.options, **changes)
        check(after)
        self._edit("Change visibility", after, merge=(METHOD, *sorted(changes)))

    def set_threshold(self, value: float) -> None:
        """Change the number that is the threshold of the rule in use (T_D in the paper's)."""
        after = with_threshold(self.options, value)
        check(after)
        self._edit("Change the threshold", after, merge=(METHOD, "threshold"))

    def reset_options(self) -> None:
        """The rule and numbers as they come; can be undone."""
        self._edit("Reset visibility", DEFAULT)

    # what is looked at

    @property
    def camera(self) -> str:
        """Name of the camera that is looked through; "" without one."""
        state = self._host.frame_state
        names = () if state is None else tuple(camera.name for camera in state.frame.cameras)
        return self._camera if self._camera in names else (names[0] if names else "")

    def set_camera(self, name: str) -> None:
        """Look through another camera."""
        if name != self._camera:
            self._camera = name
            self.look_changed.emit()
            self._look_again()

    @property
    def show(self) -> str:
        """One of ``SHOWS``."""
        return self._show

    @property
    def borders(self) -> bool:
        """Whether the borders of superpixels lie over the picture."""
        return self._borders

    def set_show(self, show: str) -> None:
        """Colour the points over the pictures by one of ``SHOWS``; ``UsageError`` for anything else."""
        if show not in SHOWS:
            raise UsageError(f"Points over a picture show one of {', '.join(SHOWS)}; not '{show}'.")
        if show != self._show:
            self._show = show
            self._shown_differently()

    def set_borders(self, on: bool) -> None:
        """Draw the borders of superpixels over the pictures, or not."""
        if on != self._borders:
            self._borders = on
            self._shown_differently()

    def look(self, who: str, on: bool) -> None:
        """Somebody (a panel by its name) begins or ceases to look at what a camera sees."""
        lookers = self._lookers | {who} if on else self._lookers - {who}
        if lookers != self._lookers:
            self._lookers = lookers
            self._look_again()

    # what is seen

    @property
    def picture(self) -> VisibilityPicture | None:
        """What the camera sees of the frame in view; None until it is known, or while nobody looks."""
        return self._picture

    @property
    def problem(self) -> str:
        """Why there is nothing to see, one sentence, or ""."""
        state = self._host.frame_state
        if state is not None and not state.frame.cameras:
            return NO_CAMERA
        return self._problem if state is not None else ""

    @property
    def looking(self) -> bool:
        """Whether something is on its way."""
        return self._asking.working

    def place(self, row: int) -> int | None:
        """Where a drawn point stands in the arrays of the picture; None if it is not in it."""
        state, picture = self._host.frame_state, self._picture
        if state is None or picture is None or not 0 <= row < len(state.cloud):
            return None
        cloud = state.cloud
        if cloud.frame_of is None or cloud.row_of is None:
            return picture.place(row)
        return picture.place(int(cloud.row_of[row])) if cloud.frame_of[row] == picture.frame else None

    def drawn(self, rows: np.ndarray) -> np.ndarray:
        """(K,) int64: rows of the drawn cloud that show these rows of the frame in view."""
        state = self._host.frame_state
        if state is None:
            return rows[:0]
        cloud = state.cloud
        if cloud.frame_of is None or cloud.row_of is None:
            return rows
        wanted = np.zeros(len(state.frame), bool)
        wanted[rows] = True
        own = np.flatnonzero(cloud.frame_of == state.frame.index)
        return own[wanted[cloud.row_of[own]]]

    def select_matches(self, kind: int, mode: Mode = "replace") -> None:
        """Select the drawn points whose match is of one kind (LOST, REMOVED, KEPT …); can be undone.

        ``UsageError`` where the truth is not known.
        """
        picture = self._picture
        if picture is None or picture.match is None:
            raise UsageError("What the camera really sees is not known for this frame; demo drives know it.")
        self._host.select(self.drawn(picture.matching(kind)), mode)

    def close(self) -> None:
        """Listen to the session no longer."""
        host = self._host
        for signal, handler in (
            (host.frame_changed, self._look_again),
            (host.methods_changed, self._methods_differ),
            (host.playback_changed, self._look_again),
            (host.drive_changed, self._look_again),
        ):
            signal.disconnect(handler, missing_ok=True)

    # under the hood

    def _edit(self, name: str, after: VisibilityOptions, *, merge: Hashable | None = None) -> None:
        before = self.options
        if after == before:
            return
        self._apply(after)
        back, again = self._applying(before), self._applying(after)
        self._host._history.record(name, back, again, scope=METHOD, merge=merge)

    def _applying(self, options: VisibilityOptions) -> Callable[[], None]:
        return lambda: self._apply(options)

    def _apply(self, options: VisibilityOptions) -> None:
        self._host.set_method(METHOD, None if options == DEFAULT else options)

    def _methods_differ(self) -> None:
        """Whoever has changed the rule: labels follow it, or it follows them, and it is looked at anew."""
        labels = self._labels
        if labels is not None and labels.state.on and labels.state.options.visibility != self._labels_had:
            self._labels_had = labels.state.options.visibility
            if self._labels_had != self.options:
                self._apply(self._labels_had)
                return
        options = self.options
        if options != self._options:
            self._options = options
            if labels is not None and options != self._labels_had:
                self._labels_had = options
                labels.take_visibility(options)
            self.options_changed.emit(options)
            self._look_again()

    def _shown_differently(self) -> None:
        self.look_changed.emit()
        self._look_again()

    def _wanted(self) -> tuple[object, ...]:
        """What should be known now: frame, camera, options, whether superpixels are to be cut; () for nothing."""
        state, source = self._host.frame_state, self._host._source
        if state is None or source is None or not self.camera or not self._lookers:
            return ()
        thorough = self._borders or not self._host.playback.playing
        return source, state.frame.index, self.camera, self.options, thorough

    def _look_again(self, _news: object = None) -> None:
        wanted = self._wanted()
        if wanted == (self._asking.wanted or ()):
            return
        self._asking.forget()
        self._problem = ""
        picture = self._picture
        if not wanted or (picture is not None and (picture.frame, picture.camera) != (wanted[1], wanted[2])):
            self._take(None)
        if wanted:
            self._ask(wanted)

    def _ask(self, wanted: tuple[object, ...]) -> None:
        """Have the engine look."""
        source, index, camera, options, thorough = wanted

        def failed(error: LidarScopeError) -> None:
            self._problem = str(error)
            self._take(None)

        self._asking.ask(
            wanted, self._take, failed, partial=self._take,
            source=source, index=index, camera=camera, options=options, thorough=thorough,
        )  # fmt: skip

    def _take(self, picture: VisibilityPicture | None) -> None:
        """A newer picture of the same look keeps what has not been made anew yet."""
        before = self._picture
        if (
            picture is not None
            and before is not None
            and picture.superpixels is None
            and _same_cut(before, picture)
        ):
            picture = replace(picture, superpixels=before.superpixels, curves=before.curves)
        if picture is not before or self._problem:
            self._picture = picture
            self.picture_changed.emit(picture)


def _same_cut(before: VisibilityPicture, after: VisibilityPicture) -> bool:
    """Whether two pictures have the same superpixels."""
    kind = (before.options.superpixels, before.options.segments)
    same = (before.frame, before.camera) == (after.frame, after.camera)
    return same and kind == (after.options.superpixels, after.options.segments) and not after.no_superpixels
