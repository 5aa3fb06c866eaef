"""The loop behind :mod:`app.core.render.selection`, compiled by numba and free of the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_BANDS = 512
_jit: Any = njit(nogil=True, cache=True, error_model="numpy")


@_jit
def inside(points, pose, lens, near, polygon, found):  # type: ignore[no-untyped-def]
    """``found`` (N,) bool: points (N, 3) in front of the camera whose projection lies in ``polygon`` (K, 2)."""
    left, right = polygon[:, 0].min(), polygon[:, 0].max()
    top, bottom = polygon[:, 1].min(), polygon[:, 1].max()
    if not bottom > top:
        return
    per_pixel = _BANDS / (bottom - top)
    starts, edges = _edges_by_band(polygon, top, per_pixel)
    for i in range(len(points)):
        px, py, pz = points[i, 0], points[i, 1], points[i, 2]
        depth = pose[2, 0] * px + pose[2, 1] * py + pose[2, 2] * pz + pose[2, 3]
        if not depth > near:
            continue
        x = lens[0] * (pose[0, 0] * px + pose[0, 1] * py + pose[0, 2] * pz + pose[0, 3]) / depth + lens[2]
        y = lens[1] * (pose[1, 0] * px + pose[1, 1] * py + pose[1, 2] * pz + pose[1, 3]) / depth + lens[3]
        if not (left <= x <= right and top <= y <= bottom):
            continue
        band = min(int((y - top) * per_pixel), _BANDS - 1)
        odd = False
        for e in range(starts[band], starts[band + 1]):
            j = edges[e]
            k = j - 1 if j else len(polygon) - 1
            if (polygon[j, 1] > y) != (polygon[k, 1] > y):
                share = (y - polygon[j, 1]) / (polygon[k, 1] - polygon[j, 1])
                if x < polygon[j, 0] + share * (polygon[k, 0] - polygon[j, 0]):
                    odd = not odd
        found[i] = odd


@_jit
def _edges_by_band(polygon, top, per_pixel):  # type: ignore[no-untyped-def]
    """For each band of heights the edges (by their end's number) that touch it: a point asks only a few edges."""
    count = len(polygon)
    starts = np.zeros(_BANDS + 1, np.int64)
    for turn in range(2):  # count, then fill
        if turn == 1:
            for band in range(_BANDS):
                starts[band + 1] += starts[band]
            edges = np.empty(max(starts[_BANDS], 1), np.int64)
            filled = starts.copy()
        for j in range(count):
            k = j - 1 if j else count - 1
            low, high = min(polygon[j, 1], polygon[k, 1]), max(polygon[j, 1], polygon[k, 1])
            first = min(max(int((low - top) * per_pixel), 0), _BANDS - 1)
            last = min(max(int((high - top) * per_pixel), 0), _BANDS - 1)
            for band in range(first, last + 1):
                if turn == 0:
                    starts[band + 1] += 1
                else:
                    edges[filled[band]] = j
                    filled[band] += 1
    return starts, edges
