"""Which points lie on the ground: a height map, found from coarse to fine.

A coarse map takes the low points of large cells, in which there is nearly always some ground. Each finer map takes
the lowest points near the one before, and where there are none keeps that one. What stands on the ground rises from
it faster than ground does and is left out on the way. Nothing is assumed of the sensor, so clouds of many frames
work alike, as long as z is up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy")
COARSEST = 16.0
"""Metres; edge of the largest cells: wider than most things that hide the ground below them."""
_CELLS = 1 << 22
"""Cells of a map at most; a wider cloud gets larger cells."""
_LOWEST = 3
"""Of the lows of a coarse cell this one is taken: reflections from below the street come in ones and twos."""


@dataclass(frozen=True)
class GroundOptions:
    """``height``: metres above the map up to which a point is ground; ``cell``: edge of the finest map's cells,
    metres; ``slope``: how steep ground may rise from cell to cell, metres a metre."""

    height: float = 0.15
    cell: float = 1.0
    slope: float = 0.15


def ground(points: np.ndarray, options: GroundOptions | None = None) -> np.ndarray:
    """(M,) bool: ground among (M, 3) float32 points, metres, all finite, z up."""
    chosen = options or GroundOptions()
    if not len(points):
        return np.zeros(0, bool)
    above = height_above_ground(points, chosen)
    return np.asarray(np.abs(above) <= chosen.height)


def height_above_ground(points: np.ndarray, options: GroundOptions | None = None) -> np.ndarray:
    """(M,) float32 metres of (M, 3) float32 points above the map of the ground below them."""
    chosen = options or GroundOptions()
    low, high = points[:, :2].min(axis=0).astype(np.float64), points[:, :2].max(axis=0).astype(np.float64)
    cell = chosen.cell
    while np.prod(np.floor((high - low) / cell) + 3) > _CELLS:
        cell *= 2
    halvings = max(0, round(np.log2(COARSEST / cell)))
    corner = low - cell * 2**halvings  # a ring of cells around, so that interpolation finds its neighbours
    sizes = [cell * 2.0 ** (halvings - step) for step in range(halvings + 1)]
    shape = [tuple(np.floor((high - corner) / size).astype(int) + 2) for size in sizes]
    fine = lows(points, corner, sizes[-1], np.zeros((2, 2), np.float32), COARSEST, np.inf, *shape[-1])
    height_map = coarse_map(fine, 2**halvings, *shape[0])
    for size, before, (columns, rows) in zip(sizes[1:], sizes[:-1], shape[1:], strict=True):
        allowed = chosen.height + chosen.slope * size
        found = lows(points, corner, size, height_map, before, allowed, columns, rows)
        height_map = filled(found, corner, size, height_map, before)
    return above_map(points, corner, height_map, sizes[-1])


@_jit
def interpolated(height_map, x, y):  # type: ignore[no-untyped-def]
    """Bilinear between cell centres; ``x`` and ``y`` in cells from the map's corner."""
    u, v = min(max(x - 0.5, 0.0), height_map.shape[0] - 1.001), min(max(y - 0.5, 0.0), height_map.shape[1] - 1.001)
    i, j = int(u), int(v)
    a, b = u - i, v - j
    left = height_map[i, j] * (1 - b) + height_map[i, j + 1] * b
    right = height_map[i + 1, j] * (1 - b) + height_map[i + 1, j + 1] * b
    return left * (1 - a) + right * a


@_jit
def lows(points, corner, cell, before, before_cell, allowed, columns, rows):  # type: ignore[no-untyped-def]
    """(columns, rows) float32: least z of each cell's points that lie within ``allowed`` of the map ``before``;
    infinity where there is none. An infinite ``allowed`` takes all points."""
    found = np.full((columns, rows), np.float32(np.inf), np.float32)
    for i in range(len(points)):
        x, y, z = points[i, 0] - corner[0], points[i, 1] - corner[1], points[i, 2]
        if allowed < np.inf:
            away = z - interpolated(before, x / before_cell, y / before_cell)
            if abs(away) > allowed:
                continue
        c, r = int(x / cell), int(y / cell)
        if z < found[c, r]:
            found[c, r] = z
    return found


@_jit
def coarse_map(fine, ratio, columns, rows):  # type: ignore[no-untyped-def]
    """(columns, rows) float32 of the lows of fine cells: the third lowest of ``ratio`` × ``ratio`` of them.

    Cells without any take the mean of their neighbours that have some, round after round.
    """
    found = np.full((columns, rows), np.float32(np.inf), np.float32)
    buffer = np.empty(ratio * ratio, np.float32)
    for c in range(columns):
        for r in range(rows):
            count = 0
            for i in range(c * ratio, min((c + 1) * ratio, fine.shape[0])):
                for j in range(r * ratio, min((r + 1) * ratio, fine.shape[1])):
                    if fine[i, j] < np.inf:
                        buffer[count] = fine[i, j]
                        count += 1
            if count:
                found[c, r] = np.sort(buffer[:count])[min(_LOWEST - 1, count // 4)]
    empty = True
    while empty:
        empty = False
        before = found.copy()
        for c in range(columns):
            for r in range(rows):
                if before[c, r] < np.inf:
                    continue
                total, count = 0.0, 0
                for i in range(max(0, c - 1), min(columns, c + 2)):
                    for j in range(max(0, r - 1), min(rows, r + 2)):
                        if before[i, j] < np.inf:
                            total += before[i, j]
                            count += 1
                if count:
                    found[c, r] = total / count
                else:
                    empty = True
    return found


@_jit
def filled(found, corner, cell, before, before_cell):  # type: ignore[no-untyped-def]
    """A map with no holes: cells without a value take the coarser map's."""
    whole = found.copy()
    for c in range(found.shape[0]):
        for r in range(found.shape[1]):
            if not found[c, r] < np.inf:
                x, y = (c + 0.5) * cell / before_cell, (r + 0.5) * cell / before_cell
                whole[c, r] = interpolated(before, x, y)
    return whole


@_jit
def above_map(points, corner, height_map, cell):  # type: ignore[no-untyped-def]
    """(N,) float32: z of points above a map."""
    found = np.empty(len(points), np.float32)
    for i in range(len(points)):
        x, y = (points[i, 0] - corner[0]) / cell, (points[i, 1] - corner[1]) / cell
        found[i] = points[i, 2] - interpolated(height_map, x, y)
    return found
