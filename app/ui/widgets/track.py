"""The timeline's track: a playhead over all frames, and two handles for the range that is played."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import text, theme

SIDE = 10
"""Pixels left free at both ends for the handles."""

GRAB = 7
"""Pixels within which a range handle is taken."""

MIN_TICK = 9.0
"""Ticks stand at least this many pixels apart."""


class Track(QWidget):
    """Calls ``on_frame(index)`` while the playhead is dragged, ``on_range(first, last)`` for the handles."""

    def __init__(self, on_frame: Callable[[int], None], on_range: Callable[[int, int], None]) -> None:
        super().__init__()
        self._on_frame, self._on_range = on_frame, on_range
        self._count, self._shown, self._asked = 0, 0, 0
        self._first, self._last = 0, 0
        self._drag = ""
        self._hover: int | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Timeline")
        self.setToolTip("")

    def sizeHint(self) -> QSize:
        """Tall enough to be hit easily."""
        return QSize(300, 34)

    def show_frames(self, count: int, shown: int, asked: int, first: int, last: int) -> None:
        """``shown`` is on the screen, ``asked`` is on its way; ``first`` … ``last`` is played."""
        values = (count, shown, asked, first, last)
        if values != (self._count, self._shown, self._asked, self._first, self._last):
            self._count, self._shown, self._asked, self._first, self._last = values
            self.update()

    def x_of(self, index: int) -> float:
        """Where a frame stands, in pixels."""
        span = max(self._count - 1, 1)
        return SIDE + (self.width() - 2 * SIDE) * index / span

    def index_at(self, x: float) -> int:
        """The frame nearest to a pixel."""
        span = max(self._count - 1, 0)
        share = (x - SIDE) / max(self.width() - 2 * SIDE, 1)
        return round(min(max(share, 0.0), 1.0) * span)

    # mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a range handle if one is under the pointer, else the playhead."""
        if event.button() is not Qt.MouseButton.LeftButton or self._count < 1:
            return
        self._drag = self._handle_at(event.position())
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or say which frame is under the pointer."""
        if self._count < 1:
            return
        index = self.index_at(event.position().x())
        if not self._drag:
            self._hover = index
            QToolTip.showText(event.globalPosition().toPoint(), f"frame {text.count(index)}", self)
            handle = self._handle_at(event.position())
            self.setCursor(Qt.CursorShape.ArrowCursor if handle == "head" else Qt.CursorShape.SizeHorCursor)
        elif self._drag == "head":
            self._on_frame(index)
        elif self._drag == "first":
            self._on_range(min(index, self._last), self._last)
        else:
            self._on_range(self._first, max(index, self._first))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._drag = ""

    def leaveEvent(self, event: QEvent) -> None:
        """No frame is under the pointer any more."""
        self._hover = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """One notch, one frame."""
        step = -1 if event.angleDelta().y() > 0 else 1
        if self._count:
            self._on_frame(min(max(self._asked + step, 0), self._count - 1))
        event.accept()

    def _handle_at(self, at: QPointF) -> str:
        """Range handles reach above the track, the playhead has the rest."""
        if at.y() <= self.height() / 2 - 2 and self._count > 1:
            distances = {"first": abs(at.x() - self.x_of(self._first)), "last": abs(at.x() - self.x_of(self._last))}
            nearest = min(distances, key=lambda name: distances[name])
            if distances["first"] == distances["last"]:
                nearest = "last" if at.x() >= self.x_of(self._last) else "first"
            if distances[nearest] <= GRAB:
                return nearest
        return "head"

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Groove, ticks, range, playhead."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2 + 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("control"))
        painter.drawRoundedRect(QRectF(SIDE, middle - 2, self.width() - 2 * SIDE, 4), 2, 2)
        if self._count > 0:
            self._paint_ticks(painter, middle)
            self._paint_range(painter, middle)
            self._paint_head(painter, middle)
        painter.end()

    def _paint_ticks(self, painter: QPainter, middle: float) -> None:
        room = self.width() - 2 * SIDE
        step = next(
            (
                s
                for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
                if room * s / self._count >= MIN_TICK
            ),
            10_000,
        )
        painter.setPen(QPen(theme.current().color("line"), 1))
        for index in range(0, self._count, step):
            x = self.x_of(index)
            long = (index // step) % 5 == 0
            painter.drawLine(QPointF(x, middle + 6), QPointF(x, middle + (11 if long else 8)))

    def _paint_range(self, painter: QPainter, middle: float) -> None:
        now = theme.current()
        left, right = self.x_of(self._first), self.x_of(self._last)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("row"))
        painter.drawRoundedRect(QRectF(left, middle - 2, max(right - left, 1), 4), 2, 2)
        done = self.x_of(min(max(self._shown, self._first), self._last))
        painter.setBrush(now.color("fill"))
        painter.drawRoundedRect(QRectF(left, middle - 2, max(done - left, 0), 4), 2, 2)
        if self._count > 1:
            painter.setBrush(now.color("faint"))
            for x, side in ((left, -1), (right, 1)):
                tip = [QPointF(x, middle - 5), QPointF(x + side * 7, middle - 13), QPointF(x, middle - 13)]
                painter.drawPolygon(QPolygonF(tip))

    def _paint_head(self, painter: QPainter, middle: float) -> None:
        now = theme.current()
        if self._hover is not None and not self._drag:
            painter.setPen(QPen(now.color("faint"), 1))
            x = self.x_of(self._hover)
            painter.drawLine(QPointF(x, middle - 5), QPointF(x, middle + 5))
        painter.setPen(Qt.PenStyle.NoPen)
        if self._asked != self._shown:
            painter.setBrush(now.color("faint"))
            painter.drawEllipse(QPointF(self.x_of(self._asked), middle), 4, 4)
        painter.setBrush(now.color("accent"))
        painter.drawEllipse(QPointF(self.x_of(self._shown), middle), 6.5, 6.5)
