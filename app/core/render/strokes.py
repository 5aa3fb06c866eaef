"""The loops that draw lines and translucent surfaces over a finished picture, compiled by numba.

They read the key buffer of :mod:`app.core.render.kernels` to know what lies in front, and share out rows alike.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from app.core.render.facets import place
from app.core.render.kernels import EMPTY

_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_jit: Any = njit(nogil=True, cache=True, error_model="numpy")


@_jit
def lines(segments, xyz, across, down, inverse, colors, half, hidden, pose, lens, near, keys, top, bottom, image):  # type: ignore[no-untyped-def]
    """Smooth lines with depth into rows top..bottom of ``image`` (h, w, 3) uint8.

    ``segments`` (S, 2) int32 of the vertices ``xyz``, which :func:`app.core.render.facets.project` has placed;
    ``half`` the width; ``hidden`` how opaque a line is behind something.
    """
    above, below = top - half - 1.0, bottom + half + 1.0
    for i in range(len(segments)):
        a, b = segments[i, 0], segments[i, 1]
        aw, bw = np.float64(inverse[a]), np.float64(inverse[b])
        if aw > 0 and bw > 0:
            ay, by = np.float64(down[a]), np.float64(down[b])
            if max(ay, by) < above or min(ay, by) > below:
                continue
            ax, bx = np.float64(across[a]), np.float64(across[b])
            _stroke(ax, ay, aw, bx, by, bw, colors[i], half, hidden, keys, top, bottom, image)
        elif aw > 0 or bw > 0:
            ax, ay, aw, bx, by, bw, seen = _cut(xyz, a, b, pose, lens, near)
            if seen:
                _stroke(ax, ay, aw, bx, by, bw, colors[i], half, hidden, keys, top, bottom, image)


@_jit
def _cut(xyz, a, b, pose, lens, near):  # type: ignore[no-untyped-def]
    """Picture coordinates and inverse depths of a segment of which one end does not lie beyond the near plane."""
    end = np.empty((2, 3), np.float32)
    place(xyz, a, pose, end[0])
    place(xyz, b, pose, end[1])
    if not np.isfinite(end).all():
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, False
    k = 0 if end[0, 2] <= near else 1
    one, two = end[k], end[1 - k]
    t = (near - one[2]) / (two[2] - one[2])
    one[0] += t * (two[0] - one[0])
    one[1] += t * (two[1] - one[1])
    one[2] = near
    aw, bw = 1.0 / np.float64(end[0, 2]), 1.0 / np.float64(end[1, 2])
    ax, ay = lens[0] * end[0, 0] * aw + lens[2], lens[1] * end[0, 1] * aw + lens[3]
    bx, by = lens[0] * end[1, 0] * bw + lens[2], lens[1] * end[1, 1] * bw + lens[3]
    return ax, ay, aw, bx, by, bw, True


@_jit
def _stroke(ax, ay, aw, bx, by, bw, color, half, hidden, keys, top, bottom, image):  # type: ignore[no-untyped-def]
    """One segment, walked along its longer axis; coverage falls off over one pixel at the sides."""
    height, width = keys.shape
    dx, dy = bx - ax, by - ay
    length = math.sqrt(dx * dx + dy * dy)
    if length < 1e-6:
        return
    steep = abs(dy) > abs(dx)
    if steep:  # walk along y: swap the roles
        ax, ay, bx, by, dx, dy = ay, ax, by, bx, dy, dx
        along, across = height, width
    else:
        along, across = width, height
    if dx < 0:
        ax, ay, aw, bx, by, bw, dx, dy = bx, by, bw, ax, ay, aw, -dx, -dy
    lean = dx / length
    reach = (half + 0.5) / lean
    low, high = (top, bottom) if steep else (0, along)
    first = int(max(math.ceil(max(ax, float(low)) - 0.5), float(low)))
    last = int(min(math.ceil(min(bx, float(high)) - 0.5), float(high)))
    for p in range(first, last):
        t = (p + 0.5 - ax) / dx
        middle = ay + t * dy
        if not (-reach < middle < across + reach):
            continue
        depth = 1.0 / (aw + t * (bw - aw))
        q_low, q_high = (0, across) if steep else (top, bottom)
        q_first = int(max(math.floor(middle - reach), float(q_low)))
        q_last = int(min(math.ceil(middle + reach) + 1, float(q_high)))
        for q in range(q_first, q_last):
            cover = min(max(half + 0.5 - abs(q + 0.5 - middle) * lean, 0.0), min(1.0, 2 * half))
            if cover <= 0.0:
                continue
            row, column = (p, q) if steep else (q, p)
            bits = np.uint32(keys[row, column] >> _SHIFT)
            there = np.float64(bits.view(np.float32))
            if depth > there * 1.004 + 0.01:
                cover *= hidden
            for channel in range(3):
                old = np.float64(image[row, column, channel])
                image[row, column, channel] = np.uint8(old + cover * (np.float64(color[channel]) - old) + 0.5)


@_jit
def veil(front, keys, table, opacity, top, bottom, image):  # type: ignore[no-untyped-def]
    """Blend rows top..bottom of a translucent surface, drawn into ``front``, where it lies before ``keys``."""
    for row in range(top, bottom):
        for column in range(keys.shape[1]):
            key = front[row, column]
            if key >= EMPTY or key >= keys[row, column]:
                continue
            color = table[np.int64(key & _LOW)]
            for channel in range(3):
                part = np.float64((color >> np.uint32(8 * channel)) & np.uint32(255))
                old = np.float64(image[row, column, channel])
                image[row, column, channel] = np.uint8(old + opacity * (part - old) + 0.5)
