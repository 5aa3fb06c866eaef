"""The loop behind :mod:`app.core.render.selection`, compiled by numba and free of the GIL."""

from __future__ import annotations

from typing import Any

from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy")


@_jit
def inside(points, pose, lens, near, polygon, found):  # type: ignore[no-untyped-def]
    """``found`` (N,) bool: points (N, 3) in front of the camera whose projection lies in ``polygon`` (K, 2)."""
    left, right = polygon[:, 0].min(), polygon[:, 0].max()
    top, bottom = polygon[:, 1].min(), polygon[:, 1].max()
    count = len(polygon)
    for i in range(len(points)):
        px, py, pz = points[i, 0], points[i, 1], points[i, 2]
        depth = pose[2, 0] * px + pose[2, 1] * py + pose[2, 2] * pz + pose[2, 3]
        if not depth > near:
            continue
        x = lens[0] * (pose[0, 0] * px + pose[0, 1] * py + pose[0, 2] * pz + pose[0, 3]) / depth + lens[2]
        y = lens[1] * (pose[1, 0] * px + pose[1, 1] * py + pose[1, 2] * pz + pose[1, 3]) / depth + lens[3]
        if not (left <= x <= right and top <= y <= bottom):
            continue
        odd = False
        k = count - 1
        for j in range(count):
            if (polygon[j, 1] > y) != (polygon[k, 1] > y):
                cross = polygon[j, 0] + (y - polygon[j, 1]) / (polygon[k, 1] - polygon[j, 1]) * (
                    polygon[k, 0] - polygon[j, 0]
                )
                if x < cross:
                    odd = not odd
            k = j
        found[i] = odd
