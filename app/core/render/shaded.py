"""Whole pictures: depth shading, lines and labels, with the rasteriser's colours or another renderer's."""

from __future__ import annotations

import time

import numpy as np

from app.core.render.backdrop import Backdrop
from app.core.render.buffers import PictureArrays
from app.core.render.camera import Camera
from app.core.render.compositor import Compositor, Painter, View
from app.core.render.overlay import Overlay
from app.core.render.plan import Cost
from app.core.render.protocol import Resize, SetCamera, SetItem
from app.core.render.raster import Buffers, Raster
from app.core.render.scene import Cloud, Item, Lines, Mesh
from app.core.render.stage import Stage


class ShadedDrawer:
    """Depth and index from the rasteriser; colours too, or from ``painter``, whose empty pixels are ``blank``."""

    whole = True

    def __init__(
        self, raster: Raster | None = None, painter: Painter | None = None, blank: np.ndarray | None = None
    ) -> None:
        self._raster = raster or Raster()
        self._overlay, self._backdrop = Overlay(self._raster), Backdrop()
        self._painter, self._blank = painter, blank

    def close(self) -> None:
        """End the rasteriser's threads."""
        self._raster.close()

    def paint(self, views: dict[str, View], name: str, arrays: PictureArrays, strata: int, ratio: float) -> Cost:
        """Fill ``arrays``; see :class:`~app.core.render.compositor.Drawer`."""
        view = views[name]
        stage, style, image = view.stage, view.stage.style, arrays.image
        height, width = image.shape[:2]
        size = max(style.point_size * ratio, 1.0)
        begin = time.perf_counter()
        buffers = self._raster.draw(stage, view.camera, width, height, size=size, strata=strata)
        self._raster.shade(buffers, style.depth_shading, size / 2)
        behind = self._backdrop.behind(style, view.camera, width, height)
        self._color(views, name, buffers, behind, size, image)
        over = time.perf_counter()
        self._overlay.draw(stage, view.camera, buffers, ratio, image)
        others = buffers.mesh_seconds + time.perf_counter() - over
        if arrays.index.size:
            base, count = _pick_range(stage)
            self._raster.split(buffers, base, count, arrays.index, arrays.depth)
        whole = time.perf_counter() - begin
        return Cost(buffers.point_seconds, whole - buffers.point_seconds - others, others)

    def warm(self) -> None:
        """Draw one of everything, so that the loops are compiled (or loaded, but for the first time) before use."""
        points = np.array([[0, 0, 5], [1, 0, 5], [0, 1, 5]], np.float32)
        grey = np.full((3, 3), 128, np.uint8)
        faces = np.array([[0, 1, 2]], np.int32)
        items: dict[str, Item] = {
            "cloud": Cloud(points, grey),
            "mesh": Mesh(points, faces, grey),
            "veil": Mesh(points, faces, grey, opacity=0.5),
            "lines": Lines(points, faces[:, :2], grey[:1]),
        }
        scene = Compositor(ShadedDrawer(self._raster))
        for name, item in items.items():
            scene.apply(SetItem("", name, item))
        scene.apply(SetCamera("", Camera(np.eye(4), points[0].astype(np.float64)), False))
        scene.apply(Resize("", 48, 32))
        arrays = PictureArrays(
            np.zeros((32, 48, 3), np.uint8), np.zeros((32, 48), np.int32), np.zeros((32, 48), np.float32)
        )
        scene.drawer.paint(scene.views, "", arrays, 8, 1.0)
        if self._painter is not None:
            ShadedDrawer(self._raster, lambda *_: arrays.image.copy(), np.zeros(3, np.uint8)).paint(
                scene.views, "", arrays, 8, 1.0
            )

    def _color(
        self,
        views: dict[str, View],
        name: str,
        buffers: Buffers,
        behind: np.ndarray,
        size: float,
        image: np.ndarray,
    ) -> None:
        stage, camera = views[name].stage, views[name].camera
        strength = stage.style.depth_shading
        if self._painter is None or self._blank is None:
            self._raster.resolve(buffers, stage.table, strength, behind, image)
            return
        height, width = image.shape[:2]
        stages = {other: view.stage for other, view in views.items()}
        drawn = self._painter(stages, name, camera, width, height, size)
        self._raster.resolve_drawn(buffers, drawn, self._blank, stage.table, strength, behind, image)


def _pick_range(stage: Stage) -> tuple[int, int]:
    """Ids of the pickable cloud: the first, and how many."""
    cloud = stage.clouds.get(stage.pickable)
    return (cloud.base, int(cloud.rows.max(initial=-1)) + 1) if cloud is not None else (0, 0)
