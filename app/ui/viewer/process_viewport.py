"""The 3D view whose pictures come from the render processes: the usual one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.core.render.client import RenderClient
from app.core.render.protocol import Picture
from app.core.render.scene import Style
from app.ui.viewer.client_viewport import ClientViewport
from app.ui.viewer.overlay import ViewOverlay


class PictureWidget(QWidget):
    """Shows the newest picture, stretched over the widget."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(80, 60)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.overlay = ViewOverlay(self)
        self.background = QColor(0, 0, 0)
        self.on_resize: Callable[[], None] | None = None
        self._image: QImage | None = None
        self._pixels: np.ndarray | None = None

    def show_image(self, pixels: np.ndarray) -> None:
        """Show (h, w, 3) uint8."""
        pixels = np.ascontiguousarray(pixels)
        height, width = pixels.shape[:2]
        self._image = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
        self._pixels = pixels  # QImage looks at this memory
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(800, 500)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None:
            painter.fillRect(self.rect(), self.background)
        else:
            ratio = self.devicePixelRatioF()
            exact = self._image.size() == QSize(round(self.width() * ratio), round(self.height() * ratio))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not exact)
            painter.drawImage(QRectF(self.rect()), self._image)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Also a move to a screen of another pixel density asks for a picture of another size."""
        if event.type() == QEvent.Type.DevicePixelRatioChange and self.on_resize is not None:
            self.on_resize()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.overlay.setGeometry(self.rect())
        if self.on_resize is not None:
            self.on_resize()


class ProcessViewport(ClientViewport):
    """Shows what the render processes draw."""

    def __init__(self, client: RenderClient, name: str) -> None:
        self._picture_widget = PictureWidget()
        super().__init__(client, name, self._picture_widget, self._picture_widget.overlay)
        self._picture_widget.on_resize = self._resized

    def set_style(self, style: Style) -> None:
        self._picture_widget.background = QColor(*style.background)
        super().set_style(style)

    def _display(self, picture: Picture) -> None:
        self._picture_widget.show_image(picture.image)
