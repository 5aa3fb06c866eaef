"""How the scores of a frame's points are spread, with a threshold that can be dragged through them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import text, theme

HEIGHT, FOOT, TOP, SIDE = 84, 18, 4, 7
STEPS = 200
"""A key or a notch of the wheel moves the threshold by this part of the range."""

TIP = (
    "Points by their score; heights grow with the square root of the count, so that few points can be seen beside "
    "many. Drag the line to move the threshold, double-click for the automatic one."
)


class ScoreHistogram(QWidget):
    """``on_threshold(value)`` is called while the line is dragged; None asks for the automatic threshold."""

    def __init__(self, on_threshold: Callable[[float | None], None]) -> None:
        super().__init__()
        self._on_threshold = on_threshold
        self._counts: np.ndarray = np.zeros(0, np.int64)
        self._low, self._high = 0.0, 1.0
        self.threshold: float | None = None
        self._automatic = False
        self._color = QColor("white")
        self._dragged = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setToolTip(TIP)
        self.setAccessibleName("Histogram of the scores, with the threshold")

    def show_counts(
        self,
        counts: np.ndarray,
        low: float,
        high: float,
        threshold: float | None,
        color: QColor,
        *,
        automatic: bool = False,
    ) -> None:
        """``counts`` (B,) points in equal bins from ``low`` to ``high``; none: only the ground is drawn."""
        self._counts = np.asarray(counts)
        self._low, self._high = low, max(high, low + 1e-6)
        self.threshold, self._automatic, self._color = threshold, automatic, color
        told = "none" if threshold is None else text.number(threshold, 3)
        self.setAccessibleDescription(f"Threshold {told}")
        self.update()

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(240, HEIGHT)

    def x_of(self, value: float) -> float:
        """Where a score stands, in pixels."""
        room = self.width() - 2 * SIDE
        return SIDE + room * (value - self._low) / (self._high - self._low)

    def value_at(self, x: float) -> float:
        """The score at a pixel, within the range."""
        share = (x - SIDE) / max(self.width() - 2 * SIDE, 1)
        return self._low + min(max(share, 0.0), 1.0) * (self._high - self._low)

    # mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the line: it jumps to the pointer."""
        if event.button() is Qt.MouseButton.LeftButton and len(self._counts):
            self._dragged = True
            self._move(self.value_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the line."""
        self.setCursor(Qt.CursorShape.SizeHorCursor if len(self._counts) else Qt.CursorShape.ArrowCursor)
        if self._dragged:
            self._move(self.value_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._dragged = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The automatic threshold again."""
        self._dragged = False
        self._on_threshold(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Fine steps while the line has been taken before; else the panel scrolls."""
        if not self.hasFocus():
            event.ignore()
            return
        self._step(1 if event.angleDelta().y() > 0 else -1)
        event.accept()

    def event(self, event: QEvent) -> bool:
        """With the focus, the arrows are its own and not the timeline's."""
        asks = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asks and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the line."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        key = Qt.Key(event.key())
        if key in steps:
            self._step(steps[key])
        else:
            super().keyPressEvent(event)

    def _step(self, by: int) -> None:
        if self.threshold is not None and len(self._counts):
            moved = self.threshold + by * (self._high - self._low) / STEPS
            self._move(min(max(moved, self._low), self._high))

    def _move(self, value: float) -> None:
        """The line follows at once; the counts come when the session has them."""
        self.threshold, self._automatic = value, False
        self.update()
        self._on_threshold(value)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, bars, line, and the numbers below."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(0.5, 0.5, self.width() - 1, self.height() - FOOT - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("raised" if now.name == "dark" else "control"))
        painter.drawRoundedRect(area, 5, 5)
        if len(self._counts):
            self._paint_bars(painter, area)
        line = None
        if self.threshold is not None and len(self._counts):
            line = min(max(self.x_of(self.threshold), SIDE), self.width() - SIDE)
            self._paint_line(painter, area, line)
        self._paint_numbers(painter, line)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.color("accent"), 1))
            painter.drawRoundedRect(area, 5, 5)
        painter.end()

    def _paint_bars(self, painter: QPainter, area: QRectF) -> None:
        """One outline filled twice: below the threshold quietly, above it (or all of it) in the prompt's colour."""
        heights = np.sqrt(self._counts / max(int(self._counts.max()), 1)) * (area.height() - TOP)
        edges = np.linspace(SIDE, self.width() - SIDE, len(heights) + 1)
        path = QPainterPath(QPointF(edges[0], area.bottom()))
        for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
            path.lineTo(left, area.bottom() - height)
            path.lineTo(right, area.bottom() - height)
        path.lineTo(edges[-1], area.bottom())
        split = 0.0 if self.threshold is None else self.x_of(self.threshold)
        quiet = QColor(theme.current().color("faint"))
        quiet.setAlpha(120)
        for clip, color in (
            (QRectF(0, 0, split, self.height()), quiet),
            (QRectF(split, 0, max(self.width() - split, 0), self.height()), self._color),
        ):
            painter.save()
            painter.setClipRect(clip)
            painter.fillPath(path, color)
            painter.restore()

    def _paint_line(self, painter: QPainter, area: QRectF, x: float) -> None:
        now = theme.current()
        painter.setPen(
            QPen(now.color("text"), 1.5, Qt.PenStyle.DashLine if self._automatic else Qt.PenStyle.SolidLine)
        )
        painter.drawLine(QPointF(x, area.top() + 2), QPointF(x, area.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("text"))
        foot = area.bottom() + 1
        painter.drawPolygon(QPolygonF([QPointF(x, foot - 6), QPointF(x - 5, foot + 2), QPointF(x + 5, foot + 2)]))

    def _paint_numbers(self, painter: QPainter, line: float | None) -> None:
        if not len(self._counts):
            return
        now = theme.current()
        painter.setFont(theme.font(11))
        row = QRectF(SIDE, self.height() - FOOT + 3, self.width() - 2 * SIDE, FOOT - 3)
        clear = 46.0
        for value, x, flag in (
            (self._low, row.left(), Qt.AlignmentFlag.AlignLeft),
            (self._high, row.right(), Qt.AlignmentFlag.AlignRight),
        ):
            if line is None or abs(line - x) > clear:
                painter.setPen(now.color("faint"))
                painter.drawText(row, flag | Qt.AlignmentFlag.AlignVCenter, text.number(value, 2))
        if line is not None and self.threshold is not None:
            painter.setPen(now.color("text"))
            middle = min(max(line, row.left() + 20), row.right() - 20)
            box = QRectF(middle - 40, row.top(), 80, row.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text.number(self.threshold, 3))
