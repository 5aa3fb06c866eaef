"""Holds what the views show and has their pictures drawn by whatever draws here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from app.core.render.buffers import PictureArrays
from app.core.render.camera import Camera, look_at
from app.core.render.plan import FULL, Budget, Cost, Detail
from app.core.render.protocol import (
    CloseView,
    Hold,
    RemoveItem,
    Resize,
    SetCamera,
    SetColors,
    SetItem,
    SetStyle,
)
from app.core.render.stage import Stage

Painter = Callable[[dict[str, Stage], str, Camera, int, int, float], np.ndarray]
"""Another renderer's colours of a stage, (h, w, 3) uint8: stages, view, camera, width, height, point size."""


@dataclass
class View:
    """What one view shows and from where."""

    stage: Stage = field(default_factory=Stage)
    camera: Camera = field(default_factory=lambda: look_at(np.array([-20.0, 0, 12]), np.zeros(3)))
    width: int = 0
    height: int = 0
    ratio: float = 1.0
    moving: bool = False
    held: bool = False
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True)
class Drawing:
    """How a picture came about: size, points drawn that are not hidden, whether at full detail, seconds."""

    width: int
    height: int
    drawn: int
    final: bool
    seconds: float


class Drawer(Protocol):
    """Fills the arrays of one picture of a view."""

    whole: bool
    """Whether its pictures show everything (depth shading, lines, labels)."""

    def paint(self, views: dict[str, View], name: str, arrays: PictureArrays, strata: int, ratio: float) -> Cost:
        """Draw ``strata`` of the points; sizes in pixels times ``ratio``. What it took."""


class Compositor:
    """The views of one render process. ``drawer`` may be changed for a better one at any time."""

    def __init__(self, drawer: Drawer) -> None:
        self.views: dict[str, View] = {}
        self.drawer = drawer

    def apply(self, message: object) -> str:
        """Take in one scene message; returns the view whose picture it changes, or ''."""
        if isinstance(message, CloseView):
            self.views.pop(message.view, None)
            return ""
        if not isinstance(message, SetItem | SetColors | RemoveItem | SetStyle | SetCamera | Resize | Hold):
            return ""
        view = self.views.setdefault(message.view, View())
        if isinstance(message, SetItem):
            view.stage.set_item(message.name, message.item)
        elif isinstance(message, SetColors):
            view.stage.set_colors(message.name, message.colors, message.shown)
        elif isinstance(message, RemoveItem):
            view.stage.remove_item(message.name)
        elif isinstance(message, SetStyle):
            view.stage.style = message.style
        elif isinstance(message, SetCamera):
            view.camera, view.moving = message.camera, message.moving
        elif isinstance(message, Hold):
            view.held = message.held
        else:
            view.width, view.height, view.ratio = message.width, message.height, message.ratio
        return message.view

    def plan(self, name: str) -> Detail:
        """What fits into the time there is while the view moves, or everything when it rests."""
        view = self.views[name]
        if not view.moving:
            return FULL
        moving = sum(other.moving and other.width > 0 for other in self.views.values())
        return view.budget.detail(view.width * view.height, view.stage.points, sharing=moving)

    def draw(self, name: str, detail: Detail, out: Callable[[int, int], PictureArrays]) -> Drawing:
        """Draw a view into the arrays that ``out(width, height)`` gives."""
        view = self.views[name]
        width = max(int(view.width * detail.scale), 1)
        height = max(int(view.height * detail.scale), 1)
        cost = self.drawer.paint(self.views, name, out(width, height), detail.strata, detail.scale * view.ratio)
        drawn = sum(cloud.count(detail.strata) for cloud in view.stage.clouds.values())
        view.budget.learn(width * height, drawn, cost)
        return Drawing(
            width, height, view.stage.seen(detail.strata), self.drawer.whole and detail == FULL, sum(cost)
        )

    def still(self, name: str, width: int, height: int) -> np.ndarray:
        """(h, w, 3) uint8: the view at full detail and any size; points keep their share of the picture."""
        view = self.views[name]
        image = np.empty((height, width, 3), np.uint8)
        arrays = PictureArrays(image, np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32))
        ratio = view.ratio * height / view.height if view.height else view.ratio
        self.drawer.paint(self.views, name, arrays, FULL.strata, ratio)
        return image
