"""What a search found, best first: small pictures side by side, each with its score and its frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from app.ui import icons, theme
from app.ui.widgets.swatch_menu import Rgb

PICTURE = QSize(112, 78)
FOOT = 22
GAP = 6


@dataclass(frozen=True)
class HitTile:
    """``key``: by which its picture is told; ``score`` and ``place`` as they are written; ``tip``: all of it."""

    key: Any
    color: Rgb
    score: str
    place: str
    tip: str


class HitStrip(QScrollArea):
    """``on_hit(place)`` is called with the place of the tile in the row; the wheel scrolls sideways."""

    def __init__(self, on_hit: Callable[[int], None]) -> None:
        super().__init__()
        self._on_hit = on_hit
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Best regions")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(PICTURE.height() + FOOT + 12)
        inner = QWidget()
        self._row = QHBoxLayout(inner)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP)
        self._row.addStretch(1)
        self.setWidget(inner)
        self.tiles: list[Tile] = []
        self.chosen: object = None

    def show_tiles(self, tiles: tuple[HitTile, ...]) -> None:
        """Show these, in order; pictures that are known of a key stay."""
        known = {tile.hit.key: tile.picture for tile in self.tiles}
        while len(self.tiles) > len(tiles):
            tile = self.tiles.pop()
            self._row.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        while len(self.tiles) < len(tiles):
            tile = Tile(len(self.tiles), self._choose)
            self._row.insertWidget(len(self.tiles), tile)
            self.tiles.append(tile)
        for tile, hit in zip(self.tiles, tiles, strict=True):
            tile.show_hit(hit, known.get(hit.key), hit.key == self.chosen)

    def show_picture(self, key: object, image: np.ndarray) -> None:
        """(h, w, 3) uint8: the picture of a tile has come."""
        for tile in self.tiles:
            if tile.hit.key == key:
                tile.show_image(image)

    def mark(self, key: object) -> None:
        """Mark the tile that the views look at, or none."""
        self.chosen = key
        for tile in self.tiles:
            tile.mark(tile.hit.key == key)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways."""
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - event.angleDelta().y() - event.angleDelta().x())
        event.accept()

    def _choose(self, place: int) -> None:
        self.mark(self.tiles[place].hit.key)
        self._on_hit(place)


class Tile(QWidget):
    """One picture with its foot."""

    def __init__(self, place: int, chosen: Callable[[int], None]) -> None:
        super().__init__()
        self._place, self._chosen = place, chosen
        self.hit = HitTile(None, (255, 255, 255), "", "", "")
        self.picture: QPixmap | None = None
        self._marked = False
        self.setFixedSize(PICTURE.width(), PICTURE.height() + FOOT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_hit(self, hit: HitTile, picture: QPixmap | None, marked: bool) -> None:
        """Show another find."""
        self.hit, self.picture, self._marked = hit, picture, marked
        self.setToolTip(hit.tip)
        self.setAccessibleName(hit.tip)
        self.update()

    def show_image(self, image: np.ndarray) -> None:
        """Its picture."""
        self.picture = fitted(image)
        self.update()

    def mark(self, on: bool) -> None:
        """Ring it, or not."""
        if on != self._marked:
            self._marked = on
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._chosen(self._place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes there."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._chosen(self._place)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture, colour, score, frame."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(0, 0, PICTURE.width(), PICTURE.height())
        rounded = QPainterPath()
        rounded.addRoundedRect(area, 5, 5)
        painter.fillPath(rounded, now.color("control"))
        if self.picture is None:
            ghost = icons.pixmap("image", now.faint, 18, self.devicePixelRatioF())
            painter.drawPixmap(round(area.center().x() - 9), round(area.center().y() - 9), ghost)
        else:
            painter.save()
            painter.setClipPath(rounded)
            size = self.picture.deviceIndependentSize()
            left, top = (area.width() - size.width()) / 2, (area.height() - size.height()) / 2
            painter.drawPixmap(
                QRectF(left, top, size.width(), size.height()), self.picture, QRectF(self.picture.rect())
            )
            painter.restore()
        ring = now.color("accent") if self._marked or self.hasFocus() else now.color("faint")
        if self._marked or self.hasFocus() or self.underMouse():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(ring, 2 if self._marked else 1))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 5, 5)
        self._paint_foot(painter)
        painter.end()

    def _paint_foot(self, painter: QPainter) -> None:
        now = theme.current()
        row = QRectF(1, PICTURE.height() + 2, PICTURE.width() - 2, FOOT - 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*self.hit.color))
        painter.drawEllipse(QRectF(row.left() + 1, row.center().y() - 3.5, 7, 7))
        painter.setFont(theme.font(12, bold=True))
        painter.setPen(now.color("text"))
        painter.drawText(row.adjusted(13, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.hit.score)
        painter.setFont(theme.font(12))
        painter.setPen(now.color("soft"))
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.hit.place)


def fitted(image: np.ndarray) -> QPixmap:
    """The whole of a small picture, as large as a tile holds it, for screens of twice the density."""
    held = np.ascontiguousarray(image)
    height, width = held.shape[:2]
    shown = QImage(held.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    pixmap = QPixmap.fromImage(shown).scaled(
        PICTURE * 2, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    pixmap.setDevicePixelRatio(2)
    return pixmap
