"""Scans of later frames against the surface: does it predict what is seen only later?"""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.surface.view import MOST_LATER
from app.ui import surface_words
from app.ui.surfacing import Surfacing
from app.ui.widgets.common import hint
from app.ui.widgets.count_rows import CountRows
from app.ui.widgets.named_row import title
from app.ui.widgets.parameter_row import ParameterRow, Reach
from app.ui.widgets.value_rows import ValueRow, ValueRows

OFF = "Hold the surface against what the next frames see of the same place."
WAITS = "The later scans are compared when the surface is whole."
NEEDS_SURFACE = "Later scans are compared with a surface: switch it on."


class SurfaceLater(QWidget):
    """How many frames, and what they say of the surface."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(title("Scans of later frames"))
        self.frames = ParameterRow(
            "Frames", Reach(0, MOST_LATER, 0),
            lambda value: surfacing.attempt(lambda: surfacing.surface.set_later(round(value))),
            lambda: surfacing.attempt(lambda: surfacing.surface.set_later(0)),
            "Frames after this one whose points are compared with the surface (Shift+H); 0: none",
        )  # fmt: skip
        self.counts = CountRows("Later points")
        self.shares = ValueRows("Later points within 10 and 20 cm")
        self.told = hint(OFF)
        for part in (self.frames, self.counts, self.shares, self.told):
            column.addWidget(part)

    def refresh(self) -> None:
        """Show the session's comparison."""
        surface = self._surfacing.surface
        state, scans = surface.state, surface.later
        self.frames.show_value(state.later, 0)
        self.counts.setVisible(scans is not None)
        self.shares.setVisible(scans is not None)
        if scans is not None:
            self.counts.show_rows(surface_words.later_rows(scans))
            self.shares.show_rows(
                (
                    ValueRow("Unseen, 10 · 20 cm", surface_words.within(scans.hidden), HIDDEN, strong=True),
                    ValueRow("… in its radius", surface_words.within(scans.reachable), REACHABLE),
                )
            )
        self.told.setText(self._said())

    def _said(self) -> str:
        surface = self._surfacing.surface
        state, scans = surface.state, surface.later
        if state.later_problem:
            return state.later_problem
        if scans is not None:
            return surface_words.about(scans)
        if not state.later:
            return OFF
        return WAITS if state.on else NEEDS_SURFACE


HIDDEN = (
    "Shares within 10 and 20 cm of the surface, of later points farther than 25 cm from every point of this scan"
)
REACHABLE = "The same of those within 1 m of a point of this scan: farther away there can be no surface"
