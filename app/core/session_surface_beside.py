"""What is shown beside the live surface: a slice of the field, queries, scans of later frames, measures.

Only the main thread calls it. Each has a task of its own, of which the newest request wins.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from app.core.errors import Cancelled, LidarScopeError, UsageError
from app.core.session_newest import Newest
from app.core.session_surface_options import SurfaceChoices
from app.core.surface.names import AT_ONCE
from app.core.surface.view import LaterScans, MeasuredSurface, SightQueries, SlicePicture

if TYPE_CHECKING:
    from app.core.session_surface import Wanted
    from app.core.surface.result import SurfaceOptions

NO_FIELD = "Poisson reconstruction and voxels have no field to cut; choose a checkpoint or lines of sight."
NO_POSES = "This drive has no poses, so later scans cannot be placed beside this one."

NOT_WHOLE = "Later scans are held against the finest level, which has not been made; make the surface again."


class BesideSurface(SurfaceChoices):
    """Slice, queries, later scans and measures."""

    slice_changed = Signal(object)
    """The new :class:`~app.core.surface.view.SlicePicture`, or None."""
    queries_changed = Signal(object)
    """The new :class:`~app.core.surface.view.SightQueries`, or None."""
    later_changed = Signal(object)
    """The new :class:`~app.core.surface.view.LaterScans`, or None."""
    measures_changed = Signal(object)
    """The rows of the table of measures, a tuple of :class:`~app.core.surface.view.MeasuredSurface`."""

    _made: Wanted | None
    _whole: bool

    def __init__(self) -> None:
        SurfaceChoices.__init__(self)
        self._slicing = Newest(self._host, "slice_surface")
        self._asking = Newest(self._host, "show_sight_queries")
        self._comparing = Newest(self._host, "later_scans")
        self._slice: SlicePicture | None = None
        self._queries: SightQueries | None = None
        self._later: LaterScans | None = None
        self._measures: tuple[MeasuredSurface, ...] = ()
        self._measured: Wanted | None = None
        self._measure_task: int | None = None

    @property
    def slice(self) -> SlicePicture | None:
        """The field on the plane that is chosen."""
        return self._slice

    @property
    def queries(self) -> SightQueries | None:
        """Queries of the frame in view."""
        return self._queries

    @property
    def later(self) -> LaterScans | None:
        """Points that later frames saw, against the surface."""
        return self._later

    @property
    def measures(self) -> tuple[MeasuredSurface, ...]:
        """What has been measured of the surface that is chosen."""
        return self._measures

    def measure(self) -> None:
        """Measure what is chosen, Poisson and lines of sight, at the same step in the same box, against the exact
        surface of the drive or else against the scans around. ``UsageError`` without a surface to measure."""
        wanted = self._wanted(coarse=False)
        if wanted is None:
            raise UsageError("There is no surface to measure; switch it on, with something to make it by.")
        self._measured = wanted.shape
        self._take_measures(())
        self._set_state(measuring=True, measures_problem="")

        def row(measured: MeasuredSurface) -> None:
            if self._measured == wanted.shape:
                self._take_measures((*self._measures, measured))

        def ended(problem: object) -> None:
            if self._measured == wanted.shape:
                failed = isinstance(problem, LidarScopeError) and not isinstance(problem, Cancelled)
                self._set_state(measuring=False, measures_problem=str(problem) if failed else "")

        self._measure_task = self._host.run_task(
            "measure_surfaces", "Measure surfaces", ended, on_partial=row, on_error=ended, key="measure surfaces",
            source=wanted.source, index=wanted.index, options=wanted.options,
        )  # fmt: skip

    # under the hood

    @abstractmethod
    def _wanted(self, *, coarse: bool, off: bool = False) -> Wanted | None: ...

    def _sync_beside(self, wanted: Wanted | None) -> None:
        """Have made what is shown beside the surface ``wanted``; None: there is none, or frames play."""
        self._sync_slice(wanted)
        self._sync_queries()
        self._sync_later(wanted)
        if self._measured is not None and (wanted is None or wanted.shape != self._measured):
            self._drop_measures()

    def _sync_slice(self, wanted: Wanted | None) -> None:
        cut = self._state.slice
        if wanted is None or cut is None or wanted.options.baseline in AT_ONCE:
            self._slicing.forget()
            problem = NO_FIELD if wanted is not None and cut is not None else ""
            self._take_slice(None, problem)
            return
        stale = self._slice is not None and self._slice.frame != wanted.index
        waits = self._made != wanted.shape  # latents come with its first level
        if stale or (waits and not self._state.working):
            self._slicing.forget()
            self._take_slice(None)
        if waits:
            return
        key = replace(wanted, options=_field_of(wanted.options)), cut
        if self._slicing.wanted != key:
            self._slicing.ask(
                key, self._take_slice, lambda error: self._take_slice(None, str(error)),
                partial=self._take_slice, source=wanted.source, index=wanted.index, options=wanted.options, cut=cut,
            )  # fmt: skip

    def _take_slice(self, picture: SlicePicture | None, problem: str = "") -> None:
        self._set_state(slice_problem=problem)
        if picture is not self._slice:
            self._slice = picture
            self.slice_changed.emit(picture)

    def _sync_queries(self) -> None:
        host, view = self._host, self._state.queries
        state, source = host.frame_state, host._source
        if view is None or state is None or source is None:
            self._asking.forget()
            self._take_queries(None)
            return
        if self._queries is not None and self._queries.frame != state.frame.index:
            self._take_queries(None)
            if not self._asking.working:
                self._asking.forget()
        judged = not host.playback.playing
        key = source, state.frame.index, view, judged
        if self._asking.wanted != key and not (host.playback.playing and self._asking.working):
            self._asking.ask(
                key, self._queries_came, self._no_queries, partial=self._take_queries,
                source=source, index=state.frame.index, view=view, judged=judged,
            )  # fmt: skip

    def _queries_came(self, queries: SightQueries) -> None:
        state = self._host.frame_state
        self._take_queries(queries if state is not None and state.frame.index == queries.frame else None)
        self._sync_queries()

    def _no_queries(self, error: LidarScopeError) -> None:
        self._take_queries(None, str(error))

    def _take_queries(self, queries: SightQueries | None, problem: str = "") -> None:
        self._set_state(queries_problem=problem)
        if queries is not self._queries:
            self._queries = queries
            self.queries_changed.emit(queries)

    def _sync_later(self, wanted: Wanted | None) -> None:
        frames, state = self._state.later, self._host.frame_state
        if wanted is None or not frames or state is None or state.frame.world_from_sensor is None:
            self._comparing.forget()
            self._take_later(None, NO_POSES if wanted is not None and frames else "")
            return
        key = wanted.shape, frames
        if self._comparing.wanted is not None and self._comparing.wanted != key:
            self._comparing.forget()
            self._take_later(None)
        if self._made == wanted.shape and not self._whole and not self._state.working:
            self._take_later(None, NOT_WHOLE)
        elif self._made == wanted.shape and self._whole and self._comparing.wanted != key:
            self._comparing.ask(
                key, self._take_later, lambda error: self._take_later(None, str(error)),
                source=wanted.source, index=wanted.index, options=wanted.options, frames=frames,
            )  # fmt: skip

    def _take_later(self, later: LaterScans | None, problem: str = "") -> None:
        self._set_state(later_problem=problem)
        if later is not self._later:
            self._later = later
            self.later_changed.emit(later)

    def _drop_measures(self) -> None:
        """What was measured is not what is chosen any more."""
        self._measured = None
        task, self._measure_task = self._measure_task, None
        if task is not None and self._state.measuring:
            self._host.cancel_task(task)
        self._set_state(measuring=False, measures_problem="")
        self._take_measures(())

    def _take_measures(self, rows: tuple[MeasuredSurface, ...]) -> None:
        if rows != self._measures:
            self._measures = rows
            self.measures_changed.emit(rows)


def _field_of(options: SurfaceOptions) -> SurfaceOptions:
    """The options without what leaves the field as it is: threshold, colour, and the step of a network's."""
    same: dict[str, Any] = {"threshold": 0.5, "color": "height"}
    if not options.baseline:
        same["step"] = 0.1
    return replace(options, **same)
