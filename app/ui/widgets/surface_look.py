"""How the surface is drawn: its colour with what the colours mean, opacity, edges, the points with it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from app.core.layers.base import LayerData
from app.core.layers.coloring import resolve_range
from app.core.surface.names import OF_NETWORK
from app.core.surface.result import STYLE
from app.ui import theme
from app.ui.surfacing import COLORS, Surfacing
from app.ui.widgets.color_bar import ColorBar
from app.ui.widgets.named_row import NamedRow, combo, title
from app.ui.widgets.parameter_row import ParameterRow, Reach

NO_NETWORK = "Needs a network: choose a checkpoint above"


class SurfaceLook(QWidget):
    """Nothing here makes the surface anew; another colour paints the one that is there."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        self._ranged: LayerData | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(title("Look"))
        self.colors = combo(COLORS)
        self.colors.activated.connect(lambda _place: surfacing.set(color=self.colors.currentData()))
        column.addWidget(NamedRow("Colour", self.colors, "What the surface is coloured by (Shift+C: the next)"))
        self.bar = ColorBar()
        self.bar.setFixedHeight(self.bar.sizeHint().height())
        column.addWidget(self.bar)
        self.opacity = ParameterRow(
            "Opacity", Reach(0.0, 1.0), lambda value: surfacing.look(opacity=value),
            lambda: surfacing.look(opacity=1.0), "How much of what is behind the surface shows through it",
        )  # fmt: skip
        column.addWidget(self.opacity)
        row = QHBoxLayout()
        row.setSpacing(12)
        self.visible = self._check(row, "Surface", "Draw the surface (Shift+U)", "visible")
        self.edges = self._check(row, "Edges", "Draw the edges of its triangles alone (Shift+K)", "wireframe")
        self.points = self._check(row, "Points", "Draw the scan's own points with it (Shift+P)", "points")
        row.addStretch(1)
        column.addLayout(row)

    def _check(self, row: QHBoxLayout, words: str, tip: str, field: str) -> QCheckBox:
        box = QCheckBox(words)
        box.setToolTip(tip)
        box.setFont(theme.font(12))
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box.clicked.connect(lambda on: self._surfacing.look(**{field: on}))
        row.addWidget(box)
        return box

    def refresh(self) -> None:
        """Show the session's look."""
        state = self._surfacing.surface.state
        network = not state.options.baseline
        for place, (name, words, tip) in enumerate(COLORS):
            possible = network or name not in OF_NETWORK
            self.colors.setItemData(place, tip if possible else NO_NETWORK, Qt.ItemDataRole.ToolTipRole)
            flags = int(Qt.ItemFlag.ItemIsEnabled.value | Qt.ItemFlag.ItemIsSelectable.value) if possible else 0
            self.colors.setItemData(place, flags, Qt.ItemDataRole.UserRole - 1)
            if name == state.options.color and place != self.colors.currentIndex():
                self.colors.setCurrentIndex(place)
            self.colors.setItemText(place, words)
        self.opacity.show_value(state.opacity, 1.0)
        self.visible.setChecked(state.visible)
        self.edges.setChecked(state.wireframe)
        self.points.setChecked(state.points)
        self._show_range()

    def _show_range(self) -> None:
        """What the colours of the surface that is shown stand for."""
        made = self._surfacing.surface.surface
        data = made.layer if made is not None else None
        if data is self._ranged:
            return
        self._ranged = data
        ends = resolve_range(data, STYLE) if data is not None else None
        if data is not None and ends is not None:
            self.bar.show_range(data.colormap, *ends, data.unit)
        self.bar.setVisible(ends is not None)
