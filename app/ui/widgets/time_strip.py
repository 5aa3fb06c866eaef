"""How well each frame of a sequence answers a query, over time; a click goes to the frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import text, theme

HEIGHT = 54
FLOOR = 0.08
"""Share of the height that the least score still gets: a frame that was looked at is never empty."""


class TimeStrip(QWidget):
    """``on_frame(index)`` is called for a click or a drag. Frames without a score are hatched."""

    def __init__(self, on_frame: Callable[[int], None]) -> None:
        super().__init__()
        self._on_frame = on_frame
        self.scores: np.ndarray = np.zeros(0, np.float32)
        self._index = 0
        self._color = QColor("white")
        self._hover: int | None = None
        self._dragged = False
        self.setMouseTracking(True)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Scores over the sequence")

    def show_scores(self, scores: np.ndarray, color: QColor) -> None:
        """(M,) float: one score for each frame, NaN where there is none yet."""
        self.scores, self._color = np.asarray(scores, np.float32), color
        self.setAccessibleDescription(self.best_words())
        self.update()

    def show_index(self, index: int) -> None:
        """The frame that is shown."""
        if index != self._index:
            self._index = index
            self.update()

    def best_words(self) -> str:
        """Which frame answers best, in words, and what the lowest column stands for; "" where none has a score."""
        known = self.scores[np.isfinite(self.scores)]
        if not len(known):
            return ""
        best = int(np.nanargmax(self.scores))
        least = f", least {text.number(float(known.min()), 3)}" if len(known) > 1 else ""
        return f"best {text.number(float(known.max()), 3)} in frame {text.count(best)}{least}"

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(300, HEIGHT)

    def x_of(self, index: int) -> float:
        """Where a frame's column begins, in pixels."""
        return self.width() * index / max(len(self.scores), 1)

    def index_at(self, x: float) -> int:
        """The frame at a pixel."""
        count = len(self.scores)
        return min(max(int(x * count / max(self.width(), 1)), 0), max(count - 1, 0))

    # mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame."""
        if event.button() is Qt.MouseButton.LeftButton and len(self.scores):
            self._dragged = True
            self._on_frame(self.index_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the pointer; a drag goes along."""
        if not len(self.scores):
            return
        index = self.index_at(event.position().x())
        if self._dragged:
            self._on_frame(index)
        if index != self._hover:
            self._hover = index
            score = float(self.scores[index])
            words = "not indexed yet" if score != score else text.number(score, 3)
            QToolTip.showText(event.globalPosition().toPoint(), f"frame {text.count(index)} · {words}", self)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._dragged = False

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self._hover = None
        self.update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, hatching, columns, the frame that is shown."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(0.5, 0.5, self.width() - 1, self.height() - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("raised" if now.name == "dark" else "control"))
        painter.drawRoundedRect(area, 5, 5)
        if len(self.scores):
            self._paint_unknown(painter)
            self._paint_columns(painter)
            self._paint_head(painter)
            self._paint_best(painter)
        painter.end()

    def _paint_best(self, painter: QPainter) -> None:
        """Which frame answers best, written over the columns."""
        words = self.best_words()
        if not words:
            return
        now = theme.current()
        font = theme.font(11)
        painter.setFont(font)
        wide = QFontMetrics(font).horizontalAdvance(words) + 10
        if wide > self.width() - 8:
            return
        left = 4.0 if self.x_of(self._index) > self.width() / 2 else self.width() - wide - 4.0
        box = QRectF(left, 4, wide, 17)
        ground = QColor(now.color("panel"))
        ground.setAlpha(205)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(now.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_unknown(self, painter: QPainter) -> None:
        """Runs of frames without a score, hatched."""
        unknown = ~np.isfinite(self.scores)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], unknown, [False]]).astype(np.int8)))
        ink = QColor(theme.current().color("faint"))
        ink.setAlpha(90)
        for first, end in edges.reshape(-1, 2):
            left, right = self.x_of(int(first)), self.x_of(int(end))
            painter.fillRect(
                QRectF(left, 1, right - left, self.height() - 2), QBrush(ink, Qt.BrushStyle.BDiagPattern)
            )

    def _paint_columns(self, painter: QPainter) -> None:
        """One column a frame; frames that share a pixel show the best of them."""
        known = np.isfinite(self.scores)
        if not known.any():
            return
        low, high = float(self.scores[known].min()), float(self.scores[known].max())
        span = max(high - low, 1e-6)
        room = self.height() - 6
        count = len(self.scores)
        if count > self.width():
            place = np.arange(count) * self.width() // count
            best = np.full(self.width(), -np.inf, np.float32)
            np.maximum.at(best, place[known], self.scores[known])
            columns = [(float(x), 1.0, float(v)) for x, v in enumerate(best) if np.isfinite(v)]
        else:
            wide = self.width() / count
            gap = 1.0 if wide >= 4 else 0.0
            columns = [(self.x_of(int(i)), wide - gap, float(self.scores[i])) for i in np.flatnonzero(known)]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for x, wide, value in columns:
            share = FLOOR + (1 - FLOOR) * (value - low) / span
            color = QColor(self._color)
            color.setAlphaF(0.35 + 0.65 * (value - low) / span)
            painter.fillRect(QRectF(x, self.height() - 1 - room * share, max(wide, 1.0), room * share), color)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_head(self, painter: QPainter) -> None:
        now = theme.current()
        wide = self.width() / len(self.scores)
        if self._hover is not None:
            band = QColor(now.color("text"))
            band.setAlpha(28)
            painter.fillRect(QRectF(self.x_of(self._hover), 1, max(wide, 1), self.height() - 2), band)
        x = self.x_of(min(self._index, len(self.scores) - 1)) + wide / 2
        painter.setPen(QPen(now.color("accent"), 2))
        painter.drawLine(QPointF(x, 1), QPointF(x, self.height() - 1))
