"""Marks over a 3D view: a ring round the hovered point, a cross on the picked one, and a small tooltip.

They are painted by Qt over the finished picture, so they follow the pointer at once, however long a new
picture takes. They lie where the camera of that picture puts them.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.core.render.camera import Camera
from app.ui import theme
from app.ui.widgets.rows import draw_swatch

RING = 7.0
PAD = 8.0
LINE = 17.0


class MarkerLayer(QWidget):
    """Lies over a view and lets every mouse event through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._camera: Camera | None = None
        self._hover: np.ndarray | None = None
        self._picked: np.ndarray | None = None
        self._lines: tuple[str, ...] = ()
        self._swatch: QColor | None = None

    def set_camera(self, camera: Camera) -> None:
        """The camera of the picture below."""
        self._camera = camera
        if self._hover is not None or self._picked is not None:
            self.update()

    def set_hover(
        self, point: np.ndarray | None, lines: tuple[str, ...] = (), swatch: QColor | None = None
    ) -> None:
        """Ring a point (3,); ``lines`` are written beside it, the first one strong."""
        if point is None and self._hover is None:
            return
        self._hover, self._lines, self._swatch = point, lines, swatch
        self.update()

    def set_picked(self, point: np.ndarray | None) -> None:
        """Mark the picked point (3,)."""
        if point is None and self._picked is None:
            return
        self._picked = point
        self.update()

    def paint_on(self, painter: QPainter, size: tuple[int, int], scale: float = 1.0) -> None:
        """Paint the picked point's mark on a picture of ``size`` (saved pictures carry it too)."""
        at = self._pixel(self._picked, size)
        if at is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            _cross(painter, at, scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rings, cross and tooltip."""
        size = (self.width(), self.height())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        picked, hover = self._pixel(self._picked, size), self._pixel(self._hover, size)
        if picked is not None:
            _cross(painter, picked, 1.0)
        if hover is not None:
            _ring(painter, hover)
            if self._lines:
                draw_tooltip(painter, hover, self._lines, self._swatch, QRectF(self.rect()))
        painter.end()

    def _pixel(self, point: np.ndarray | None, size: tuple[int, int]) -> QPointF | None:
        if point is None or self._camera is None or not np.isfinite(point).all():
            return None
        pixels, depth = self._camera.project(point[None], *size)
        x, y = float(pixels[0, 0]), float(pixels[0, 1])
        inside = depth[0] > 0 and -20 <= x <= size[0] + 20 and -20 <= y <= size[1] + 20
        return QPointF(x, y) if inside else None


def draw_tooltip(
    painter: QPainter, at: QPointF, lines: tuple[str, ...], swatch: QColor | None, area: QRectF
) -> None:
    """A small plate beside ``at`` that stays inside ``area``; the first line is strong, with the swatch."""
    now = theme.current()
    fonts = [theme.font(12, bold=i == 0) for i in range(len(lines))]
    indent = 17.0 if swatch is not None else 0.0
    widths = [QFontMetrics(font).horizontalAdvance(line) for font, line in zip(fonts, lines, strict=True)]
    width = max(w + (0 if i else indent) for i, w in enumerate(widths)) + 2 * PAD
    height = LINE * len(lines) + 2 * PAD - 4
    x = at.x() + 14 if at.x() + 14 + width < area.right() else max(at.x() - 14 - width, area.left() + 4)
    y = min(max(at.y() - height - 10, area.top() + 4), area.bottom() - height - 4)
    ground = now.color("raised")
    ground.setAlpha(238)
    painter.setPen(QPen(now.color("line"), 1))
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(x, y, width, height), 6, 6)
    top = y + PAD - 2
    for i, (font, line) in enumerate(zip(fonts, lines, strict=True)):
        left = x + PAD + (0 if i else indent)
        if swatch is not None and not i:
            draw_swatch(painter, QRectF(x + PAD, top + 3, 11, 11), swatch)
        painter.setFont(font)
        painter.setPen(now.color("soft" if i else "text"))
        painter.drawText(QRectF(left, top, width, LINE), Qt.AlignmentFlag.AlignVCenter, line)
        top += LINE


def _ring(painter: QPainter, at: QPointF) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((QColor(0, 0, 0, 170), 4.0), (theme.current().color("accent"), 2.0)):
        painter.setPen(QPen(color, width))
        painter.drawEllipse(at, RING, RING)


def _cross(painter: QPainter, at: QPointF, scale: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner, outer = 5.0 * scale, 12.0 * scale
    for color, width in ((QColor(0, 0, 0, 180), 4.5), (QColor(255, 255, 255), 2.0)):
        painter.setPen(QPen(color, width * scale, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(
                QPointF(at.x() + dx * inner, at.y() + dy * inner), QPointF(at.x() + dx * outer, at.y() + dy * outer)
            )
