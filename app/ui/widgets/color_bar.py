"""The colour map of a scalar layer with the values it stands for."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from app.core.layers import colormaps
from app.ui import text, theme


def gradient(colormap: str) -> QImage:
    """A 256 × 1 picture of a colour map."""
    rgb = np.ascontiguousarray(colormaps.table(colormap)[: colormaps.LEVELS])
    return QImage(rgb.data, colormaps.LEVELS, 1, 3 * colormaps.LEVELS, QImage.Format.Format_RGB888).copy()


def swatch_icon(colormap: str, width: int = 84, height: int = 12) -> QIcon:
    """The colour map as an icon for a list."""
    picture = QPixmap(width * 2, height * 2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.drawImage(QRectF(0, 0, width * 2, height * 2), gradient(colormap))
    painter.end()
    picture.setDevicePixelRatio(2)
    return QIcon(picture)


NOUGHT = 3e-3
"""Share of the range below which a value is written as 0: less than one of the 256 colours."""


class ColorBar(QWidget):
    """A bar with its lowest, middle and highest value below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._image = gradient("turbo")
        self._labels = ("", "", "")

    def sizeHint(self) -> QSize:
        """Wide enough for three values of eight figures."""
        return QSize(216, 46)

    def show_range(self, colormap: str, low: float, high: float, unit: str) -> None:
        """Show another map or range."""
        span = abs(high - low)
        digits = 2 if span < 10 else 1 if span < 100 else 0
        low, middle, high = (0.0 if abs(v) < NOUGHT * span else v for v in (low, (low + high) / 2, high))
        self._image = gradient(colormap)
        self._labels = text.value(low, unit, digits), text.number(middle, digits), text.value(high, unit, digits)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A chip like the others of the view."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(now.color("line"))
        painter.setBrush(now.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.drawImage(QRectF(10, 9, self.width() - 20, 10), self._image)
        painter.setFont(theme.font(12))
        painter.setPen(now.color("soft"))
        row = QRectF(10, 22, self.width() - 20, 18)
        for label, align in zip(
            self._labels,
            (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight),
            strict=True,
        ):
            painter.drawText(row, align | Qt.AlignmentFlag.AlignVCenter, label)
        painter.end()
