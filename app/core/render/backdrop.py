"""What lies behind everything: the background colour, or a recorded camera's photo where its picture lies."""

from __future__ import annotations

import numpy as np

from app.core.render.camera import Camera
from app.core.render.scene import Style


class Backdrop:
    """Keeps the last photo at the size it was last wanted in."""

    def __init__(self) -> None:
        self._photo: tuple[np.ndarray, tuple[object, ...], np.ndarray] | None = None

    def behind(self, style: Style, camera: Camera, width: int, height: int) -> np.ndarray:
        """(h, w, 3), or (1, 1, 3) for one colour: what shows where nothing is drawn."""
        plain = np.array([[style.background]], np.uint8)
        if style.backdrop is None or camera.intrinsics is None or camera.size is None:
            return plain
        key = (width, height, camera.size, style.background, style.backdrop_dim)
        if self._photo is None or self._photo[0] is not style.backdrop or self._photo[1] != key:
            picture = _fitted(style.backdrop, camera.size, width, height, style)
            self._photo = (style.backdrop, key, picture)
        return self._photo[2]


def _fitted(photo: np.ndarray, size: tuple[int, int], width: int, height: int, style: Style) -> np.ndarray:
    """(h, w, 3) uint8: the photo where a recorded camera's picture lies in the view, the background around it."""
    from PIL import Image

    scale = min(width / size[0], height / size[1])
    shape = (max(round(size[0] * scale), 1), max(round(size[1] * scale), 1))
    corner = (round((width - size[0] * scale) / 2), round((height - size[1] * scale) / 2))
    inside = Image.fromarray(photo).resize(shape, Image.Resampling.BILINEAR)
    dimmed = inside.point([round(i * style.backdrop_dim) for i in range(256)] * 3)
    whole = Image.new("RGB", (width, height), style.background)
    whole.paste(dimmed, corner)
    return np.array(whole)  # a copy of our own: the loops are compiled for arrays that may be written to
