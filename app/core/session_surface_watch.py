"""Watching a pretraining: the surface of the frame in view by the newest weights of a run, and what can be chosen.

Only the main thread calls it. Which weights a run has is what :class:`SessionTraining` sees of its folder.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from app.core.errors import UsageError
from app.core.session_surface_options import SurfaceChoices
from app.core.session_training import WATCHED
from app.core.surface.shipped import shipped

if TYPE_CHECKING:
    from app.core.surface.result import SurfaceOptions
    from app.core.tasks.follow_runs import SeenRun

RECIPE = "also"
"""The recipe whose runs have heads that tell surfaces."""

Weights = tuple[int, int]
"""Time in ns and size of a file: others are other weights."""


class WatchedSurface(SurfaceChoices):
    """Checkpoints that can be chosen, and the run whose weights are followed."""

    choices_changed = Signal()
    """Other checkpoints can be chosen, or other runs watched."""

    def __init__(self) -> None:
        self._offered: tuple[tuple[str, Path], ...] = ()
        self._weights: Weights | None = None

    def choices(self) -> tuple[tuple[str, Path], ...]:
        """Title and path of each checkpoint that is known to tell surfaces: those that come along, then the folders
        of pretraining runs that have weights, the newest first."""
        here = tuple((f"{path.stem}: knows demo streets only", path) for path in shipped())
        return here + tuple((f"run {run.name}", run.path) for run in self.runs() if run.status.step)

    def runs(self) -> tuple[SeenRun, ...]:
        """Pretraining runs that are known, the newest first; those that live can be watched."""
        return tuple(run for run in self._host.training.runs if run.recipe == RECIPE)

    def watch(self, run: Path | None) -> None:
        """Make the surface by the newest weights of a run, anew whenever it writes others; None: no longer, by what
        is chosen. ``UsageError`` for a run that pretrains no occupancy."""
        if run is None:
            self._end_watch()
            self._sync()
            return
        seen = self._host.training.run(run)
        if seen is not None and seen.recipe and seen.recipe != RECIPE:
            raise UsageError(
                f"{seen.name} is a run of '{seen.recipe}', which has no surface; watch one of {RECIPE}."
            )
        self._set_state(on=True, watch=run)
        self._weights = None
        self._follow()
        self._sync()
        self._host.training.poll()

    # under the hood

    @abstractmethod
    def _sync(self) -> None: ...

    def _end_watch(self) -> None:
        self._weights = None
        self._set_state(watch=None, watched_step=None)

    def _runs_changed(self, *_news: Any) -> None:
        offered = self.choices()
        if offered != self._offered:
            self._offered = offered
            self.choices_changed.emit()
        if self._state.watch is not None:
            self._follow()
            self._sync()

    def _follow(self) -> None:
        """Take over which weights the watched run has; a run that is no more ends the watch."""
        training, path = self._host.training, self._state.watch
        seen = training.run(path)
        if seen is None:
            if training.looked and self._weights is not None:
                self._end_watch()
            return
        self._weights = seen.watch

    def _watched_options(self, options: SurfaceOptions) -> tuple[SurfaceOptions, Weights | None]:
        """The options with the watched weights in place of what makes it; and which weights these are."""
        if self._state.watch is None:
            return options, None
        return replace(options, checkpoint=self._state.watch / WATCHED, baseline=""), self._weights

    def _watch_problem(self) -> str:
        path = self._state.watch
        name = "The run" if path is None else path.name
        return f"{name} has not written weights for watching yet; the surface comes with the first."
