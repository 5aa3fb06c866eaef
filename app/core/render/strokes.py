"""The loops that draw lines and translucent surfaces over a finished picture, compiled by numba.

They read the key buffer of :mod:`app.core.render.kernels` to know what lies in front, and share out rows alike.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from app.core.render.kernels import EMPTY

_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_jit: Any = njit(nogil=True, cache=True, error_model="numpy")


@_jit
def lines(ends, colors, half, hidden, lens, near, keys, top, bottom, image):  # type: ignore[no-untyped-def]
    """Smooth lines with depth into rows top..bottom of ``image`` (h, w, 3) uint8.

    ``ends`` (S, 2, 3) float32, camera frame; ``half`` the width; ``hidden`` how opaque a line is behind something.
    """
    for i in range(len(ends)):
        ax, ay, aw, bx, by, bw, seen = _project(ends[i], lens, near)
        if seen:
            _stroke(ax, ay, aw, bx, by, bw, colors[i], half, hidden, keys, top, bottom, image)


@_jit
def _project(end, lens, near):  # type: ignore[no-untyped-def]
    """Picture coordinates and inverse depths of a segment cut at the near plane."""
    az, bz = np.float64(end[0, 2]), np.float64(end[1, 2])
    ax, ay, bx, by = np.float64(end[0, 0]), np.float64(end[0, 1]), np.float64(end[1, 0]), np.float64(end[1, 1])
    if (az <= near and bz <= near) or not math.isfinite(ax + ay + az + bx + by + bz):
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, False
    if az <= near:
        t = (near - az) / (bz - az)
        ax, ay, az = ax + t * (bx - ax), ay + t * (by - ay), near
    elif bz <= near:
        t = (near - bz) / (az - bz)
        bx, by, bz = bx + t * (ax - bx), by + t * (ay - by), near
    u, v = lens[0] * ax / az + lens[2], lens[1] * ay / az + lens[3]
    s, t = lens[0] * bx / bz + lens[2], lens[1] * by / bz + lens[3]
    return u, v, 1.0 / az, s, t, 1.0 / bz, True


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
