"""Rows of the lists and trees: key, swatch, name and a value that stands right, drawn by one delegate."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui import icons, theme

Index = QModelIndex | QPersistentModelIndex

HEIGHT = 25
"""Pixels of a row: a comfortable target for a mouse, and 19 classes fit beside the rest."""

GAP = 8
NOTE_SHARE = 0.45
"""The value may take this share of the row even where the name is then shortened."""


class Role(IntEnum):
    """What a row may carry besides its text (``DisplayRole``)."""

    LEAD = Qt.ItemDataRole.UserRole + 1  # str: a key or number before the name
    SWATCH = LEAD + 1  # QColor
    NOTE = LEAD + 2  # str: stands right
    DIM = LEAD + 3  # bool: switched off or not available
    ICON = LEAD + 4  # "name:role"
    VALUE = LEAD + 5  # whatever the panel needs to know again
    STRONG = LEAD + 6  # bool: bold
    DOT = LEAD + 7  # bool: the accent dot of the layer that is shown


class RowDelegate(QStyledItemDelegate):
    """Draws a row. ``lead_width`` pixels are kept free for keys in every row, so that names align; rows begin
    ``inset`` pixels from the edge and end ``right`` pixels before the other."""

    def __init__(self, parent: QWidget, lead_width: int = 0, inset: int = 12, right: int = 10) -> None:
        super().__init__(parent)
        self._lead_width, self._inset, self._right = lead_width, inset, right

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Fixed height; the width of the name alone (the view stretches rows)."""
        return QSize(60, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the parts from both ends towards the middle; the name gets what is left, elided."""
        now = theme.current()
        rect = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, now.color("row"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, now.color("raised"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect.adjust(self._inset, 0, -self._right, 0)
        dim = bool(index.data(Role.DIM)) or not state & QStyle.StateFlag.State_Enabled
        rect.setLeft(self._left_parts(painter, rect, index, dim))
        rect.setRight(self._note(painter, rect, index, dim))
        painter.setFont(theme.font(bold=bool(index.data(Role.STRONG))))
        painter.setPen(now.color("faint" if dim else "text"))
        _elided(painter, rect, str(index.data(Qt.ItemDataRole.DisplayRole) or ""), Qt.AlignmentFlag.AlignLeft)

    def _left_parts(self, painter: QPainter, rect: QRectF, index: Index, dim: bool) -> float:
        now, left = theme.current(), rect.left()
        if self._lead_width:
            painter.setFont(theme.font(12))
            painter.setPen(now.color("faint"))
            lead = QRectF(left, rect.top(), self._lead_width - GAP, rect.height())
            painter.drawText(lead, Qt.AlignmentFlag.AlignVCenter, str(index.data(Role.LEAD) or ""))
            left += self._lead_width
        if index.data(Role.DOT):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accent"))
            painter.drawEllipse(QRectF(left, rect.center().y() - 4, 8, 8))
            left += 8 + GAP
        swatch: Any = index.data(Role.SWATCH)
        if isinstance(swatch, QColor):
            draw_swatch(painter, QRectF(left, rect.center().y() - 5.5, 11, 11), swatch, hollow=dim)
            left += 11 + GAP
        name = index.data(Role.ICON)
        if name:
            which, role = str(name).split(":")
            ratio = painter.device().devicePixelRatioF()
            picture = icons.pixmap(which, getattr(now, role), 15, ratio)
            painter.drawPixmap(round(left), round(rect.center().y() - 7.5), picture)
            left += 15 + GAP
        return left

    def _note(self, painter: QPainter, rect: QRectF, index: Index, dim: bool) -> float:
        note = str(index.data(Role.NOTE) or "")
        if not note:
            return rect.right()
        font = theme.font(12)
        painter.setFont(font)
        painter.setPen(theme.current().color("faint" if dim else "soft"))
        name = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        named = QFontMetrics(theme.font(bold=bool(index.data(Role.STRONG)))).horizontalAdvance(name) + GAP + 2
        left = max(rect.width() - named, rect.width() * NOTE_SHARE)
        width = min(QFontMetrics(font).horizontalAdvance(note) + 2, left)
        box = QRectF(rect.right() - width, rect.top(), width, rect.height())
        _elided(painter, box, note, Qt.AlignmentFlag.AlignRight)
        return rect.right() - width - GAP


def draw_swatch(painter: QPainter, rect: QRectF, color: QColor, *, hollow: bool = False) -> None:
    """A rounded square of a class's colour; hollow where the class is switched off."""
    edge = QColor(theme.current().color("faint"))
    dark = color.lightness() < 40 if theme.current().name == "dark" else color.lightness() > 225
    painter.setPen(edge if (dark and not hollow) else color if hollow else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if hollow else color)
    painter.drawRoundedRect(rect, 3, 3)


def swatch_icon(color: tuple[int, int, int]) -> QIcon:
    """A class's colour as an icon for a menu."""
    picture = QPixmap(28, 28)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_swatch(painter, QRectF(3, 3, 22, 22), QColor(*color))
    painter.end()
    picture.setDevicePixelRatio(2)
    return QIcon(picture)


def _elided(painter: QPainter, rect: QRectF, text: str, align: Qt.AlignmentFlag) -> None:
    shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | align | Qt.TextFlag.TextSingleLine, shown)
