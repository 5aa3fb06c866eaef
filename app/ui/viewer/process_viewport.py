"""The 3D view whose pictures come from the render processes: the usual one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.core.render.camera import Camera
from app.core.render.client import RenderClient
from app.core.render.picking import Pick, pick
from app.core.render.protocol import (
    CloseView,
    Picture,
    RemoveItem,
    Resize,
    SetCamera,
    SetColors,
    SetItem,
    SetStyle,
)
from app.core.render.scene import Item, Style
from app.ui.viewer.navigation import Handlers, Navigation
from app.ui.viewer.overlay import ViewOverlay


class _Relay(QObject):
    """Brings what threads of the client say to the main thread."""

    arrived = Signal()
    called = Signal(object)


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

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.overlay.setGeometry(self.rect())
        if self.on_resize is not None:
            self.on_resize()


class ProcessViewport:
    """A :class:`~app.ui.viewer.viewport.Viewport` on a :class:`RenderClient`."""

    def __init__(self, client: RenderClient, name: str) -> None:
        self.on_camera: Callable[[Camera], None] | None = None
        self.on_hover: Callable[[Pick | None], None] | None = None
        self.on_click: Callable[[Pick | None, set[str]], None] | None = None
        self.on_region: Callable[[np.ndarray, set[str]], None] | None = None
        self.on_picture: Callable[[Picture], None] | None = None
        self.picture: Picture | None = None
        self._client, self._name = client, name
        self._style = Style()
        self._newest: Picture | None = None
        self._lock = threading.Lock()
        self._quiet = False  # a camera that came from outside is not reported back
        self._relay = _Relay()
        self._relay.arrived.connect(self._show_newest)
        self._relay.called.connect(_call)
        self._view = PictureWidget()
        self.widget: QWidget = self._view
        self.overlay = self._view.overlay
        self._view.on_resize = self._resized
        self._navigation = Navigation(
            self._view,
            self.overlay,
            Handlers(self._moved, self.pick, self._hovered, self._clicked, self._region),
        )
        client.listen(name, self._arrived)
        client.send(SetStyle(name, self._style))
        client.send(SetCamera(name, self.camera, moving=False))

    @property
    def camera(self) -> Camera:
        """Where the view looks from."""
        return self._navigation.camera

    def set_item(self, name: str, item: Item) -> None:
        self._client.send(SetItem(self._name, name, item))

    def set_colors(self, name: str, colors: np.ndarray, shown: np.ndarray | None = None) -> None:
        self._client.send(SetColors(self._name, name, colors, shown))

    def remove_item(self, name: str) -> None:
        self._client.send(RemoveItem(self._name, name))

    def set_style(self, style: Style) -> None:
        self._style = style
        self._view.background = QColor(*style.background)
        self._client.send(SetStyle(self._name, style))

    def set_camera(self, camera: Camera, *, moving: bool = False) -> None:
        self._quiet = True
        self._navigation.jump_to(camera, moving=moving)
        self._quiet = False

    def fly_to(self, camera: Camera) -> None:
        self._navigation.fly_to(camera)

    def set_tool(self, tool: str) -> None:
        self._navigation.set_tool(tool)

    def pick(self, x: float, y: float) -> Pick | None:
        if self.picture is None:
            return None
        size = self._style.point_size
        return pick(self.picture, x, y, self._view.width(), self._view.height(), point_size=size)

    def snapshot(self, width: int, height: int, done: Callable[[np.ndarray], None]) -> None:
        self._client.take_picture(
            self._name, width, height, lambda image: self._relay.called.emit(lambda: done(image))
        )

    def close(self) -> None:
        self._navigation.close()
        self._client.listen(self._name, None)
        self._client.send(CloseView(self._name))

    def _arrived(self, picture: Picture) -> None:
        """On the client's thread: of pictures that come faster than they are painted only the newest is."""
        with self._lock:
            waiting = self._newest is not None
            self._newest = picture
        if not waiting:
            self._relay.arrived.emit()

    def _show_newest(self) -> None:
        with self._lock:
            picture, self._newest = self._newest, None
        if picture is None:
            return
        self.picture = picture
        self._view.show_image(picture.image)
        if self.on_picture is not None:
            self.on_picture(picture)

    def _resized(self) -> None:
        ratio = self._view.devicePixelRatioF()
        width, height = round(self._view.width() * ratio), round(self._view.height() * ratio)
        self._client.send(Resize(self._name, width, height, ratio))

    def _moved(self, camera: Camera, moving: bool) -> None:
        self._client.send(SetCamera(self._name, camera, moving))
        if self.on_camera is not None and not self._quiet:
            self.on_camera(camera)

    def _hovered(self, found: Pick | None) -> None:
        if self.on_hover is not None:
            self.on_hover(found)

    def _clicked(self, found: Pick | None, modifiers: set[str]) -> None:
        if self.on_click is not None:
            self.on_click(found, modifiers)

    def _region(self, polygon: np.ndarray, modifiers: set[str]) -> None:
        if self.on_region is not None:
            self.on_region(polygon, modifiers)


def _call(work: Callable[[], None]) -> None:
    work()
