"""Rows of a swatch, a name, a count and what is told of it, aligned: a legend that counts."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.core.render.scene import Color
from app.ui import text, theme
from app.ui.widgets.rows import draw_swatch

ROW, SWATCH, GAP, APART = 21, 10, 7, 12


@dataclass(frozen=True)
class CountRow:
    """``told`` stands right of the count; ``tip`` is the tooltip."""

    name: str
    count: int
    told: str
    color: Color
    tip: str = ""


class CountRows(QWidget):
    """As high as its rows."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.rows: tuple[CountRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setFixedHeight(1)

    def show_rows(self, rows: tuple[CountRow, ...]) -> None:
        """Show these in place of the others."""
        if rows != self.rows:
            self.rows = rows
            self.setFixedHeight(max(len(rows) * ROW, 1))
            said = "; ".join(f"{row.name} {text.count(row.count)} {row.told}".strip() for row in rows)
            self.setAccessibleName(f"{self._name}: {said}")
            self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(200, len(self.rows) * ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every row on its line."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(theme.font(12))
        told_width = max((metrics.horizontalAdvance(row.told) + APART for row in self.rows if row.told), default=0)
        left, right = SWATCH + GAP, self.width() - told_width
        for place, row in enumerate(self.rows):
            top = place * ROW
            draw_swatch(painter, QRectF(0, top + (ROW - SWATCH) / 2, SWATCH, SWATCH), QColor(*row.color))
            count = text.count(row.count)
            painter.setFont(theme.font(12))
            counted = metrics.horizontalAdvance(count)
            painter.setPen(now.color("text"))
            painter.drawText(
                QRectF(left, top, right - left, ROW),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                count,
            )
            painter.setPen(now.color("soft"))
            room = int(right - left - counted - GAP)
            name = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, max(room, 20))
            painter.drawText(QRectF(left, top, room, ROW), Qt.AlignmentFlag.AlignVCenter, name)
            told = QRectF(right, top, told_width, ROW)
            painter.drawText(told, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.told)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """The tooltip of the row under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = event.pos().y() // ROW
            if 0 <= place < len(self.rows):
                QToolTip.showText(event.globalPos(), self.rows[place].tip, self)
            return True
        return super().event(event)
