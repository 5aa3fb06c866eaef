"""The visibility test of one superpoint in one camera: its points on the picture, and both depths as a strip."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.affinity.inspecting import Sighting
from app.ui import text, theme

PICTURE_MOST, STRIP, LINE, GAP = 128, 34, 17, 4
DOTS = 600
"""So many points are drawn at most, evenly chosen."""

REACH = 1.6
"""The strip reaches this many times the way from the surface to the limit, at least."""


class SightingView(QWidget):
    """Picture about the superpoint with its points (seen, hidden); below, how far each lies behind the surface."""

    def __init__(self) -> None:
        super().__init__()
        self.sighting: Sighting | None = None
        self._image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(1)

    def show_sighting(self, sighting: Sighting) -> None:
        """Show another one."""
        if sighting is self.sighting:
            return
        self.sighting = sighting
        held = np.ascontiguousarray(sighting.image, dtype=np.uint8)
        self._image = None
        if held.size:
            high, wide = held.shape[:2]
            self._image = QImage(held.data, wide, high, 3 * wide, QImage.Format.Format_RGB888).copy()
        self.setFixedHeight(LINE + (PICTURE_MOST + GAP if self._image is not None else 0) + STRIP + LINE)
        self.setAccessibleName(f"Visibility in {sighting.camera}: {words(sighting)}")
        self.setToolTip(f"{sighting.camera} · {sighting.rule}\n{words(sighting)}")
        self.update()

    def sizeHint(self) -> QSize:
        """Picture and strip."""
        return QSize(220, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Heading, picture, strip, figures."""
        one, now = self.sighting, theme.current()
        if one is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        head = QRectF(0, 0, self.width(), LINE)
        painter.setFont(theme.font(12, bold=True))
        painter.setPen(now.color("text"))
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, one.camera)
        painter.setFont(theme.font(12))
        painter.setPen(now.color("good" if one.visible.any() else "error"))
        seen = f"{text.count(int(one.visible.sum()))} of {text.count(len(one.visible))} seen"
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, seen)
        top = float(LINE)
        if self._image is not None:
            self._paint_picture(painter, QRectF(0, top, self.width(), PICTURE_MOST), one, self._image)
            top += PICTURE_MOST + GAP
        self._paint_strip(painter, QRectF(0, top, self.width(), STRIP), one)
        painter.setFont(theme.font(11))
        painter.setPen(now.color("soft"))
        foot = QRectF(0, top + STRIP, self.width(), LINE)
        painter.drawText(foot, Qt.AlignmentFlag.AlignVCenter, depths(one))
        painter.end()

    @staticmethod
    def _paint_picture(painter: QPainter, area: QRectF, one: Sighting, image: QImage) -> None:
        now = theme.current()
        rounded = QPainterPath()
        rounded.addRoundedRect(area, 5, 5)
        painter.save()
        painter.setClipPath(rounded)
        painter.fillRect(area, now.color("control"))
        scale = min(area.width() / image.width(), area.height() / image.height())
        wide, high = image.width() * scale, image.height() * scale
        left, top = area.center().x() - wide / 2, area.center().y() - high / 2
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        painter.drawImage(QRectF(left, top, wide, high), image)
        dark = theme.DARK
        for place in _some(len(one.pixel)):
            x = left + (float(one.pixel[place, 0]) - one.corner[0]) * scale
            y = top + (float(one.pixel[place, 1]) - one.corner[1]) * scale
            painter.setPen(QPen(QColor(0, 0, 0, 150), 0.8))
            painter.setBrush(dark.color("good" if one.visible[place] else "error"))
            painter.drawEllipse(QPointF(x, y), 2.2, 2.2)
        painter.restore()

    @staticmethod
    def _paint_strip(painter: QPainter, area: QRectF, one: Sighting) -> None:
        """Each point by how far it lies behind the surface; right of the limit it is hidden."""
        now = theme.current()
        behind = one.depth - one.surface
        limit = one.limit - one.surface
        known = np.isfinite(behind)
        bound = float(np.nanmedian(limit)) if np.isfinite(limit).any() else float("nan")
        least = bound * REACH if np.isfinite(bound) else 0.5
        far = max(float(np.percentile(behind[known], 98)) * 1.1 if known.any() else 0.0, least, 0.1)
        near = min(float(behind[known].min()) if known.any() else 0.0, 0.0) - 0.06 * far
        scale = area.width() / (far - near)
        middle = area.top() + 10
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("control"))
        painter.drawRoundedRect(QRectF(area.left(), middle - 7, area.width(), 14), 4, 4)
        for place in _some(len(behind)):
            if known[place]:
                x = min(area.left() + (float(behind[place]) - near) * scale, area.right() - 1)
                color = QColor(now.color("good" if one.visible[place] else "error"))
                color.setAlpha(150)
                painter.fillRect(QRectF(x - 0.75, middle - 6, 1.5, 12), color)
        painter.setFont(theme.font(11))
        marks = [("surface", area.left() - near * scale)]
        if np.isfinite(bound):
            marks.append((f"limit +{text.number(bound)} m", area.left() + (bound - near) * scale))
        for (said, x), align in zip(marks, (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight), strict=False):
            painter.setPen(QPen(now.color("text"), 1.5))
            painter.drawLine(QPointF(x, middle - 9), QPointF(x, middle + 9))
            painter.setPen(now.color("soft"))
            painter.drawText(QRectF(area.left(), middle + 9, area.width(), 14), align, said)


def _some(count: int) -> range:
    return range(0, count, max(count // DOTS, 1))


def depths(one: Sighting) -> str:
    """Both depths in figures."""
    if not len(one.depth) or not np.isfinite(one.surface).any():
        return "No depth is known of the surface there."
    depth, surface = float(np.nanmedian(one.depth)), float(np.nanmedian(one.surface))
    return f"depth {text.number(depth)} m · surface {text.number(surface)} m (medians)"


def words(one: Sighting) -> str:
    """The test in one line."""
    return f"{text.count(int(one.visible.sum()))} of {text.count(len(one.visible))} points seen; {depths(one)}"
