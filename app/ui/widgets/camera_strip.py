"""Small pictures of all cameras, laid out as they look: front ones above, left to right, rear ones below."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QGridLayout, QWidget

from app.core.types import CameraView
from app.ui import theme

THUMB = QSize(104, 60)
COMPACT = QSize(64, 38)
"""Where the large picture would have no room beside them."""

COLUMNS = 3


class Thumb(QWidget):
    """One small picture with its name; a click chooses it."""

    def __init__(self, name: str, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self.name = name
        self._chosen = chosen
        self._picture: QPixmap | None = None
        self.checked = False
        self.setFixedSize(THUMB)
        self.setToolTip(name)
        self.setAccessibleName(f"Camera {name}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_image(self, image: np.ndarray | None) -> None:
        """(h, w, 3) uint8 or None where the picture is missing."""
        self._picture = thumbnail(image) if image is not None else None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose this camera."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._chosen(self.name)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture, name on a dark foot, accent frame when chosen."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._picture is None:
            painter.fillRect(self.rect(), now.color("control"))
        else:
            painter.drawPixmap(self.rect(), self._picture)
        foot = QRectF(0, self.height() - 16, self.width(), 16)
        ground = theme.DARK.color("panel")
        ground.setAlpha(190)
        painter.fillRect(foot, ground)
        painter.setFont(theme.font(11))
        painter.setPen(theme.DARK.color("text"))
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, short_name(self.name))
        if self.checked:
            painter.setPen(QPen(now.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()


class CameraStrip(QWidget):
    """Hidden with fewer than two cameras."""

    def __init__(self, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self._chosen = chosen
        self._compact = True
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6, 6, 6, 6)
        self._grid.setSpacing(4)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.thumbs: dict[str, Thumb] = {}

    def set_compact(self, on: bool) -> None:
        """Smaller pictures, or the usual ones."""
        if on != self._compact:
            self._compact = on
            for thumb in self.thumbs.values():
                thumb.setFixedSize(self._size)

    @property
    def _size(self) -> QSize:
        return COMPACT if self._compact else THUMB

    def show_cameras(
        self,
        cameras: tuple[CameraView, ...],
        images: Mapping[str, np.ndarray],
        current: str,
        heading: float = 0.0,
    ) -> None:
        """Show these cameras' pictures; ``current`` is marked; ``heading`` as in ``Frame``."""
        rows = surround(cameras, heading)
        names = [camera.name for row in rows for camera in row]
        if names != list(self.thumbs):
            self._rebuild(rows)
        self.setVisible(len(cameras) > 1)
        if len(cameras) < 2:
            return
        for name, thumb in self.thumbs.items():
            thumb.show_image(images.get(name))
        self.mark(current)

    def mark(self, current: str) -> None:
        """Mark another camera."""
        for name, thumb in self.thumbs.items():
            thumb.checked = name == current
            thumb.update()

    def _rebuild(self, rows: list[list[CameraView]]) -> None:
        for thumb in self.thumbs.values():
            self._grid.removeWidget(thumb)
            thumb.deleteLater()
        self.thumbs = {}
        for r, row in enumerate(rows):
            for c, camera in enumerate(row):
                thumb = Thumb(camera.name, self._chosen)
                thumb.setFixedSize(self._size)
                self._grid.addWidget(thumb, r, c)
                self.thumbs[camera.name] = thumb


def yaw(camera: CameraView, heading: float = 0.0) -> float:
    """Direction a camera looks in, degrees in ±180, 0 ahead and positive to the left (``heading``: ``Frame``)."""
    forward = camera.camera_from_sensor[2, :3]
    angle = math.degrees(math.atan2(float(forward[1]), float(forward[0])) - heading)
    return (angle + 180) % 360 - 180


def surround(cameras: tuple[CameraView, ...], heading: float = 0.0) -> list[list[CameraView]]:
    """Rows of cameras: those that look ahead from left to right, then those that look back, as in a mirror.

    Rows are at most three long.
    """
    angles = {camera.name: yaw(camera, heading) for camera in cameras}
    ahead = sorted((c for c in cameras if abs(angles[c.name]) < 90), key=lambda c: -angles[c.name])
    back = sorted((c for c in cameras if abs(angles[c.name]) >= 90), key=lambda c: angles[c.name] % 360)
    rows = []
    for group in (ahead, back):
        rows += [group[i : i + COLUMNS] for i in range(0, len(group), COLUMNS)]
    return rows


def frontmost(cameras: tuple[CameraView, ...], heading: float = 0.0) -> str:
    """Name of the camera that looks most nearly ahead; the first of equals."""
    return min(cameras, key=lambda c: round(abs(yaw(c, heading)), 1)).name if cameras else ""


def short_name(name: str) -> str:
    """``CAM_FRONT_LEFT`` as ``front left``."""
    return name.removeprefix("CAM_").replace("_", " ").lower()


def thumbnail(image: np.ndarray) -> QPixmap:
    """A small picture made from every n-th pixel: six of them cost a millisecond."""
    step = max(1, image.shape[1] // (THUMB.width() * 2))
    small = np.ascontiguousarray(image[::step, ::step])
    height, width = small.shape[:2]
    shown = QImage(small.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    filled = QPixmap.fromImage(shown).scaled(
        THUMB * 2, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    left, top = (filled.width() - THUMB.width() * 2) // 2, (filled.height() - THUMB.height() * 2) // 2
    return filled.copy(left, top, THUMB.width() * 2, THUMB.height() * 2)
