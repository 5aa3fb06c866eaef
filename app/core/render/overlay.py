"""What lies before the points: translucent meshes, lines, labels."""

from __future__ import annotations

import numpy as np

from app.core.render import kernels, strokes
from app.core.render.camera import NEAR, Camera
from app.core.render.lettering import draw_texts
from app.core.render.raster import Buffers, Raster, camera_lens, camera_pose
from app.core.render.stage import PackedLines, PackedMesh, Stage


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
            self._veil(veil, pose, lens, buffers, image)
        for line in stage.lines.values():
            self._lines(line, max(line.width * ratio / 2, 0.5), pose, lens, buffers, image)
        for texts in stage.texts:
            draw_texts(texts, camera, ratio, image)

    def _lines(
        self,
        line: PackedLines,
        half: float,
        pose: np.ndarray,
        lens: np.ndarray,
        buffers: Buffers,
        image: np.ndarray,
    ) -> None:
        placed, keys, near = self._raster.placed(line.xyz, pose, lens), buffers.keys, np.float32(NEAR)
        segments, xyz, colors, hidden = line.segments, line.xyz, line.colors, line.hidden
        self._raster.rows(
            len(image),
            lambda a, b: strokes.lines(
                segments, xyz, *placed, colors, half, hidden, pose, lens, near, keys, a, b, image
            ),
        )

    def _veil(
        self, veil: PackedMesh, pose: np.ndarray, lens: np.ndarray, buffers: Buffers, image: np.ndarray
    ) -> None:
        if self._front.shape != buffers.keys.shape:
            self._front = np.empty_like(buffers.keys)
        front, table, opacity = self._front, veil.table, veil.opacity
        self._raster.rows(len(image), lambda a, b: kernels.clear(front, a, b))
        self._raster.triangles(veil, pose, lens, front)
        self._raster.rows(len(image), lambda a, b: strokes.veil(front, buffers.keys, table, opacity, a, b, image))
