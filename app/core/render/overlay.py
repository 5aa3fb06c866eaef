"""What lies behind and before the points: background or photo, lines, translucent meshes, labels."""

from __future__ import annotations

import numpy as np

from app.core.render.camera import Camera
from app.core.render.raster import Buffers, Raster
from app.core.render.scene import Style
from app.core.render.stage import Stage


class Overlay:
    """Draws around the points of any renderer's picture, with the depth of the key buffer."""

    def __init__(self, raster: Raster) -> None:
        self._raster = raster

    def behind(self, style: Style, camera: Camera, width: int, height: int) -> np.ndarray:
        """(h, w, 3), or (1, 1, 3) for one colour: what shows where nothing is drawn."""
        return np.array([[style.background]], np.uint8)

    def draw(self, stage: Stage, camera: Camera, buffers: Buffers, scale: float, image: np.ndarray) -> None:
        """Lines and labels into the finished picture."""
