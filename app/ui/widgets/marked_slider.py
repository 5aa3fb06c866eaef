"""A slider over the values on offer that marks the usual one, and shows what is not on offer as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen

from app.ui import theme
from app.ui.widgets.common import SliderRow

HANDLE = 12
"""Width of the handle in pixels, as the style sheet has it."""


class MarkedSlider(SliderRow):
    """``changed(value)`` while the user drags; a tick below the groove stands at the usual value."""

    NAME_WIDTH = 72
    VALUE_WIDTH = 52

    def __init__(
        self,
        name: str,
        changed: Callable[[float], None],
        write: Callable[[float], str],
        tip: str = "",
        offered: Sequence[float] = (0.0, 1.0),
    ) -> None:
        self._offered = tuple(offered)
        self._amount = write
        self._usual: float | None = None
        super().__init__(
            name,
            0,
            len(self._offered) - 1,
            lambda position: changed(self._offered[position]),
            lambda position: write(self._offered[position]),
            tip,
        )
        self.title.setObjectName("Soft")

    def offer(self, offered: Sequence[float]) -> None:
        """Other values to choose from."""
        if tuple(offered) != self._offered:
            self._offered = tuple(offered)
            self.slider.blockSignals(True)
            self.slider.setRange(0, len(self._offered) - 1)
            self.slider.blockSignals(False)

    def show_value(self, value: float, usual: float | None) -> None:
        """Show a value, exactly, and mark the usual one (None: there is none)."""
        self.set_position(self.place_of(value))
        self.value.setText(self._amount(value))
        self.value.setFont(theme.font(bold=usual is not None and value != usual))
        self._usual = usual
        self.update()

    def place_of(self, value: float) -> int:
        """The position of the value on offer that is nearest."""
        return min(range(len(self._offered)), key=lambda place: abs(self._offered[place] - value))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The tick; the parts draw themselves."""
        if self._usual is None:
            return
        share = self.place_of(self._usual) / max(len(self._offered) - 1, 1)
        box = self.slider.geometry()
        x = box.left() + HANDLE / 2 + share * (box.width() - HANDLE)
        painter = QPainter(self)
        painter.setPen(QPen(theme.current().color("soft"), 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(x, box.center().y() + 8), QPointF(x, box.center().y() + 11))
        painter.end()
