"""A view that draws nothing and remembers what it was told: for tests of what stands around a view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget

from app.core.render.camera import Camera, look_at
from app.core.render.picking import Pick
from app.core.render.protocol import Picture
from app.core.render.scene import Cloud, Item, Style
from app.ui.viewer.overlay import ViewOverlay


class NullViewport:
    """A :class:`~app.ui.viewer.viewport.Viewport`. ``calls`` holds (method, arguments) in order; ``items`` what
    would be drawn. ``found`` is what every :meth:`pick` answers."""

    def __init__(self) -> None:
        self.widget = QWidget()
        self.overlay = ViewOverlay(self.widget)
        self.camera: Camera = look_at(np.array([-22.0, 0.0, 13.0]), np.zeros(3))
        self.on_camera: Callable[[Camera], None] | None = None
        self.on_hover: Callable[[Pick | None], None] | None = None
        self.on_click: Callable[[Pick | None, set[str]], None] | None = None
        self.on_region: Callable[[np.ndarray, set[str]], None] | None = None
        self.on_picture: Callable[[Picture], None] | None = None
        self.picture: Picture | None = None
        self.items: dict[str, Item] = {}
        self.style = Style()
        self.tool = "navigate"
        self.found: Pick | None = None
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.closed = False

    def set_item(self, name: str, item: Item) -> None:
        self._note("set_item", name, item)
        self.items[name] = item

    def set_colors(self, name: str, colors: np.ndarray, shown: np.ndarray | None = None) -> None:
        self._note("set_colors", name, colors, shown)
        item = self.items.get(name)
        if isinstance(item, Cloud):
            self.items[name] = Cloud(item.points, colors, shown, item.pickable)

    def remove_item(self, name: str) -> None:
        self._note("remove_item", name)
        self.items.pop(name, None)

    def set_style(self, style: Style) -> None:
        self._note("set_style", style)
        self.style = style

    def set_camera(self, camera: Camera, *, moving: bool = False) -> None:
        self._note("set_camera", camera, moving)
        self.camera = camera

    def fly_to(self, camera: Camera) -> None:
        self._note("fly_to", camera)
        self.camera = camera
        if self.on_camera is not None:
            self.on_camera(camera)

    def hold(self, held: bool) -> None:
        self._note("hold", held)

    def set_tool(self, tool: str) -> None:
        self._note("set_tool", tool)
        self.tool = tool

    def pick(self, x: float, y: float) -> Pick | None:
        return self.found

    def snapshot(self, width: int, height: int, done: Callable[[np.ndarray], None]) -> None:
        self._note("snapshot", width, height)
        image = np.empty((height, width, 3), np.uint8)
        image[:] = self.style.background
        done(image)

    def close(self) -> None:
        self._note("close")
        self.closed = True

    def _note(self, method: str, *arguments: Any) -> None:
        self.calls.append((method, arguments))
