"""Which drawn points lie inside a box or lasso on the screen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF

from app.core.render.camera import Camera

CHUNK = 400_000
"""Points a turn: about 10 ms, so that the window stays awake between turns."""


def stencil(polygon: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width) bool: pixels whose middle lies inside the polygon (K, 2)."""
    image = QImage(width, height, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in polygon]), Qt.FillRule.OddEvenFill)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    return rows[:, :width] > 127


def rows_inside(
    points: np.ndarray,
    shown: np.ndarray | None,
    camera: Camera,
    size: tuple[int, int],
    polygon: np.ndarray,
) -> Iterator[np.ndarray]:
    """Rows (int64) of the points (N, 3) that are drawn inside the polygon, one array a chunk.

    Points behind others count too: the region reaches through the scene. ``shown`` (N,) bool or None;
    ``size`` (width, height) of the view in the polygon's pixels.
    """
    width, height = size
    mask = stencil(polygon, width, height)
    rotation = camera.camera_from_world[:3, :3].T.astype(np.float32)
    shift = camera.camera_from_world[:3, 3].astype(np.float32)
    k = camera.matrix(width, height).astype(np.float32)
    for start in range(0, len(points), CHUNK):
        p = points[start : start + CHUNK] @ rotation + shift
        with np.errstate(all="ignore"):
            x = p[:, 0] / p[:, 2] * k[0, 0] + k[0, 2]
            y = p[:, 1] / p[:, 2] * k[1, 1] + k[1, 2]
            near = (p[:, 2] > 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
        rows = np.flatnonzero(near)
        rows = rows[mask[y[rows].astype(np.intp), x[rows].astype(np.intp)]]
        if shown is not None:
            rows = rows[shown[start + rows]]
        yield rows + start
