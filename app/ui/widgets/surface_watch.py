"""Following a pretraining: which run, and the step of the weights that made the surface in view."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.core.tasks.follow_runs import SeenRun
from app.ui import icons, text
from app.ui.surfacing import Surfacing
from app.ui.widgets.common import hint
from app.ui.widgets.named_row import button, combo, title

NONE = (
    "No pretraining yet. Start one with the recipe “also” (Train ▸ New run…, Ctrl+Shift+R); then the surface can "
    "be watched here as it learns."
)


class SurfaceWatch(QWidget):
    """Lists the runs whose heads tell surfaces, and watches one of them."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        self._listed: tuple[tuple[Path, str], ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(title("Watch a pretraining"))
        row = QHBoxLayout()
        row.setSpacing(6)
        self.runs = combo()
        self.runs.setAccessibleName("Pretraining to watch")
        self.runs.activated.connect(self._chosen)
        self.watch = button("Watch", "Make the surface anew whenever the run writes other weights")
        icons.bind(self.watch, "eye")
        self.watch.setCheckable(True)
        self.watch.clicked.connect(self._toggle)
        row.addWidget(self.runs, 1)
        row.addWidget(self.watch)
        column.addLayout(row)
        self.told = hint("")
        column.addWidget(self.told)

    def refresh(self) -> None:
        """Show the runs there are and which is watched."""
        surface = self._surfacing.surface
        runs, state = surface.runs(), surface.state
        entries = tuple((run.path, _words(run)) for run in runs)
        if entries != self._listed:
            kept = self.runs.currentData()
            self._listed = entries
            self.runs.clear()
            for path, words in entries:
                self.runs.addItem(words, path)
            places = [path for path, _words in entries]
            if kept in places:
                self.runs.setCurrentIndex(places.index(kept))
        if state.watch is not None:
            at = next((place for place, (path, _w) in enumerate(entries) if path == state.watch), -1)
            if at >= 0 and at != self.runs.currentIndex():
                self.runs.setCurrentIndex(at)
        for part in (self.runs, self.watch):
            part.setVisible(bool(entries) or state.watch is not None)
        self.watch.setChecked(state.watch is not None)
        told = _told(state.watch, state.watched_step) if state.watch is not None else "" if entries else NONE
        self.told.setText(told)
        self.told.setVisible(bool(told))

    def _toggle(self, on: bool) -> None:
        surface, run = self._surfacing.surface, self.runs.currentData()
        if on and not surface.state.on:
            self._surfacing.attempt(surface.turn_on)  # chooses what makes it once the watching ends
        self._surfacing.attempt(lambda: surface.watch(run if on else None))

    def _chosen(self, _place: int) -> None:
        """Another run is watched where one is watched already."""
        if self._surfacing.surface.state.watch is not None:
            self._toggle(True)


def _words(run: SeenRun) -> str:
    going = "" if run.live else f", {run.status.state}"
    return f"{run.name}{going}"


def _told(run: Path, step: int | None) -> str:
    if step is None:
        return f"Waiting for weights of {run.name} …"
    return f"The surface in view is by step {text.count(step)} of {run.name}."
