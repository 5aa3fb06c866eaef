"""A number that can be dragged or typed, with its default marked on the slider and one click away."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QStyle, QWidget

from app.ui import text, theme
from app.ui.widgets.common import tool_button

STEPS = 400
HANDLE = 12
"""Width of the slider's handle, as the style sheet has it: its middle runs between its halves."""

NAME_WIDTH, FIELD_WIDTH, HEIGHT, RESET = 78, 60, 25, 20


@dataclass(frozen=True)
class Reach:
    """What a number may be: ends, decimals, and whether the slider's steps are equal factors instead of equal
    differences. ``low`` must be above 0 for that."""

    low: float
    high: float
    digits: int = 2
    even_factors: bool = False

    def position(self, value: float) -> int:
        """Where the slider stands for a value."""
        value = min(max(value, self.low), self.high)
        if self.even_factors:
            return round(STEPS * math.log(value / self.low) / math.log(self.high / self.low))
        return round(STEPS * (value - self.low) / (self.high - self.low))

    def value(self, position: int) -> float:
        """The value of a position of the slider, as it would be written."""
        share = position / STEPS
        if self.even_factors:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + share * (self.high - self.low)
        return round(value, self.digits)


@dataclass(frozen=True)
class Ladder:
    """A number of which the slider offers some ``values`` alone, in the order of its way; any between them can be
    typed. They divide the slider's way evenly, and it stands at the nearest."""

    values: tuple[float, ...]
    digits: int = 2

    @property
    def low(self) -> float:
        """The least that can be typed."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The greatest that can be typed."""
        return max(self.values)

    def position(self, value: float) -> int:
        """Where the slider stands for a value."""
        place = min(range(len(self.values)), key=lambda i: abs(math.log(self.values[i] / value)))
        return round(STEPS * place / (len(self.values) - 1))

    def value(self, position: int) -> float:
        """The value on offer that is nearest to a position of the slider."""
        return self.values[round(position / STEPS * (len(self.values) - 1))]


class ParameterRow(QWidget):
    """``changed(value)`` is called while the user drags and once they have typed; setting from code calls nobody.

    ``reset()`` is called for the button on the right, which shows while the number is not its default.
    """

    def __init__(
        self,
        name: str,
        reach: Reach | Ladder,
        changed: Callable[[float], object],
        reset: Callable[[], object],
        tip: str,
        unit: str = "",
    ) -> None:
        super().__init__()
        self.name, self._reach, self._changed = name, reach, changed
        self._tip = tip
        self._default: float | None = None
        self.title = QLabel(name)
        self.title.setObjectName("Soft")
        self.title.setFixedWidth(NAME_WIDTH)
        self.slider = _Marked()
        self.slider.setRange(0, STEPS)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.setAccessibleName(name)
        self.field = QDoubleSpinBox()
        self.field.setRange(reach.low, reach.high)
        self.field.setDecimals(reach.digits)
        self.field.setKeyboardTracking(False)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setFixedWidth(FIELD_WIDTH)
        self.field.setSuffix(f" {unit}" if unit else "")
        self.field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.field.setAccessibleName(name)
        self.field.setFont(theme.font(12))
        self.field.setStyleSheet("padding: 1px 3px")
        self.button = tool_button("undo", "", reset)
        self.button.setFixedSize(RESET, RESET)
        self.button.setStyleSheet("padding: 0")
        policy = self.button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.button.setSizePolicy(policy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.title)
        row.addWidget(self.slider, 1)
        row.addWidget(self.field)
        row.addWidget(self.button)
        self.setFixedHeight(HEIGHT)
        self.slider.valueChanged.connect(self._dragged)
        self.field.valueChanged.connect(self._typed)

    def show_value(self, value: float, default: float) -> None:
        """Show a number that came from elsewhere, and what it would be by itself."""
        self._default = default
        self._show(value)

    def _show(self, value: float) -> None:
        default = self._default
        for part in (self.slider, self.field):
            part.blockSignals(True)
        if not self.slider.isSliderDown():
            self.slider.setValue(self._reach.position(value))
        self.field.setValue(value)
        for part in (self.slider, self.field):
            part.blockSignals(False)
        if default is None:
            return
        self.slider.show_mark(self._reach.position(default) / STEPS)
        apart = abs(value - default) > 0.5 * 10**-self._reach.digits
        self.button.setVisible(apart)
        written = text.number(default, self._reach.digits)
        self.button.setToolTip(f"Back to {written}")
        self.setToolTip(f"{self._tip}\nDefault: {written}")

    def _dragged(self, position: int) -> None:
        value = self._reach.value(position)
        self._show(value)
        self._changed(value)

    def _typed(self, value: float) -> None:
        self._show(value)
        self._changed(value)


class _Marked(QSlider):
    """A slider with a short line below its groove."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(48)
        self.setFixedHeight(22)
        self._mark: float | None = None

    def show_mark(self, share: float) -> None:
        """Mark this share of the way."""
        if share != self._mark:
            self._mark = share
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The mark, and the slider over it."""
        if self._mark is not None:
            painter = QPainter(self)
            span = self.width() - HANDLE
            x = QStyle.sliderPositionFromValue(0, STEPS, round(self._mark * STEPS), span) + HANDLE / 2
            painter.fillRect(QRectF(x - 0.75, self.height() / 2 + 5, 1.5, 5), theme.current().color("soft"))
            painter.end()
        super().paintEvent(event)
