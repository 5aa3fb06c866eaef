"""The loops that draw triangles into the key buffer of :mod:`app.core.render.kernels`, compiled by numba.

Vertices go into the picture once, however many triangles share them; most triangles of a fine surface are then
settled by a few comparisons. Rows are shared out between threads as everywhere else.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

_SHIFT = np.uint64(32)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)
_jit: Any = njit(nogil=True, cache=True, error_model="numpy")


@_jit
def project(xyz, pose, lens, near, across, down, inverse, start, stop):  # type: ignore[no-untyped-def]
    """Where vertices start..stop of ``xyz`` (3, V) float32 lie in the picture.

    ``across``, ``down`` (V,) float32 pixels; ``inverse`` (V,) float32 one over the depth, 0 for what does not lie
    beyond the near plane.
    """
    for i in range(start, stop):
        x, y, z = xyz[0, i], xyz[1, i], xyz[2, i]
        depth = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3]
        w = _ONE / depth
        across[i] = lens[0] * (pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + pose[0, 3]) * w + lens[2]
        down[i] = lens[1] * (pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + pose[1, 3]) * w + lens[3]
        inverse[i] = w if depth > near else _ZERO


@_jit
def draw(triangles, xyz, across, down, inverse, pose, base, lens, near, keys, top, bottom):  # type: ignore[no-untyped-def]
    """Draw ``triangles`` (T, 3) int32 with ids from ``base`` on into rows top..bottom of ``keys`` (h, w) uint64.

    The other arrays are those of :func:`project`. Triangles that cross the near plane are cut there.
    """
    corner = np.empty((3, 3), np.float32)
    fan = np.empty((4, 3), np.float32)
    upper, lower = np.float32(top), np.float32(bottom)
    for i in range(len(triangles)):
        a, b, c = triangles[i, 0], triangles[i, 1], triangles[i, 2]
        wa, wb, wc = inverse[a], inverse[b], inverse[c]
        if wa > 0 and wb > 0 and wc > 0:
            ay, by, cy = down[a], down[b], down[c]
            if min(ay, by, cy) >= lower or max(ay, by, cy) <= upper:
                continue
            _fill(across[a], ay, wa, across[b], by, wb, across[c], cy, wc, base + i, keys, top, bottom)
        elif wa > 0 or wb > 0 or wc > 0:
            for k in range(3):
                place(xyz, triangles[i, k], pose, corner[k])
            for k in range(1, _clip_near(corner, near, fan) - 1):
                _fill_corners(fan[0], fan[k], fan[k + 1], base + i, lens, keys, top, bottom)


@_jit
def place(xyz, vertex, pose, out):  # type: ignore[no-untyped-def]
    """One vertex in the camera's coordinates."""
    for row in range(3):
        out[row] = (
            pose[row, 0] * xyz[0, vertex]
            + pose[row, 1] * xyz[1, vertex]
            + pose[row, 2] * xyz[2, vertex]
            + pose[row, 3]
        )


@_jit
def _clip_near(corner, near, fan):  # type: ignore[no-untyped-def]
    """What lies beyond the near plane of one triangle, as a fan; how many corners that has."""
    count = 0
    for k in range(3):
        one, two = corner[k], corner[(k + 1) % 3]
        if one[2] > near:
            fan[count] = one
            count += 1
        if (one[2] > near) != (two[2] > near):
            t = (near - one[2]) / (two[2] - one[2])
            for axis in range(3):
                fan[count, axis] = one[axis] + t * (two[axis] - one[axis])
            fan[count, 2] = near
            count += 1
    return count


@_jit
def _fill_corners(one, two, three, number, lens, keys, top, bottom):  # type: ignore[no-untyped-def]
    wa, wb, wc = 1.0 / one[2], 1.0 / two[2], 1.0 / three[2]
    ax, ay = lens[0] * one[0] * wa + lens[2], lens[1] * one[1] * wa + lens[3]
    bx, by = lens[0] * two[0] * wb + lens[2], lens[1] * two[1] * wb + lens[3]
    cx, cy = lens[0] * three[0] * wc + lens[2], lens[1] * three[1] * wc + lens[3]
    _fill(ax, ay, wa, bx, by, wb, cx, cy, wc, number, keys, top, bottom)


@_jit
def _fill(ax, ay, wa, bx, by, wb, cx, cy, wc, number, keys, top, bottom):  # type: ignore[no-untyped-def]
    """One triangle in front of the camera: inverse depth is linear in the picture.

    A pixel belongs to it when its centre lies inside or on an edge. The three edge terms are taken each by
    itself, so that two triangles with a common edge leave no pixel out between them.
    """
    ax, ay, bx, by, cx, cy = float(ax), float(ay), float(bx), float(by), float(cx), float(cy)
    left = max(np.ceil(min(ax, bx, cx) - 0.5), 0.0)
    right = min(np.floor(max(ax, bx, cx) - 0.5), keys.shape[1] - 1.0)
    upper = max(np.ceil(min(ay, by, cy) - 0.5), float(top))
    lower = min(np.floor(max(ay, by, cy) - 0.5), bottom - 1.0)
    if not (left <= right and upper <= lower):
        return  # no pixel's centre in its bounds, as with most triangles of a fine surface seen from afar
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area == 0.0 or not math.isfinite(area):
        return
    scale = 1.0 / area
    first, last = int(left), int(right) + 1
    for row in range(int(upper), int(lower) + 1):
        y = row + 0.5
        for column in range(first, last):
            x = column + 0.5
            p = ((bx - x) * (cy - y) - (by - y) * (cx - x)) * scale
            q = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) * scale
            r = ((ax - x) * (by - y) - (ay - y) * (bx - x)) * scale
            if p < 0.0 or q < 0.0 or r < 0.0:
                continue
            depth = np.float32(1.0 / (p * wa + q * wb + r * wc))
            key = (np.uint64(np.float32(depth).view(np.uint32)) << _SHIFT) | np.uint64(number)
            if key < keys[row, column]:
                keys[row, column] = key
