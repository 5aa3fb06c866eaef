"""What the views have in common that take their pictures from a render client."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.render.camera import Camera
from app.core.render.client import RenderClient
from app.core.render.picking import Pick, pick
from app.core.render.protocol import (
    CloseView,
    Hold,
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


class ClientViewport:
    """A :class:`~app.ui.viewer.viewport.Viewport` that sends its scene to a :class:`RenderClient`.

    Subclasses give the widget and show pictures (:meth:`_display`), or draw by themselves and use the client's
    pictures for picking alone.
    """

    def __init__(self, client: RenderClient, name: str, widget: QWidget, overlay: ViewOverlay) -> None:
        self.on_camera: Callable[[Camera], None] | None = None
        self.on_hover: Callable[[Pick | None], None] | None = None
        self.on_click: Callable[[Pick | None, set[str]], None] | None = None
        self.on_region: Callable[[np.ndarray, set[str]], None] | None = None
        self.on_picture: Callable[[Picture], None] | None = None
        self.picture: Picture | None = None
        self._client, self._name = client, name
        self.style = Style()
        self._newest: Picture | None = None
        self._lock = threading.Lock()
        self._told: Camera | None = None  # a camera that came from outside is not reported back
        self._relay = _Relay()
        self._relay.arrived.connect(self._show_newest)
        self._relay.called.connect(_call)
        self.widget, self.overlay = widget, overlay
        self._navigation = Navigation(
            widget,
            overlay,
            Handlers(self._moved, self.pick, self._hovered, self._clicked, self._region),
        )
        client.listen(name, self._arrived)
        client.send(SetStyle(name, self.style))
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
        self.style = style
        self._client.send(SetStyle(self._name, style))

    def set_camera(self, camera: Camera, *, moving: bool = False) -> None:
        self._told = camera
        self._navigation.jump_to(camera, moving=moving)

    def fly_to(self, camera: Camera) -> None:
        self._navigation.fly_to(camera)

    def hold(self, held: bool) -> None:
        self._client.send(Hold(self._name, held))

    def set_tool(self, tool: str) -> None:
        self._navigation.set_tool(tool)

    def pick(self, x: float, y: float) -> Pick | None:
        if self.picture is None:
            return None
        size = self.style.point_size
        return pick(self.picture, x, y, self.widget.width(), self.widget.height(), point_size=size)

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
        self._display(picture)
        if self.on_picture is not None:
            self.on_picture(picture)

    def _display(self, picture: Picture) -> None:
        """Show a new picture."""

    def _resized(self) -> None:
        ratio = self.widget.devicePixelRatioF()
        width, height = round(self.widget.width() * ratio), round(self.widget.height() * ratio)
        self._client.send(Resize(self._name, width, height, ratio))

    def _moved(self, camera: Camera, moving: bool) -> None:
        self._send_camera(camera, moving)
        if self.on_camera is not None and camera is not self._told:  # coming to rest is no move
            self._told = camera
            self.on_camera(camera)

    def _send_camera(self, camera: Camera, moving: bool) -> None:
        self._client.send(SetCamera(self._name, camera, moving))

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
