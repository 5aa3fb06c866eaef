"""Where a label's mass comes from: ribbons from the classes on the left that flow together on the right."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import theme
from app.ui.widgets.rows import draw_swatch
from app.ui.widgets.swatch_menu import Rgb

ROW, NAME, PERCENT, POOL, GAP = 21, 106, 44, 9, 8
POOL_SHARE = 0.72
"""Height of the pool on the right to that of all rows: ribbons then bend."""


@dataclass(frozen=True)
class Stream:
    """``share`` 0 to 1 of the mass comes from instances of this class; ``tip``: all of it."""

    name: str
    color: Rgb
    share: float
    tip: str


class FlowBar(QWidget):
    """Streams in order, the largest first; what is left is drawn as the last one by whoever calls."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.streams: tuple[Stream, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setFixedHeight(1)

    def show_streams(self, streams: tuple[Stream, ...]) -> None:
        """Show these."""
        self.streams = streams
        self.setAccessibleDescription("; ".join(f"{s.name} {100 * s.share:.1f} %" for s in streams))
        self.setFixedHeight(max(len(streams) * ROW + 2, 1))
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(220, max(len(self.streams) * ROW + 2, 1))

    def event(self, event: QEvent) -> bool:
        """A stream's tooltip."""
        if isinstance(event, QHelpEvent):
            place = event.pos().y() // ROW
            QToolTip.showText(event.globalPos(), self.streams[place].tip if place < len(self.streams) else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, ribbons, pool."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = sum(stream.share for stream in self.streams) or 1.0
        high = len(self.streams) * ROW * POOL_SHARE
        top = (self.height() - high) / 2
        left, right = NAME + PERCENT + GAP, self.width() - POOL
        for place, stream in enumerate(self.streams):
            depth = high * stream.share / whole
            self._name(painter, place, stream)
            if right - left > 24:
                _ribbon(painter, QPointF(left, (place + 0.5) * ROW), QPointF(right, top), depth, stream.color)
                pool = QRectF(right, top, POOL, depth)
                painter.fillRect(pool, QColor(*stream.color))
            top += depth
        painter.end()

    def _name(self, painter: QPainter, place: int, stream: Stream) -> None:
        now = theme.current()
        y = place * ROW
        draw_swatch(painter, QRectF(0, y + ROW / 2 - 5.5, 11, 11), QColor(*stream.color))
        painter.setFont(theme.font(12))
        painter.setPen(now.color("text"))
        words = QFontMetrics(painter.font()).elidedText(stream.name, Qt.TextElideMode.ElideRight, NAME - 21)
        painter.drawText(QRectF(19, y, NAME - 19, ROW), Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(now.color("soft"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(NAME, y, PERCENT, ROW), right, f"{100 * stream.share:.1f} %")


def _ribbon(painter: QPainter, start: QPointF, end: QPointF, depth: float, color: Rgb) -> None:
    """A band of ``depth`` pixels from beside a name to its part of the pool, whose upper edge is ``end``."""
    thick = max(min(depth, ROW - 5), 1.0)
    bend = (end.x() - start.x()) * 0.5
    path = QPainterPath(QPointF(start.x(), start.y() - thick / 2))
    out, back = start.x() + bend, end.x() - bend
    path.cubicTo(QPointF(out, start.y() - thick / 2), QPointF(back, end.y()), QPointF(end.x(), end.y()))
    low = end.y() + max(depth, 1.0)
    path.lineTo(end.x(), low)
    path.cubicTo(
        QPointF(end.x() - bend, low),
        QPointF(start.x() + bend, start.y() + thick / 2),
        QPointF(start.x(), start.y() + thick / 2),
    )
    path.closeSubpath()
    shade = QColor(*color)
    shade.setAlpha(110)
    painter.fillPath(path, shade)
