"""What Qt paints over a 3D view: title, rubber band, busy dot, the ring round the hovered point and its label."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.core.render.lettering import HALO, Placed

_CHIP = QColor(22, 25, 31, 225)
_EDGE = QColor(255, 255, 255, 38)
_TEXT = QColor(226, 230, 238)
_DIM = QColor(150, 158, 172)
ACCENT = QColor(92, 196, 255)


class ViewOverlay(QWidget):
    """A transparent child that covers the view and lets all events through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._title = ""
        self._busy = False
        self._band: list[tuple[float, float]] = []
        self._hover: tuple[float, float] | None = None
        self._label: tuple[str, ...] = ()
        self._message = ""
        self._labels: list[Placed] = []

    def set_title(self, title: str) -> None:
        """What the view shows, in the chip at the upper left."""
        self._change("_title", title)

    def set_busy(self, busy: bool) -> None:
        """A dot while a picture that should be there is still being made."""
        self._change("_busy", busy)

    def set_band(self, polygon: list[tuple[float, float]]) -> None:
        """The rubber band of box and lasso, in widget pixels; [] takes it away."""
        self._change("_band", list(polygon))

    def set_hover(self, pixel: tuple[float, float] | None, label: tuple[str, ...] = ()) -> None:
        """Ring about the hovered point and the lines of its label; None takes them away."""
        self._change("_hover", pixel)
        self._change("_label", label)

    def set_labels(self, labels: list[Placed]) -> None:
        """Labels of the scene in device pixels, for a view that does not draw them into its picture."""
        if labels or self._labels:
            self._labels = labels
            self.update()

    def set_message(self, message: str) -> None:
        """A sentence in the middle of an empty view."""
        self._change("_message", message)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for label in self._labels:
            self._paint_label(painter, label)
        if self._band:
            self._paint_band(painter)
        if self._hover is not None:
            self._paint_hover(painter, QPointF(*self._hover))
        if self._title:
            self._chip(painter, QPointF(10, 10), (self._title,))
        if self._busy:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ACCENT)
            painter.drawEllipse(QPointF(self.width() - 16, 16), 4, 4)
        if self._message:
            painter.setPen(_DIM)
            area = QRectF(self.rect()).adjusted(30, 30, -30, -30)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._message)
        painter.end()

    def _change(self, name: str, value: object) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.update()

    def _paint_label(self, painter: QPainter, label: Placed) -> None:
        ratio = self.devicePixelRatioF()
        rows, columns = label.letters.shape
        area = QRectF(label.x / ratio, label.y / ratio, columns / ratio, rows / ratio)
        for mask, color in ((label.rim * HALO, (0, 0, 0)), (label.letters, label.color)):
            pixels = np.empty((rows, columns, 4), np.uint8)
            pixels[..., :3] = color
            pixels[..., 3] = mask * 255
            painter.drawImage(area, QImage(pixels.data, columns, rows, columns * 4, QImage.Format.Format_RGBA8888))

    def _paint_band(self, painter: QPainter) -> None:
        painter.setPen(QPen(ACCENT, 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(ACCENT.red(), ACCENT.green(), ACCENT.blue(), 40))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in self._band]))

    def _paint_hover(self, painter: QPainter, at: QPointF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 170), 3.5))
        painter.drawEllipse(at, 6, 6)
        painter.setPen(QPen(ACCENT, 1.6))
        painter.drawEllipse(at, 6, 6)
        if self._label:
            self._chip(painter, at + QPointF(14, 14), self._label)

    def _chip(self, painter: QPainter, corner: QPointF, lines: tuple[str, ...]) -> None:
        """Lines of text on a rounded dark plate that stays inside the view; lines after the first are dimmer."""
        metrics = QFontMetricsF(self.font())
        width = max(metrics.horizontalAdvance(line) for line in lines) + 20
        height = metrics.height() * len(lines) + 12
        x = max(min(corner.x(), self.width() - width - 4), 4.0)
        y = corner.y() if corner.y() + height <= self.height() - 4 else corner.y() - height - 28
        painter.setPen(QPen(_EDGE, 1))
        painter.setBrush(_CHIP)
        painter.drawRoundedRect(QRectF(x, y, width, height), 6, 6)
        for number, line in enumerate(lines):
            painter.setPen(_DIM if number else _TEXT)
            painter.drawText(QPointF(x + 10, y + 6 + metrics.ascent() + number * metrics.height()), line)
