"""The interface between the window and whatever draws: Open3D, pyqtgraph's GL, or nothing (tests)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from PySide6.QtWidgets import QWidget

from app.core.render.camera import Camera
from app.core.render.picking import Pick
from app.core.render.protocol import Picture
from app.core.render.scene import Item, Style
from app.ui.viewer.overlay import ViewOverlay


class Viewport(Protocol):
    """One 3D view. All calls come from the main thread and return at once; pictures come later.

    Callbacks (None until set) are called on the main thread:
    ``on_camera(camera)`` the user moved it; ``on_hover(pick | None)``; ``on_click(pick | None, modifiers)``;
    ``on_region(polygon (K, 2) float64 pixels, modifiers)`` a box or lasso was drawn; ``on_picture(picture)``.
    """

    widget: QWidget
    overlay: ViewOverlay
    picture: Picture | None
    """The newest finished picture."""
    on_camera: Callable[[Camera], None] | None
    on_hover: Callable[[Pick | None], None] | None
    on_click: Callable[[Pick | None, set[str]], None] | None
    on_region: Callable[[np.ndarray, set[str]], None] | None
    on_picture: Callable[[Picture], None] | None

    @property
    def camera(self) -> Camera:
        """Where the view looks from now."""

    def set_item(self, name: str, item: Item) -> None: ...
    def set_colors(self, name: str, colors: np.ndarray, shown: np.ndarray | None = None) -> None: ...
    def remove_item(self, name: str) -> None: ...
    def set_style(self, style: Style) -> None: ...
    def set_camera(self, camera: Camera, *, moving: bool = False) -> None: ...
    def fly_to(self, camera: Camera) -> None:
        """Go there smoothly in a fifth of a second, telling ``on_camera`` on the way."""

    def hold(self, held: bool) -> None:
        """More of the scene is on its way, or it has come: pictures that take long wait meanwhile."""

    def set_tool(self, tool: str) -> None:
        """``navigate``, ``box``, ``lasso`` or ``region``: what a left drag does."""

    def pick(self, x: float, y: float) -> Pick | None:
        """The drawn point nearest to widget pixel (x, y) in the last finished picture."""

    def snapshot(self, width: int, height: int, done: Callable[[np.ndarray], None]) -> None:
        """Draw once at any size; ``done`` gets (height, width, 3) uint8 on the main thread."""

    def close(self) -> None:
        """Let go of processes, threads, timers and shared memory."""
