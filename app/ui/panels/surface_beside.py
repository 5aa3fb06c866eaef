"""Panel: what the surface is held against: a slice of its field, queries, later scans, other surfaces."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui import surface_words
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.surfacing import Surfacing
from app.ui.widgets.common import hint
from app.ui.widgets.measure_table import MeasureTable
from app.ui.widgets.named_row import button, title
from app.ui.widgets.surface_later import SurfaceLater
from app.ui.widgets.surface_queries import SurfaceQueries
from app.ui.widgets.surface_slice import SurfaceSlice

NO_FRAME = "Open a drive; then slices, queries and later scans are shown here."
UNMEASURED = "Distances of this surface, of Poisson's and of lines of sight to what is there, side by side."
NEEDS_SURFACE = "Switch the surface on to measure it."


class SurfaceBesidePanel(Panel):
    """Four parts, each of which can be off."""

    least_width = 268

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        surface = desk.surfacing.surface
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self.empty = hint(NO_FRAME)
        self.column.addWidget(self.empty)
        self.cut = SurfaceSlice(desk.surfacing)
        self.queries = SurfaceQueries(desk.surfacing)
        self.later = SurfaceLater(desk.surfacing)
        self.measures = SurfaceMeasures(desk.surfacing)
        self.parts = (self.cut, self.queries, self.later, self.measures)
        for part in self.parts:
            self.column.addWidget(part)
        self.column.addStretch(1)
        for signal in (
            surface.state_changed, surface.slice_changed, surface.queries_changed, surface.later_changed,
            surface.measures_changed, desk.surfacing.rays_changed, self.session.frame_changed,
            self.session.drive_changed,
        ):  # fmt: skip
            self.listen(signal, lambda _news: self._refresh_soon())
        self._refresh()

    def close_panel(self) -> None:
        """The timer goes with the panel."""
        self._due.stop()
        super().close_panel()

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        there = self.session.frame_state is not None
        self.empty.setVisible(not there)
        for part in self.parts:
            part.setVisible(there)
            part.refresh()


class SurfaceMeasures(QWidget):
    """The table of measures, and the button that fills it."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 0)
        row.addWidget(title("Measures", 0), 1)
        self.measure = button("Measure", "Hold ours, Poisson and lines of sight against what is there")
        self.measure.clicked.connect(lambda *_: surfacing.attempt(surfacing.surface.measure))
        row.addWidget(self.measure)
        column.addLayout(row)
        self.table = MeasureTable("Measures")
        self.told = hint(UNMEASURED)
        column.addWidget(self.table)
        column.addWidget(self.told)

    def refresh(self) -> None:
        """Show what has been measured."""
        surface = self._surfacing.surface
        state, found = surface.state, surface.measures
        self.measure.setEnabled(state.on and not state.measuring)
        self.measure.setText("Measures …" if state.measuring else "Measure")
        self.table.show_table(surface_words.measure_columns(found), surface_words.measure_rows(found))
        self.table.setVisible(bool(found))
        said = state.measures_problem or surface_words.measure_line(found)
        self.told.setText(said or (UNMEASURED if state.on else NEEDS_SURFACE))


ENTRY = PanelInfo("Held against", "left", 22, SurfaceBesidePanel, share=520)
