"""A plane through a field: where to ask it, how fine within a given time, and the answers as a mesh of squares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.core.layers.base import Kind, LayerData
from app.core.layers.coloring import colorize
from app.core.layers.colormaps import DIVERGING
from app.core.state import LayerStyle, RangeMode
from app.core.surface.view import SliceOptions

STEPS = (6.4, 3.2, 1.6, 0.8, 0.4, 0.2, 0.1, 0.05)
"""Metres between two places of a slice."""

FIRST = 4_000
"""Places that are asked at first, at most; how long that took says how fine the slice may be."""

MOST_CELLS = 250_000
"""Places of a slice, at most: more squares than that would not be told apart on a screen."""

REACH = 60.0
"""Metres from the sensor to which a slice without a box goes."""

ABOVE, BELOW = 3.0, 3.0
"""Metres that an upright slice goes on over the highest and under the lowest of nearly all points."""

_AXIS = {"horizontal": 2, "along": 1, "across": 0}
_SPANNED = {"horizontal": (0, 1), "along": (0, 2), "across": (1, 2)}


@dataclass(frozen=True)
class Plane:
    """Where a slice is asked: constant ``position`` metres on ``axis`` (0 x, 1 y, 2 z); ``low`` and ``high`` (2,)
    metres on the two ``spanned`` axes, the first of which goes along columns."""

    low: np.ndarray
    high: np.ndarray
    axis: int
    spanned: tuple[int, int]
    position: float

    def shape(self, step: float) -> tuple[int, int]:
        """(H, W) places ``step`` metres apart."""
        width, height = (max(1, math.ceil(side - 1e-6)) for side in (self.high - self.low) / step)
        return height, width

    def count(self, step: float) -> int:
        """How many these are."""
        height, width = self.shape(step)
        return height * width

    def origin(self, step: float) -> np.ndarray:
        """(3,) float32: the place in row 0, column 0, half a step from the corner."""
        place = np.zeros(3, np.float32)
        place[list(self.spanned)] = self.low + step / 2
        place[self.axis] = self.position
        return place

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """(3,) float32 unit vectors along columns and along rows."""
        unit = np.eye(3, dtype=np.float32)
        return unit[self.spanned[0]], unit[self.spanned[1]]

    def places(self, step: float) -> np.ndarray:
        """(H·W, 3) float32 metres, row by row."""
        height, width = self.shape(step)
        right, up = self.directions()
        rows, columns = np.divmod(np.arange(height * width, dtype=np.float32), np.float32(width))
        return self.origin(step) + step * (columns[:, None] * right + rows[:, None] * up)


def plane_of(options: SliceOptions, points: np.ndarray, box: tuple[float, ...] | None, radius: float) -> Plane:
    """The plane of a slice: through the box where there is one, else through where (N, 3) finite points lie.

    ``radius`` metres beyond them within which a field knows something.
    """
    axis, spanned = _AXIS[options.plane], _SPANNED[options.plane]
    if box is not None:
        low, high = np.array(box[:3]), np.array(box[3:])
    else:
        near = points[np.abs(points[:, :2]).max(axis=1) <= REACH] if len(points) else points
        near = near if len(near) else np.zeros((1, 3), np.float32)
        low, high = near.min(axis=0) - radius, near.max(axis=0) + radius
        bottom, top = np.percentile(near[:, 2], (1, 99))
        low[2], high[2] = max(low[2], bottom - BELOW), min(high[2], top + ABOVE)
    chosen = list(spanned)
    return Plane(
        np.asarray(low, np.float64)[chosen], np.asarray(high, np.float64)[chosen], axis, spanned, options.position
    )


def first_step(plane: Plane) -> float:
    """The finest step at which the plane has at most ``FIRST`` places; the coarsest where none has."""
    return next((step for step in reversed(STEPS) if plane.count(step) <= FIRST), STEPS[0])


def finest_step(plane: Plane, first: float, pace: float, left: float) -> float:
    """The finest step that takes at most ``left`` seconds at ``pace`` seconds a place; ``first`` where none is."""
    fits = [s for s in STEPS if s < first and plane.count(s) <= MOST_CELLS and plane.count(s) * pace <= left]
    return min(fits, default=first)


def squares(plane: Plane, step: float, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A mesh of the known of (H, W) values: (4K, 3) float32 vertices, (2K, 3) int32, (4K, 3) uint8 colours.

    Each value is a square of one colour: blue is empty, red is full, in between is where a surface would be.
    """
    flat = values.ravel()
    rows = np.flatnonzero(np.isfinite(flat))
    right, up = plane.directions()
    half = np.float32(step / 2)
    corners = half * np.stack([-right - up, right - up, right + up, up - right])
    vertices = (plane.places(step)[rows][:, None] + corners).reshape(-1, 3).astype(np.float32)
    first = 4 * np.arange(len(rows), dtype=np.int32)[:, None]
    pattern = np.array([0, 1, 2, 0, 2, 3], np.int32)
    triangles = (first + pattern).reshape(-1, 3)
    layer = LayerData("p", "Inside", Kind.SCALAR, flat[rows], colormap=DIVERGING, absolute_range=(0.0, 1.0))
    return vertices, triangles, np.repeat(colorize(layer, LayerStyle(range_mode=RangeMode.ABSOLUTE))[0], 4, axis=0)
