"""What affinity changed, pair of classes by pair: from, to, how many, and how many of them to the better."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui import text, theme
from app.ui.widgets.rows import HEIGHT, Index, Role, draw_swatch
from app.ui.widgets.swatch_menu import Rgb

SIDE, GAP, SWATCH, ARROW = 12, 7, 10, 16
COUNT, JUDGED = 34, 62


@dataclass(frozen=True)
class FlipRow:
    """``judged``: whether any of them has ground truth."""

    before: str
    after: str
    before_color: Rgb
    after_color: Rgb
    count: int
    better: int
    worse: int
    judged: bool

    @property
    def words(self) -> str:
        """For the tooltip and for who listens."""
        said = f"{self.before} → {self.after}: {text.count(self.count)}"
        if not self.judged:
            return f"{said}. Nothing is known of their ground truth."
        neither = self.count - self.better - self.worse
        return (
            f"{said}; {text.count(self.better)} to the better, {text.count(self.worse)} to the worse, "
            f"{text.count(neither)} neither."
        )


class FlipDelegate(QStyledItemDelegate):
    """Draws a :class:`FlipRow`, which stands in ``Role.VALUE``."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As high as rows elsewhere."""
        return QSize(60, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Swatch name → swatch name, then the counts."""
        now = theme.current()
        row = index.data(Role.VALUE)
        if not isinstance(row, FlipRow):
            return
        rect = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, now.color("row"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, now.color("raised"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect.adjust(SIDE, 0, -10, 0)
        rect.setRight(_counts(painter, rect, row))
        half = (rect.width() - ARROW) / 2
        _class(painter, QRectF(rect.left(), rect.top(), half, rect.height()), row.before, row.before_color)
        middle = QRectF(rect.left() + half, rect.top(), ARROW, rect.height())
        painter.setFont(theme.font(12))
        painter.setPen(now.color("faint"))
        painter.drawText(middle, Qt.AlignmentFlag.AlignCenter, "→")
        after = QRectF(middle.right(), rect.top(), half, rect.height())
        _class(painter, after, row.after, row.after_color)


def _class(painter: QPainter, box: QRectF, name: str, color: Rgb) -> None:
    draw_swatch(painter, QRectF(box.left(), box.center().y() - 5, SWATCH, SWATCH), QColor(*color))
    painter.setFont(theme.font(12))
    painter.setPen(theme.current().color("text"))
    room = box.adjusted(SWATCH + 5, 0, 0, 0)
    words = QFontMetrics(painter.font()).elidedText(name, Qt.TextElideMode.ElideRight, int(room.width()))
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, words)


def _counts(painter: QPainter, rect: QRectF, row: FlipRow) -> float:
    """Better and worse in their colours, then the count; where they begin."""
    now = theme.current()
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    painter.setFont(theme.font(13, bold=True))
    painter.setPen(now.color("text"))
    painter.drawText(QRectF(rect.right() - COUNT, rect.top(), COUNT, rect.height()), right, text.count(row.count))
    if not row.judged:
        return rect.right() - COUNT - GAP
    painter.setFont(theme.font(11, bold=True))
    left = rect.right() - COUNT - JUDGED
    for place, (value, sign, role) in enumerate(((row.better, "+", "good"), (row.worse, text.MINUS, "error"))):
        box = QRectF(left + place * JUDGED / 2, rect.top(), JUDGED / 2, rect.height())
        painter.setPen(now.color(role if value else "faint"))
        painter.drawText(box, right, f"{sign}{text.count(value)}")
    return left - 2
