"""Draws a view's picture: points and meshes, depth shading, lines and labels, for either renderer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from app.core.render.backdrop import Backdrop
from app.core.render.buffers import PictureArrays
from app.core.render.camera import Camera, look_at
from app.core.render.overlay import Overlay
from app.core.render.plan import Budget, Detail
from app.core.render.protocol import (
    CloseView,
    RemoveItem,
    Resize,
    SetCamera,
    SetColors,
    SetItem,
    SetStyle,
)
from app.core.render.raster import Buffers, Raster
from app.core.render.scene import Cloud, Item, Lines, Mesh
from app.core.render.stage import STRATA, Stage

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
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True)
class Drawing:
    """How a picture came about: size, points drawn, whether at full detail, seconds."""

    width: int
    height: int
    drawn: int
    final: bool
    seconds: float


class Compositor:
    """Holds the views and draws them; ``painter`` with its ``blank`` colour gives the colours, if there is one."""

    def __init__(
        self, raster: Raster | None = None, painter: Painter | None = None, blank: np.ndarray | None = None
    ) -> None:
        self.views: dict[str, View] = {}
        self._raster = raster or Raster()
        self._overlay, self._backdrop = Overlay(self._raster), Backdrop()
        self._painter, self._blank = painter, blank

    def warm(self) -> None:
        """Draw one of everything, so that the loops are compiled (or loaded, but for the first time) before use."""
        points = np.array([[0, 0, 5], [1, 0, 5], [0, 1, 5]], np.float32)
        grey = np.full((3, 3), 128, np.uint8)
        faces = np.array([[0, 1, 2]], np.int32)
        camera = Camera(np.eye(4), np.array([0, 0, 5.0]))
        items: dict[str, Item] = {
            "cloud": Cloud(points, grey),
            "mesh": Mesh(points, faces, grey),
            "veil": Mesh(points, faces, grey, opacity=0.5),
            "lines": Lines(points, faces[:, :2], grey[:1]),
        }
        for name, item in items.items():
            self.apply(SetItem("", name, item))
        self.apply(SetColors("", "cloud", grey, None))
        self.apply(SetCamera("", camera, False))
        self.still("", 48, 32)
        view = self.views.pop("")
        buffers = self._raster.draw(view.stage, camera, 48, 32)
        dark = np.zeros((32, 48, 3), np.uint8)
        self._raster.resolve(buffers, view.stage.table, 1.0, dark[:1, :1].copy(), dark)
        self._raster.split(buffers, 0, 3, np.zeros((32, 48), np.int32), np.zeros((32, 48), np.float32))

    def apply(self, message: object) -> str:
        """Take in one scene message; returns the view whose picture it changes, or ''."""
        if isinstance(message, CloseView):
            self.views.pop(message.view, None)
            return ""
        if not isinstance(message, SetItem | SetColors | RemoveItem | SetStyle | SetCamera | Resize):
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
        else:
            view.width, view.height, view.ratio = message.width, message.height, message.ratio
        return message.view

    def plan(self, name: str) -> Detail:
        """What fits into the time there is while the view moves, or everything when it rests."""
        view = self.views[name]
        if not view.moving:
            return Detail(1.0, STRATA)
        return view.budget.detail(view.width * view.height, view.stage.points)

    def draw(self, name: str, detail: Detail, out: Callable[[int, int], PictureArrays]) -> Drawing:
        """Draw a view into the arrays that ``out(width, height)`` gives."""
        view = self.views[name]
        width = max(int(view.width * detail.scale), 1)
        height = max(int(view.height * detail.scale), 1)
        arrays = out(width, height)
        seconds = self._paint(name, arrays, detail.strata, detail.scale * view.ratio)
        stage = view.stage
        drawn = sum(cloud.count(detail.strata) for cloud in stage.clouds.values())
        view.budget.learn(width * height, drawn, *seconds)
        final = detail.scale >= 1 and detail.strata == STRATA
        return Drawing(width, height, drawn, final, sum(seconds))

    def still(self, name: str, width: int, height: int) -> np.ndarray:
        """(h, w, 3) uint8: the view at full detail and any size; points keep their share of the picture."""
        view = self.views[name]
        image = np.empty((height, width, 3), np.uint8)
        arrays = PictureArrays(image, np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32))
        ratio = view.ratio * height / view.height if view.height else view.ratio
        self._paint(name, arrays, STRATA, ratio)
        return image

    def _paint(self, name: str, arrays: PictureArrays, strata: int, ratio: float) -> tuple[float, float]:
        """Fill ``arrays``; sizes in pixels are multiplied by ``ratio``. Returns seconds for points and pixels."""
        view = self.views[name]
        stage, style, image = view.stage, view.stage.style, arrays.image
        height, width = image.shape[:2]
        size = max(style.point_size * ratio, 1.0)
        begin = time.perf_counter()
        buffers = self._raster.draw(stage, view.camera, width, height, size=size, strata=strata)
        middle = time.perf_counter()
        self._raster.shade(buffers, style.depth_shading, size / 2)
        behind = self._backdrop.behind(style, view.camera, width, height)
        self._color(name, buffers, behind, size, image)
        self._overlay.draw(stage, view.camera, buffers, ratio, image)
        if arrays.index.size:
            base, count = self._pick_range(stage)
            self._raster.split(buffers, base, count, arrays.index, arrays.depth)
        return middle - begin, time.perf_counter() - middle

    def _color(self, name: str, buffers: Buffers, behind: np.ndarray, size: float, image: np.ndarray) -> None:
        view = self.views[name]
        table, strength = view.stage.table, view.stage.style.depth_shading
        if self._painter is None or self._blank is None:
            self._raster.resolve(buffers, table, strength, behind, image)
            return
        height, width = image.shape[:2]
        stages = {other: view.stage for other, view in self.views.items()}
        drawn = self._painter(stages, name, view.camera, width, height, size)
        self._raster.resolve_drawn(buffers, drawn, self._blank, table, strength, behind, image)

    @staticmethod
    def _pick_range(stage: Stage) -> tuple[int, int]:
        cloud = stage.clouds.get(stage.pickable)
        return (cloud.base, int(cloud.rows.max(initial=-1)) + 1) if cloud is not None else (0, 0)
