"""Surfaces side by side, a column each, with their measures; the best of a row stands out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import theme

ROW, NAME, PAD = 22, 84, 3


@dataclass(frozen=True)
class MeasureRow:
    """``values``: one a column, NaN or None where there is none; ``written`` the same in words. ``better``: 1 where
    more is better, −1 where less is, 0 where neither is."""

    name: str
    values: tuple[float | None, ...]
    written: tuple[str, ...]
    better: int
    tip: str

    @property
    def best(self) -> int:
        """The column that stands out, −1 for none."""
        known = [
            (self.better * value, place)
            for place, value in enumerate(self.values)
            if value is not None and math.isfinite(value)
        ]
        return max(known)[1] if self.better and len(known) > 1 else -1


@dataclass(frozen=True)
class Column:
    """A surface: the ``name`` over its column, short, and its ``title`` in full."""

    name: str
    title: str


class MeasureTable(QWidget):
    """As high as its rows."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.columns: tuple[Column, ...] = ()
        self.rows: tuple[MeasureRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(1)

    def show_table(self, columns: tuple[Column, ...], rows: tuple[MeasureRow, ...]) -> None:
        """Show these in place of the others."""
        if (columns, rows) != (self.columns, self.rows):
            self.columns, self.rows = columns, rows
            self.setFixedHeight((len(rows) + 1) * ROW if rows else 1)
            said = "; ".join(
                f"{row.name}: " + ", ".join(f"{c.title} {w}" for c, w in zip(columns, row.written, strict=True))
                for row in rows
            )
            self.setAccessibleName(f"{self._name}: {said}")
            self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(220, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names on the left, a column for each surface."""
        if not self.rows:
            return
        now = theme.current()
        painter = QPainter(self)
        each = (self.width() - NAME) / max(len(self.columns), 1)
        painter.setFont(theme.font(12, bold=True))
        painter.setPen(now.color("soft"))
        metrics = QFontMetrics(theme.font(12, bold=True))
        for place, column in enumerate(self.columns):
            shown = metrics.elidedText(column.name, Qt.TextElideMode.ElideRight, int(each - PAD))
            painter.drawText(self._cell(place, 0, each), RIGHT, shown)
        painter.setPen(QPen(now.color("line"), 1))
        painter.drawLine(0, ROW - 1, self.width(), ROW - 1)
        for line, row in enumerate(self.rows, 1):
            painter.setFont(theme.font(12))
            painter.setPen(now.color("soft"))
            painter.drawText(QRectF(0, line * ROW, NAME, ROW), Qt.AlignmentFlag.AlignVCenter, row.name)
            for place, written in enumerate(row.written):
                best = place == row.best
                painter.setFont(theme.font(12, bold=best))
                painter.setPen(now.color("text" if best or not row.better else "soft"))
                painter.drawText(self._cell(place, line, each), RIGHT, written)
        painter.end()

    @staticmethod
    def _cell(place: int, line: int, each: float) -> QRectF:
        return QRectF(NAME + place * each, line * ROW, each, ROW)

    def event(self, event: QEvent) -> bool:
        """What the row under the pointer is; over the names, what they stand for."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            line = event.pos().y() // ROW - 1
            if line < 0 and self.rows:
                names = "\n".join(f"{column.name}: {column.title}" for column in self.columns)
                QToolTip.showText(event.globalPos(), names, self)
            elif 0 <= line < len(self.rows):
                QToolTip.showText(event.globalPos(), self.rows[line].tip, self)
            return True
        return super().event(event)


RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
