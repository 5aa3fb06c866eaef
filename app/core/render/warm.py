"""Compiles every loop of drawing and geometry once, so that the first start does not.

Run as ``python -m app.core.render.warm`` by the setup.

Takes some seconds the first time and after an update, half a second otherwise. What is compiled is kept beside
the sources, or in the user's own cache folder where those may not be written to.
"""

from __future__ import annotations

import numpy as np

from app.core.geometry.warm import warm as warm_geometry
from app.core.render.camera import Camera
from app.core.render.selection import select
from app.core.render.shaded import ShadedDrawer


def warm() -> None:
    """Compile, or load what is compiled."""
    drawer = ShadedDrawer(None, lambda *_: np.zeros((32, 48, 3), np.uint8), np.zeros(3, np.uint8))
    drawer.warm()
    drawer.close()
    square = np.array([[0.0, 0], [48, 0], [48, 32], [0, 32]])
    select(np.ones((3, 3), np.float32), Camera(np.eye(4), np.ones(3)), 48, 32, square)


if __name__ == "__main__":
    warm()
    warm_geometry()
