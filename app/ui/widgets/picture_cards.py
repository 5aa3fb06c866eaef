"""Small pictures in rows that wrap to the width: what each shows, how much it weighs, whose it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import icons, theme
from app.ui.widgets.swatch_menu import Rgb

WANTED, LEAST = 92, 76
"""Width of a card where there is room, and at least."""

PICTURE_SHARE = 0.74
"""Height of a picture to its width."""

LINE, FOOT_TOP, GAP, BAR = 15, 4, 8, 3
DENSITY = 2
KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
CHOOSE = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


@dataclass(frozen=True)
class PictureCard:
    """One card.

    ``image`` (h, w, 3) uint8, None: there is none. ``title`` and ``note`` as they are written below it, ``color``
    that of the note's dot, None: none. ``share`` 0 to 1 is drawn as a line below the picture, None: no line.
    ``mark`` a word over the picture's corner; ``strong``: ringed. ``tip``: all of it. ``value``: whatever the panel
    needs to know again.
    """

    image: np.ndarray | None
    title: str
    note: str
    tip: str
    color: Rgb | None = None
    share: float | None = None
    mark: str = ""
    strong: bool = False
    value: Any = None


class PictureCards(QWidget):
    """``on_card(card)`` is called for a click, or Enter on the card that the arrows have reached; None: cards tell
    and do nothing."""

    def __init__(self, name: str, on_card: Callable[[PictureCard], None] | None = None) -> None:
        super().__init__()
        self._on_card = on_card
        self.cards: tuple[PictureCard, ...] = ()
        self._pictures: list[QPixmap | None] = []
        self._under: int | None = None
        self._cursor = 0
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        if on_card is not None:
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_cards(self, cards: tuple[PictureCard, ...]) -> None:
        """Show these in place of the others."""
        known = {
            id(card.image): picture for card, picture in zip(self.cards, self._pictures, strict=True) if picture
        }
        self._pictures = [
            None if card.image is None else known.get(id(card.image)) or fitted(card.image) for card in cards
        ]
        self.cards = cards
        self._under, self._cursor = None, 0
        self.setAccessibleDescription("; ".join(card.tip.partition("\n")[0] for card in cards))
        self.updateGeometry()
        self.update()

    # where cards stand

    def columns(self, width: int) -> int:
        """Cards side by side in that width."""
        return max((width + GAP) // (WANTED + GAP), min((width + GAP) // (LEAST + GAP), len(self.cards)), 1)

    def card_rect(self, place: int) -> QRectF:
        """Where a card stands (for tests and the tour)."""
        columns = self.columns(self.width())
        wide, high = self._card_size(self.width(), columns)
        row, column = divmod(place, columns)
        return QRectF(column * (wide + GAP), row * (high + GAP), wide, high)

    @staticmethod
    def _card_size(width: int, columns: int) -> tuple[float, float]:
        wide = min((width - GAP * (columns - 1)) / columns, 1.6 * WANTED)
        return wide, round(wide * PICTURE_SHARE) + FOOT_TOP + 2 * LINE

    def hasHeightForWidth(self) -> bool:
        """Rows wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Of all rows."""
        if not self.cards:
            return 0
        columns = self.columns(width)
        rows = -(-len(self.cards) // columns)
        return round(rows * (self._card_size(width, columns)[1] + GAP) - GAP)

    def sizeHint(self) -> QSize:
        """As high as its rows in the width it has."""
        return QSize(2 * WANTED, self.heightForWidth(self.width() or 2 * WANTED))

    def minimumSizeHint(self) -> QSize:
        """Never lower than its rows."""
        return QSize(LEAST, self.heightForWidth(max(self.width(), LEAST)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may need another height."""
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    # pointer and keys

    def _at(self, point: QPointF) -> int | None:
        return next((i for i in range(len(self.cards)) if self.card_rect(i).contains(point)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Ring what is under the pointer."""
        self._point_at(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._point_at(None)

    def _point_at(self, place: int | None) -> None:
        if place != self._under:
            self._under = place
            hand = place is not None and self._on_card is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a card."""
        place = self._at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and place is not None:
            self._choose(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from card to card, Enter chooses."""
        key = Qt.Key(event.key())
        if key in KEYS and self.cards:
            self._cursor = (self._cursor + KEYS[key]) % len(self.cards)
            self.update()
        elif key in CHOOSE and self.cards:
            self._choose(self._cursor)
        else:
            super().keyPressEvent(event)

    def _choose(self, place: int) -> None:
        self._cursor = place
        if self._on_card is not None:
            self._on_card(self.cards[place])

    def event(self, event: QEvent) -> bool:
        """A card's tooltip; with the focus, arrows and Enter are its own and not the window's."""
        if isinstance(event, QHelpEvent):
            place = self._at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.cards[place].tip if place is not None else "", self)
            return True
        asks = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asks and isinstance(event, QKeyEvent) and event.key() in (*KEYS, *CHOOSE):
            event.accept()
            return True
        return super().event(event)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every card."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, (card, picture) in enumerate(zip(self.cards, self._pictures, strict=True)):
            self._paint_card(painter, self.card_rect(place), card, picture, place)
        painter.end()

    def _paint_card(
        self, painter: QPainter, rect: QRectF, card: PictureCard, picture: QPixmap | None, place: int
    ) -> None:
        now = theme.current()
        area = QRectF(rect.left(), rect.top(), rect.width(), rect.height() - FOOT_TOP - 2 * LINE)
        rounded = QPainterPath()
        rounded.addRoundedRect(area, 5, 5)
        painter.fillPath(rounded, now.color("control"))
        if picture is None:
            ghost = icons.pixmap("image", now.faint, 18, self.devicePixelRatioF())
            painter.drawPixmap(round(area.center().x() - 9), round(area.center().y() - 9), ghost)
        else:
            painter.save()
            painter.setClipPath(rounded)
            painter.drawPixmap(_inside(picture, area), picture, QRectF(picture.rect()))
            painter.restore()
        if card.share is not None:
            _line(painter, area, card.share)
        if card.mark:
            _chip(painter, area, card.mark)
        focused = self.hasFocus() and place == self._cursor
        if card.strong or focused or place == self._under:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.color("accent" if card.strong or focused else "faint"), 2))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 5, 5)
        _foot(painter, QRectF(rect.left(), area.bottom() + FOOT_TOP, rect.width(), 2 * LINE), card)


def _inside(picture: QPixmap, area: QRectF) -> QRectF:
    """The whole picture, as large as it fits, in the middle."""
    scale = min(area.width() / picture.width(), area.height() / picture.height())
    wide, high = picture.width() * scale, picture.height() * scale
    return QRectF(area.center().x() - wide / 2, area.center().y() - high / 2, wide, high)


def _line(painter: QPainter, area: QRectF, share: float) -> None:
    now = theme.current()
    ground = QColor(now.color("view"))
    ground.setAlpha(150)
    groove = QRectF(area.left() + 5, area.bottom() - 5 - BAR, area.width() - 10, BAR)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(groove.adjusted(-1, -1, 1, 1), 2, 2)
    painter.setBrush(now.color("accent"))
    painter.drawRoundedRect(QRectF(groove.left(), groove.top(), max(groove.width() * share, BAR), BAR), 1.5, 1.5)


def _chip(painter: QPainter, area: QRectF, words: str) -> None:
    now = theme.current()
    font = theme.font(10, bold=True)
    box = QRectF(area.left() + 4, area.top() + 4, QFontMetrics(font).horizontalAdvance(words) + 8, 14)
    ground = QColor(now.color("raised"))
    ground.setAlpha(225)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 4, 4)
    painter.setFont(font)
    painter.setPen(now.color("text"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


def _foot(painter: QPainter, box: QRectF, card: PictureCard) -> None:
    now = theme.current()
    first = QRectF(box.left() + 1, box.top(), box.width() - 2, LINE)
    painter.setFont(theme.font(12, bold=True))
    painter.setPen(now.color("text"))
    _elided(painter, first, card.title)
    second = first.translated(0, LINE)
    if card.color is not None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*card.color))
        painter.drawEllipse(QRectF(second.left(), second.center().y() - 3, 7, 7))
        second.setLeft(second.left() + 11)
    painter.setFont(theme.font(11))
    painter.setPen(now.color("soft"))
    _elided(painter, second, card.note)


def _elided(painter: QPainter, box: QRectF, words: str) -> None:
    shown = QFontMetrics(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, int(box.width()))
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def fitted(image: np.ndarray) -> QPixmap:
    """A small picture, no larger than a card shows on a screen of twice the density; tiny ones are enlarged by
    whole pixels, so that one sees how little CLIP was given."""
    held = np.ascontiguousarray(image[..., :3], dtype=np.uint8)
    height, width = held.shape[:2]
    shown = QImage(held.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    pixmap = QPixmap.fromImage(shown)
    most = QSize(round(1.6 * WANTED * DENSITY), round(1.6 * WANTED * PICTURE_SHARE * DENSITY))
    if width > most.width() or height > most.height():
        return pixmap.scaled(most, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    return pixmap
