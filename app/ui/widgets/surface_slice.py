"""The plane that the field is cut by, and what its colours mean."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.layers.colormaps import DIVERGING
from app.ui import surface_words
from app.ui.surfacing import MIDDLE, PLANES, Surfacing
from app.ui.widgets.color_bar import ColorBar
from app.ui.widgets.common import hint
from app.ui.widgets.named_row import title, wide
from app.ui.widgets.parameter_row import ParameterRow, Reach
from app.ui.widgets.segments import Segments

REACHES = {"horizontal": Reach(-4.0, 6.0), "along": Reach(-40.0, 40.0), "across": Reach(-60.0, 60.0)}
AXES = {"horizontal": "Height", "along": "Left", "across": "Forward"}
NEEDS_SURFACE = "The slice comes with the surface: switch it on."


class SurfaceSlice(QWidget):
    """Every change is one that can be undone, a drag is one change."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(title("Slice of the field", 4))
        self.planes = wide(Segments("Slice", PLANES, surfacing.cut))
        column.addWidget(self.planes)
        self.rows: dict[str, ParameterRow] = {}
        for plane, reach in REACHES.items():
            there = partial(surfacing.cut, plane)
            row = ParameterRow(AXES[plane], reach, there, there, "Where the plane lies, in the sensor's frame", "m")
            self.rows[plane] = row
            column.addWidget(row)
        self.bar = ColorBar()
        self.bar.setFixedHeight(self.bar.sizeHint().height())
        self.bar.setToolTip("The probability that something is there; where nothing is known the plane is left out")
        column.addWidget(self.bar)
        self.told = hint("")
        column.addWidget(self.told)

    def refresh(self) -> None:
        """Show the session's slice."""
        surface = self._surfacing.surface
        state, picture = surface.state, surface.slice
        now = state.slice
        self.planes.show_value(now.plane if now is not None else "")
        for plane, row in self.rows.items():
            row.setVisible(now is not None and now.plane == plane)
            if now is not None and now.plane == plane:
                row.show_value(now.position, MIDDLE[plane])
        self.bar.setVisible(picture is not None)
        if picture is not None:
            self.bar.show_range(DIVERGING, 0.0, 1.0, "")
        told = state.slice_problem or surface_words.cut(picture)
        if now is not None and not state.on:
            told = NEEDS_SURFACE
        self.told.setText(told)
        self.told.setVisible(bool(told))
