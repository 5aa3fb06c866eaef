"""Where the surface is made: everywhere near points, or in a box that is dragged in a view or typed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.core.surface.result import BoxCorners
from app.ui import icons, theme
from app.ui.surfacing import TOOL, Surfacing
from app.ui.widgets.common import hint
from app.ui.widgets.named_row import button, title
from app.ui.widgets.parameter_row import RESET

FARTHEST = 500.0
AXES = (("Forward", "x"), ("Left", "y"), ("Up", "z"))
DRAW = "Drag a rectangle round what you want to see finely, best from above (Ctrl+2). Esc cancels."


class SurfaceWhere(QWidget):
    """Six numbers, and the buttons that set them all at once."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(title("Where"))
        row = QHBoxLayout()
        row.setSpacing(6)
        self.drag = button("Drag a box", "Draw a rectangle in a view: the surface is made there alone (Shift+R)")
        icons.bind(self.drag, "box_select")
        self.drag.setCheckable(True)
        self.drag.clicked.connect(lambda _on: surfacing.toggle_tool())
        self.whole = button("Everywhere", "Take the box away")
        self.whole.clicked.connect(lambda *_: surfacing.set_box(None))
        row.addWidget(self.drag, 1)
        row.addWidget(self.whole, 1)
        column.addLayout(row)
        self.told = hint(DRAW)
        column.addWidget(self.told)
        self.numbers = QWidget()
        self.fields = self._build_fields()
        column.addWidget(self.numbers)

    def _build_fields(self) -> tuple[QDoubleSpinBox, ...]:
        grid = QGridLayout(self.numbers)
        grid.setContentsMargins(0, 2, RESET + 6, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        fields: dict[tuple[int, int], QDoubleSpinBox] = {}
        for axis, (words, letter) in enumerate(AXES):
            label = QLabel(words)
            label.setObjectName("Soft")
            label.setToolTip(f"{letter} in the sensor's frame, metres")
            grid.addWidget(label, axis, 0)
            for end, name in enumerate(("from", "to")):
                field = _field(f"{words} {name}")
                field.valueChanged.connect(lambda _value: self._typed())
                fields[end, axis] = field
                grid.addWidget(field, axis, 1 + 2 * end)
            between = QLabel("to")
            between.setObjectName("Faint")
            grid.addWidget(between, axis, 2)
        for place in (1, 3):
            grid.setColumnStretch(place, 1)
        return tuple(fields[end, axis] for end in range(2) for axis in range(3))

    def refresh(self, tool: str) -> None:
        """Show the session's box, and whether the next drag draws one."""
        box = self._surfacing.surface.state.box
        self.drag.setChecked(tool == TOOL)
        self.told.setVisible(tool == TOOL)
        self.whole.setEnabled(box is not None)
        self.numbers.setVisible(box is not None)
        if box is None:
            return
        for field, value in zip(self.fields, box, strict=True):
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)

    def _typed(self) -> None:
        a, b, c, d, e, f = (field.value() for field in self.fields)
        box: BoxCorners = (a, b, c, d, e, f)
        if box != self._surfacing.surface.state.box:
            self._surfacing.set_box(box)


def _field(name: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(-FARTHEST, FARTHEST)
    field.setDecimals(2)
    field.setSingleStep(0.5)
    field.setSuffix(" m")
    field.setKeyboardTracking(False)
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    field.setFont(theme.font(12))
    field.setStyleSheet("padding: 1px 3px")
    field.setMinimumWidth(64)
    field.setAccessibleName(name)
    return field
