"""Rows of a name and a value that line up, for facts that are read and not chosen."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import theme

ROW = 22
GAP = 10
SMALLEST_NAME = 60
DIMMED = 0.45
"""How strongly values are drawn that are about to be replaced."""


@dataclass(frozen=True)
class ValueRow:
    """``tip``: all of it, for the tooltip; ``strong``: what one looks for."""

    name: str
    value: str
    tip: str = ""
    strong: bool = False


class ValueRows(QWidget):
    """Names on the left, values on the right; what does not fit is shortened, the tooltip has all of it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.rows: tuple[ValueRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(1)

    def show_rows(self, rows: tuple[ValueRow, ...]) -> None:
        """Show these rows in place of the others."""
        if rows != self.rows:
            if len(rows) != len(self.rows):
                self.setFixedHeight(max(len(rows) * ROW, 1))
            self.rows = rows
            self.setAccessibleName(f"{self._name}: " + "; ".join(f"{row.name} {row.value}" for row in rows))
            self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(200, len(self.rows) * ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every row on its line."""
        now = theme.current()
        painter = QPainter(self)
        painter.setOpacity(1.0 if self.isEnabled() else DIMMED)
        for i, row in enumerate(self.rows):
            font = theme.font(bold=row.strong)
            metrics = QFontMetrics(font)
            painter.setFont(theme.font())
            painter.setPen(now.color("soft"))
            area = QRectF(0, i * ROW, self.width(), ROW)
            named = min(QFontMetrics(theme.font()).horizontalAdvance(row.name) + 1, self.width() * 0.6)
            painter.drawText(QRectF(0, area.top(), named, ROW), Qt.AlignmentFlag.AlignVCenter, row.name)
            room = max(self.width() - max(named, SMALLEST_NAME) - GAP, 20)
            painter.setFont(font)
            painter.setPen(now.color("text"))
            shown = metrics.elidedText(row.value, Qt.TextElideMode.ElideMiddle, int(room))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, shown)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """The tooltip of the row under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = event.pos().y() // ROW
            if 0 <= place < len(self.rows):
                row = self.rows[place]
                QToolTip.showText(event.globalPos(), row.tip or f"{row.name}: {row.value}", self)
            return True
        return super().event(event)
