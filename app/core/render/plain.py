"""Another renderer's picture as it comes, before the rasteriser's loops are there to shade it."""

from __future__ import annotations

import time

import numpy as np

from app.core.render.buffers import PictureArrays
from app.core.render.compositor import Painter, View
from app.core.render.plan import Cost


class PlainDrawer:
    """Points and meshes on the background colour: no depth shading, no lines, no labels.

    The very first start after an installation compiles the rasteriser for some seconds; this is what is seen then.
    """

    whole = False

    def __init__(self, painter: Painter, blank: np.ndarray) -> None:
        self._painter, self._blank = painter, blank

    def paint(self, views: dict[str, View], name: str, arrays: PictureArrays, strata: int, ratio: float) -> Cost:
        """Fill ``arrays.image``; see :class:`~app.core.render.compositor.Drawer`."""
        begin = time.perf_counter()
        stages = {other: view.stage for other, view in views.items()}
        style = views[name].stage.style
        height, width = arrays.image.shape[:2]
        size = max(style.point_size * ratio, 1.0)
        drawn = self._painter(stages, name, views[name].camera, width, height, size)
        empty = (drawn == self._blank).all(axis=2, keepdims=True)
        np.copyto(arrays.image, drawn)
        np.copyto(arrays.image, np.array(style.background, np.uint8), where=empty)
        return Cost(time.perf_counter() - begin, 0.0)
