"""Paints a table of classes: name, IoU as bar and number, and the confusion matrix beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from app.ui import theme
from app.ui.score_table import ScoreTable, percent
from app.ui.theme import Theme
from app.ui.widgets.rows import draw_swatch

ROW_HEIGHTS = (14.0, 24.0)
CELL_WIDTHS = (15.0, 32.0)
HEAD_LEAST = 62.0
SIDE = 12.0
MEAN = 152.0
"""Width of one mean above the bars."""

NAME_MOST = 124.0
NUMBER = 52.0
BAR = (40.0, 160.0)
BAR_WANTED = 110.0
"""Bars of this length come before wider cells."""

GAP = 14.0
PERCENT_FROM = 22.0
"""A cell of this width has room for two figures."""

LEVELS = 200
"""Shares are told apart by half a hundredth."""

WRONG = "#f26042"
"""Mistakes, as in the layer of right and wrong."""


@dataclass(frozen=True)
class Shape:
    """Where the parts of a table stand, in pixels of the widget."""

    head: float
    row: float
    cell: float
    name: float
    bar: float
    left: float
    """Where the matrix begins."""

    def cell_rect(self, row: int, column: int) -> QRectF:
        """One cell of the matrix."""
        return QRectF(self.left + column * self.cell, self.head + row * self.row, self.cell, self.row)


def shape_of(table: ScoreTable, width: float, height: float) -> Shape:
    """Share out the room: first the cells, then what is left for bars."""
    count, columns = len(table), len(table.columns)
    metrics = QFontMetrics(theme.font(12))
    longest = max(metrics.horizontalAdvance(name) for name in table.names)
    high = max(QFontMetrics(theme.font(11)).horizontalAdvance(table.names[place]) for place in table.columns)
    name = min(SIDE + 11 + 8 + longest + 10, SIDE + NAME_MOST)
    fixed = name + 2 * NUMBER + GAP
    cell = min(max((width - fixed - BAR_WANTED - SIDE) / columns, CELL_WIDTHS[0]), CELL_WIDTHS[1])
    bar = min(max(width - fixed - cell * columns - SIDE, BAR[0]), BAR[1])
    head = max(high + 25.0, HEAD_LEAST)
    row = min(max((height - head - 4) / count, ROW_HEIGHTS[0]), ROW_HEIGHTS[1])
    return Shape(head, row, cell, name, bar, fixed + bar)


def least_size(table: ScoreTable) -> tuple[int, int]:
    """Width and height below which the table has to be scrolled."""
    shape = shape_of(table, 0, 0)
    width = shape.left + len(table.columns) * shape.cell + SIDE
    return round(width), round(shape.head + len(table) * shape.row + 4)


def paint_table(painter: QPainter, table: ScoreTable, shape: Shape, by_truth: bool) -> None:
    """Everything that does not move with the pointer."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _heads(painter, table, shape)
    for row in range(len(table)):
        _class_row(painter, table, shape, row)
    _cells(painter, table, shape, by_truth)


def _heads(painter: QPainter, table: ScoreTable, shape: Shape) -> None:
    now = theme.current()
    base = shape.head - 7
    for place, (value, words) in enumerate(table.means):
        left = SIDE + place * MEAN
        painter.setFont(theme.font(20, bold=True))
        painter.setPen(now.color("text" if place == 0 else "soft"))
        painter.drawText(QRectF(left, 2, MEAN, 26), Qt.AlignmentFlag.AlignVCenter, percent(value))
        painter.setFont(theme.font(11))
        painter.setPen(now.color("soft"))
        painter.drawText(QRectF(left, 28, MEAN, 16), Qt.AlignmentFlag.AlignVCenter, words)
    painter.setFont(theme.font(11))
    painter.setPen(now.color("faint"))
    numbers = shape.name + shape.bar
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
    first, second = ("this frame", "seen") if table.scope == "frame" else ("seen", "this frame")
    painter.drawText(QRectF(SIDE, 0, shape.name, base), Qt.AlignmentFlag.AlignBottom, "called")
    painter.drawText(QRectF(shape.name, 0, numbers - shape.name, base), Qt.AlignmentFlag.AlignBottom, "IoU")
    painter.drawText(QRectF(numbers - 40, 0, NUMBER + 40, base), right, first)
    painter.drawText(QRectF(numbers + NUMBER - 10, 0, NUMBER + 10, base), right, second)
    for column, place in enumerate(table.columns):
        middle = shape.cell_rect(0, column).center().x()
        draw_swatch(painter, QRectF(middle - 4.5, base - 7, 9, 9), QColor(*table.colors[place]))
        painter.save()
        painter.setPen(now.color("soft"))
        painter.translate(middle, base - 13)
        painter.rotate(-90)
        painter.drawText(QRectF(0, -10, shape.head, 20), Qt.AlignmentFlag.AlignVCenter, table.names[place])
        painter.restore()


def _class_row(painter: QPainter, table: ScoreTable, shape: Shape, row: int) -> None:
    now = theme.current()
    top, middle = shape.head + row * shape.row, shape.head + (row + 0.5) * shape.row
    color = QColor(*table.colors[row])
    draw_swatch(painter, QRectF(SIDE, middle - 5.5, 11, 11), color)
    painter.setFont(theme.font(12))
    painter.setPen(now.color("text"))
    room = shape.name - SIDE - 27
    name = QFontMetrics(painter.font()).elidedText(table.names[row], Qt.TextElideMode.ElideRight, int(room))
    painter.drawText(QRectF(SIDE + 19, top, room + 8, shape.row), Qt.AlignmentFlag.AlignVCenter, name)
    value, other = float(table.iou[row]), float(table.other[row])
    groove = QRectF(shape.name, middle - 4, shape.bar - 6, 8)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(now.color("control"))
    painter.drawRoundedRect(groove, 3, 3)
    if value > 0:
        painter.setBrush(bar_color(color, now))
        painter.drawRoundedRect(QRectF(groove.left(), groove.top(), max(groove.width() * value, 3), 8), 3, 3)
    if other == other and abs(other - value) > 0.005:
        x = groove.left() + groove.width() * other
        painter.setPen(now.color("text"))
        painter.drawLine(QPointF(x, groove.top() - 2), QPointF(x, groove.bottom() + 2))
    align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    left = shape.name + shape.bar
    for number, role, x in ((value, "text", left), (other, "faint", left + NUMBER)):
        painter.setPen(now.color(role))
        painter.drawText(QRectF(x - 10, top, NUMBER + 10, shape.row), align, percent(number))


def _cells(painter: QPainter, table: ScoreTable, shape: Shape, by_truth: bool) -> None:
    now = theme.current()
    shares = table.of_truth if by_truth else table.of_prediction
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setFont(theme.font(11))
    for row in range(len(table)):
        for column in range(len(table.columns)):
            area = shape.cell_rect(row, column).adjusted(0.5, 0.5, -0.5, -0.5)
            share = float(shares[row, column])
            color = cell_color(share, table.right(row, column), now)
            painter.fillRect(area, color)
            if shape.cell >= PERCENT_FROM and share >= 0.005:
                painter.setPen(QColor("#101418") if color.lightnessF() > 0.5 else QColor("#ffffff"))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f}")
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def cell_color(share: float, right: bool, now: Theme) -> QColor:
    """From the ground to blue (right) or orange (wrong); the root of the share, so that a few points show."""
    return _shade(math.ceil(LEVELS * min(share, 1.0)), right, now)


@cache
def _shade(level: int, right: bool, now: Theme) -> QColor:
    """The colour of a share of ``level`` parts of ``LEVELS``: four hundred cells ask for it at once."""
    ground = now.color("control")
    if level <= 0:
        return _mixed(now.color("panel"), ground, 0.5)
    full = now.color("accent") if right else QColor(WRONG)
    return _mixed(ground, full, 0.12 + 0.88 * math.sqrt(level / LEVELS))


def bar_color(color: QColor, now: Theme) -> QColor:
    """The class's own colour, lifted where the ground would swallow it."""
    if now.name == "dark" and color.lightness() < 60:
        return color.lighter(200) if color.value() else now.color("soft")
    if now.name == "light" and color.lightness() > 205:
        return color.darker(125)
    return color


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    def part(a: int, b: int) -> int:
        return round(a + (b - a) * share)

    return QColor(part(one.red(), other.red()), part(one.green(), other.green()), part(one.blue(), other.blue()))
