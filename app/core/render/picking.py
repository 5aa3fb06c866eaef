"""Which drawn point lies under the pointer: exact, from the points that were really drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from app.core.render.protocol import Picture

RADIUS = 8.0
"""Pixels: how far from the pointer a point may lie."""


@dataclass(frozen=True)
class Pick:
    """A drawn point: ``cloud`` its item's name, ``index`` its row, ``point`` (3,) metres, ``pixel`` (x, y) of
    its exact projection in the view, ``distance`` pixels from the pointer, ``depth`` metres."""

    cloud: str
    index: int
    point: np.ndarray = field(compare=False)
    pixel: tuple[float, float]
    distance: float
    depth: float


def pick(
    picture: Picture,
    x: float,
    y: float,
    width: int,
    height: int,
    *,
    radius: float = RADIUS,
    point_size: float = 2.0,
) -> Pick | None:
    """The visible point whose exact projection lies nearest to (x, y), or None within ``radius``.

    A point is visible when at least one pixel of the picture shows it. Of points equally near the one nearer
    to the camera is taken.

    Parameters
    ----------
    picture : the newest picture of the view; a moving one may be smaller than the view
    x, y : pixels in a view of ``width`` × ``height``, which are also what ``Pick.pixel`` is given in
    radius, point_size : pixels of that view
    """
    rows = _candidates(
        picture, x / width, y / height, (radius + point_size) / width, (radius + point_size) / height
    )
    if not len(rows):
        return None
    points = picture.points[rows]
    pixels, depths = picture.camera.project(points, width, height)
    distances = np.hypot(pixels[:, 0] - x, pixels[:, 1] - y)
    order = np.lexsort((rows, depths, distances))
    best = order[0]
    if not distances[best] <= radius:
        return None
    return Pick(
        picture.cloud,
        int(rows[best]),
        np.asarray(points[best]),
        (float(pixels[best, 0]), float(pixels[best, 1])),
        float(distances[best]),
        float(depths[best]),
    )


def _candidates(picture: Picture, x: float, y: float, reach_x: float, reach_y: float) -> np.ndarray:
    """Rows of the points that show in the window about (x, y); all in shares of the picture's width and height."""
    rows, columns = picture.index.shape
    if not rows or not columns:
        return np.zeros(0, np.int64)
    left, right = math.floor((x - reach_x) * columns) - 1, math.ceil((x + reach_x) * columns) + 2
    top, bottom = math.floor((y - reach_y) * rows) - 1, math.ceil((y + reach_y) * rows) + 2
    window = picture.index[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    found = np.unique(window[window >= 0]).astype(np.int64)
    return found[found < len(picture.points)]
