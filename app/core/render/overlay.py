"""What lies before the points: translucent meshes, lines, labels."""

from __future__ import annotations

import numpy as np

from app.core.render import kernels, strokes
from app.core.render.camera import NEAR, Camera
from app.core.render.lettering import draw_texts
from app.core.render.raster import Buffers, Raster, camera_lens, camera_pose
from app.core.render.stage import Stage


class Overlay:
    """Draws around the points of any renderer's picture, with the depth of the key buffer."""

    def __init__(self, raster: Raster) -> None:
        self._raster = raster
        self._front = np.zeros((0, 0), np.uint64)

    def draw(self, stage: Stage, camera: Camera, buffers: Buffers, ratio: float, image: np.ndarray) -> None:
        """Translucent meshes, lines and labels into the finished picture; sizes times ``ratio``."""
        height, width = image.shape[:2]
        pose, lens = camera_pose(camera, stage.origin), camera_lens(camera, width, height)
        for veil in stage.veils.values():
            self._veil(veil.corners @ pose[:, :3].T + pose[:, 3], veil.table, veil.opacity, lens, buffers, image)
        for line in stage.lines.values():
            ends = np.ascontiguousarray(line.ends @ pose[:, :3].T + pose[:, 3], np.float32)
            self._lines(ends, line.colors, max(line.width * ratio / 2, 0.5), line.hidden, lens, buffers, image)
        for texts in stage.texts:
            draw_texts(texts, camera, ratio, image)

    def _lines(
        self,
        ends: np.ndarray,
        colors: np.ndarray,
        half: float,
        hidden: float,
        lens: np.ndarray,
        buffers: Buffers,
        image: np.ndarray,
    ) -> None:
        self._raster.rows(
            len(image),
            lambda a, b: strokes.lines(ends, colors, half, hidden, lens, NEAR, buffers.keys, a, b, image),
        )

    def _veil(
        self,
        corners: np.ndarray,
        table: np.ndarray,
        opacity: float,
        lens: np.ndarray,
        buffers: Buffers,
        image: np.ndarray,
    ) -> None:
        if self._front.shape != buffers.keys.shape:
            self._front = np.empty_like(buffers.keys)
        front, corners = self._front, np.ascontiguousarray(corners, np.float32)
        self._raster.rows(len(image), lambda a, b: kernels.clear(front, a, b))
        self._raster.triangles(corners, 0, lens, front)
        self._raster.rows(len(image), lambda a, b: strokes.veil(front, buffers.keys, table, opacity, a, b, image))
