"""Scores of classes before and after, as paired bars under one another."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import text, theme
from app.ui.widgets.rows import draw_swatch
from app.ui.widgets.swatch_menu import Rgb

ROW, THIN, THICK, GAP = 26, 3.0, 7.0, 8
SWATCH = 11
NUMBERS = 90
NAME_SHARE, NAME_MOST = 0.34, 112


@dataclass(frozen=True)
class ScorePair:
    """A class with its score before and after (0 to 1). ``winner``: "", "before", "after" or "both";
    ``truth``: it is the ground truth."""

    name: str
    color: Rgb
    before: float
    after: float
    winner: str = ""
    truth: bool = False


class ScorePairs(QWidget):
    """Thin bar: before; thick bar: after. Bars reach from 0 to the greatest score of all."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.pairs: tuple[ScorePair, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def show_pairs(self, pairs: tuple[ScorePair, ...]) -> None:
        """Show these, in order."""
        self.pairs = pairs
        said = "; ".join(f"{p.name} {text.number(p.before)} to {text.number(p.after)}" for p in pairs)
        self.setAccessibleDescription(said)
        self.setFixedHeight(max(len(pairs) * ROW, 1))
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(220, max(len(self.pairs) * ROW, 1))

    def event(self, event: QEvent) -> bool:
        """All of a row as its tooltip."""
        if isinstance(event, QHelpEvent):
            place = event.pos().y() // ROW
            QToolTip.showText(event.globalPos(), self._tip(place) if place < len(self.pairs) else "", self)
            return True
        return super().event(event)

    def _tip(self, place: int) -> str:
        pair = self.pairs[place]
        gain = pair.after - pair.before
        said = f"{pair.name}: {text.number(pair.before, 4)} before the walk, {text.number(pair.after, 4)} after"
        said += f" ({'+' if gain >= 0 else ''}{text.number(gain, 4)})."
        return said + (" It is the ground truth." if pair.truth else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every pair on its line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max((max(p.before, p.after) for p in self.pairs), default=1.0) or 1.0
        metrics = QFontMetrics(theme.font(12))
        longest = max((metrics.horizontalAdvance(p.name) for p in self.pairs), default=0) + SWATCH + GAP + 4
        name = min(longest, max(self.width() * NAME_SHARE, 70), NAME_MOST)
        for place, pair in enumerate(self.pairs):
            self._row(painter, QRectF(0, place * ROW, self.width(), ROW), pair, name, most)
        painter.end()

    def _row(self, painter: QPainter, row: QRectF, pair: ScorePair, name: float, most: float) -> None:
        now = theme.current()
        middle = row.center().y()
        draw_swatch(painter, QRectF(row.left(), middle - 5.5, SWATCH, SWATCH), QColor(*pair.color))
        font = theme.font(12, bold=pair.winner in ("after", "both"))
        painter.setFont(font)
        painter.setPen(now.color("text" if pair.winner else "soft"))
        left = row.left() + SWATCH + GAP
        room = int(name - SWATCH - GAP)
        words = QFontMetrics(font).elidedText(pair.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, row.top(), room + 4, ROW), Qt.AlignmentFlag.AlignVCenter, words)
        if pair.truth:
            painter.setPen(QPen(now.color("good"), 1.5))
            painter.drawLine(QPointF(left, middle + 9), QPointF(left + min(room, 40), middle + 9))
        groove = QRectF(row.left() + name + GAP, middle, max(row.width() - name - NUMBERS - 2 * GAP, 20), 0)
        self._bars(painter, groove, pair, most)
        self._numbers(painter, QRectF(row.right() - NUMBERS, row.top(), NUMBERS, ROW), pair)

    @staticmethod
    def _bars(painter: QPainter, groove: QRectF, pair: ScorePair, most: float) -> None:
        now = theme.current()
        top = groove.top() - (THIN + THICK + 2) / 2
        painter.setPen(Qt.PenStyle.NoPen)
        for value, y, high, role in (
            (pair.before, top, THIN, "soft"),
            (pair.after, top + THIN + 2, THICK, "accent" if pair.winner in ("after", "both") else "faint"),
        ):
            painter.setBrush(now.color("control"))
            painter.drawRoundedRect(QRectF(groove.left(), y, groove.width(), high), high / 2, high / 2)
            painter.setBrush(now.color(role))
            wide = max(groove.width() * value / most, high)
            painter.drawRoundedRect(QRectF(groove.left(), y, wide, high), high / 2, high / 2)

    @staticmethod
    def _numbers(painter: QPainter, box: QRectF, pair: ScorePair) -> None:
        now = theme.current()
        painter.setFont(theme.font(12))
        half = box.width() / 2
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(now.color("text" if pair.winner in ("before", "both") else "faint"))
        painter.drawText(QRectF(box.left(), box.top(), half - 8, box.height()), right, _share(pair.before))
        painter.setPen(now.color("faint"))
        painter.drawText(
            QRectF(box.left() + half - 6, box.top(), 12, box.height()), Qt.AlignmentFlag.AlignCenter, "›"
        )
        painter.setPen(now.color("text" if pair.winner in ("after", "both") else "soft"))
        painter.drawText(QRectF(box.left() + half, box.top(), half, box.height()), right, _share(pair.after))


def _share(value: float) -> str:
    """Three decimals, whatever the size: the numbers stand below one another."""
    return f"{value:.3f}"
