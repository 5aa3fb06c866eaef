"""The loops of the software rasteriser, compiled by numba and free of the GIL.

One buffer does everything: a 64-bit key per pixel, the depth's float bits above, the drawn thing's id below.
The smaller key is the nearer thing, so one comparison settles depth, and the id gives colour and picking for
free. Rows are shared out between threads, which therefore never meet: the result does not depend on their number.

Conventions as in :mod:`app.core.render.camera`: pixel centres lie at half integers; a point of size ``s``
covers the pixels whose centres lie in the square of edge ``s`` about its projection (as GPUs do).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

EMPTY = np.uint64(0x7F800000 << 32)  # infinite depth, id 0
FAR_LOG = np.float32(1e9)
MARGIN = 256
"""Pixels by which a square may begin outside the picture; half of the largest point."""
NOWHERE = np.uint32(0xFFFFFFFF)
_ROW = np.uint32(15)
_PLACE = np.uint32(0x7FFF)
_INF = np.float32(np.inf)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)
_RELIEF = np.float32(4.0)
_INF_BITS = np.uint32(0x7F800000)
_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
# Not the whole of fastmath: infinities mark what is not drawn, so they must stay what they are.
_jit: Any = njit(
    nogil=True, cache=True, fastmath={"nsz", "arcp", "contract", "afn", "reassoc"}, error_model="numpy"
)


@_jit
def project(x, y, z, alive, pose, lens, near, half, least, width, height, places, depths, start, stop):  # type: ignore[no-untyped-def]
    """Where the squares of points start..stop lie in the picture, and their depths.

    ``pose`` (3, 4) and ``lens`` (fx, fy, cx, cy) float32; squares of edge ``2 * half``, of which ``least`` is the
    whole part. ``places`` uint32: first column and row (15 bits each, from ``-MARGIN``), and whether the square is
    one pixel wider and higher than ``least``; NOWHERE for points that are not drawn. There is no branch in it, so
    that the processor does many points at once.
    """
    margin = np.float32(MARGIN)
    for i in range(start, stop):
        px, py, pz = x[i], y[i], z[i]
        depth = pose[2, 0] * px + pose[2, 1] * py + pose[2, 2] * pz + pose[2, 3]
        inverse = _ONE / depth
        a = lens[0] * (pose[0, 0] * px + pose[0, 1] * py + pose[0, 2] * pz + pose[0, 3]) * inverse + lens[2]
        b = lens[1] * (pose[1, 0] * px + pose[1, 1] * py + pose[1, 2] * pz + pose[1, 3]) * inverse + lens[3]
        inside = (depth > near) & (a > -half) & (a < width + half) & (b > -half) & (b < height + half)
        drawn = inside & (alive[i] != 0)
        a, b = a if drawn else _ZERO, b if drawn else _ZERO
        left, top = np.ceil(a - half - _HALF), np.ceil(b - half - _HALF)
        wider = min(max(np.ceil(a + half - _HALF) - left - least, _ZERO), _ONE)
        higher = min(max(np.ceil(b + half - _HALF) - top - least, _ZERO), _ONE)
        place = np.uint32(left + margin) | (np.uint32(top + margin) << _ROW)
        place |= (np.uint32(wider) << np.uint32(30)) | (np.uint32(higher) << np.uint32(31))
        places[i] = place if drawn else NOWHERE
        depths[i] = depth


@_jit
def splat(places, depth_bits, rows, base, least, keys, top, bottom, start, stop):  # type: ignore[no-untyped-def]
    """Draw the squares of points start..stop into rows top..bottom of ``keys`` (h, w) uint64."""
    width = keys.shape[1]
    for i in range(start, stop):
        place = places[i]
        if place == NOWHERE:
            continue
        first = int((place >> _ROW) & _PLACE) - MARGIN
        last = first + least + int(place >> np.uint32(31))
        if first >= bottom or last <= top:
            continue
        left = int(place & _PLACE) - MARGIN
        right = left + least + int((place >> np.uint32(30)) & np.uint32(1))
        key = (np.uint64(depth_bits[i]) << _SHIFT) | np.uint64(base + rows[i])
        for row in range(max(first, top), min(last, bottom)):
            for column in range(max(left, 0), min(right, width)):
                keys[row, column] = min(key, keys[row, column])  # twice as fast as asking first


@_jit
def clear(keys, top, bottom):  # type: ignore[no-untyped-def]
    """Empty rows top..bottom."""
    keys[top:bottom] = EMPTY


@_jit
def log_depth(keys, logs, pad, top, bottom):  # type: ignore[no-untyped-def]
    """log2 of the depth of rows top..bottom into ``logs``, which has ``pad`` pixels more on every side.

    Empty pixels get a huge value: nothing is ever darkened by them. The logarithm comes from the float's own
    exponent and a quadratic in its mantissa, right to 0.008.
    """
    scale = np.float32(1.0 / 8388608.0)
    bend = np.float32(0.3371894)
    bias = np.float32(127.0)
    for row in range(top, bottom):
        for column in range(keys.shape[1]):
            bits = np.uint32(keys[row, column] >> _SHIFT)
            whole = np.float32(bits >> np.uint32(23))
            part = np.float32(bits & np.uint32(0x7FFFFF)) * scale
            value = whole + part + bend * part * (_ONE - part) - bias
            logs[row + pad, column + pad] = value if bits < _INF_BITS else FAR_LOG


@_jit
def occlusion(logs, pad, inner, outer, top, bottom, out):  # type: ignore[no-untyped-def]
    """Eye-dome sum of rows top..bottom: how much nearer the neighbourhood is, in octaves of depth.

    Four neighbours ``inner`` pixels away along the axes and four ``outer`` pixels away along the diagonals. Small
    steps are made more of, so that relief shows, and large ones count only so much, so that edges stay lines.
    """
    cap = np.float32(0.5)
    for row in range(top, bottom):
        for column in range(out.shape[1]):
            r, c = row + pad, column + pad
            own = logs[r, c]
            total = min(max(own - logs[r, c - inner], _ZERO) * _RELIEF, cap)
            total += min(max(own - logs[r, c + inner], _ZERO) * _RELIEF, cap)
            total += min(max(own - logs[r - inner, c], _ZERO) * _RELIEF, cap)
            total += min(max(own - logs[r + inner, c], _ZERO) * _RELIEF, cap)
            total += min(max(own - logs[r - outer, c - outer], _ZERO) * _RELIEF, cap)
            total += min(max(own - logs[r - outer, c + outer], _ZERO) * _RELIEF, cap)
            total += min(max(own - logs[r + outer, c - outer], _ZERO) * _RELIEF, cap)
            total += min(max(own - logs[r + outer, c + outer], _ZERO) * _RELIEF, cap)
            out[row, column] = total


@_jit
def resolve(keys, table, dark, curve, behind, top, bottom, image):  # type: ignore[no-untyped-def]
    """Colours of rows top..bottom: ``table`` (M,) uint32 by id, times ``curve`` of the eye-dome sum ``dark``.

    ``curve`` (256,) float32 covers sums 0..8. ``behind`` (h, w, 3) or (1, 1, 3) uint8 shows where nothing is.
    """
    flat = behind.shape[0] == 1
    steps = np.float32(len(curve) / 8.0)
    last = len(curve) - 1
    for row in range(top, bottom):
        for column in range(keys.shape[1]):
            key = keys[row, column]
            if key >= EMPTY:
                r, c = (0, 0) if flat else (row, column)
                image[row, column, 0] = behind[r, c, 0]
                image[row, column, 1] = behind[r, c, 1]
                image[row, column, 2] = behind[r, c, 2]
                continue
            color = table[np.int64(key & _LOW)]
            light = curve[min(int(dark[row, column] * steps), last)]
            image[row, column, 0] = np.uint8(np.float32(color & np.uint32(255)) * light + _HALF)
            image[row, column, 1] = np.uint8(np.float32((color >> np.uint32(8)) & np.uint32(255)) * light + _HALF)
            image[row, column, 2] = np.uint8(np.float32((color >> np.uint32(16)) & np.uint32(255)) * light + _HALF)


@_jit
def resolve_drawn(keys, drawn, blank, table, dark, curve, behind, top, bottom, image):  # type: ignore[no-untyped-def]
    """As :func:`resolve`, with the colours of another renderer's picture ``drawn`` (h, w, 3) uint8.

    Where that picture shows its ``blank`` colour (3,) although something is drawn there (squares that were
    rounded the other way by a 256th of a pixel), the table's colour is taken.
    """
    flat = behind.shape[0] == 1
    steps = np.float32(len(curve) / 8.0)
    last = len(curve) - 1
    for row in range(top, bottom):
        for column in range(keys.shape[1]):
            key = keys[row, column]
            if key >= EMPTY:
                r, c = (0, 0) if flat else (row, column)
                image[row, column, 0] = behind[r, c, 0]
                image[row, column, 1] = behind[r, c, 1]
                image[row, column, 2] = behind[r, c, 2]
                continue
            light = curve[min(int(dark[row, column] * steps), last)]
            red, green, blue = drawn[row, column, 0], drawn[row, column, 1], drawn[row, column, 2]
            if red == blank[0] and green == blank[1] and blue == blank[2]:
                color = table[np.int64(key & _LOW)]
                red, green, blue = (
                    np.uint8(color),
                    np.uint8(color >> np.uint32(8)),
                    np.uint8(color >> np.uint32(16)),
                )
            image[row, column, 0] = np.uint8(np.float32(red) * light + _HALF)
            image[row, column, 1] = np.uint8(np.float32(green) * light + _HALF)
            image[row, column, 2] = np.uint8(np.float32(blue) * light + _HALF)


@_jit
def split_keys(keys, base, count, top, bottom, index, depth_bits):  # type: ignore[no-untyped-def]
    """Picking buffers of rows top..bottom: ``index`` int32 (-1 where not base..base+count) and depth bits."""
    for row in range(top, bottom):
        for column in range(keys.shape[1]):
            key = keys[row, column]
            number = np.int64(key & _LOW) - base
            hit = (key < EMPTY) & (number >= 0) & (number < count)
            index[row, column] = np.int32(number) if hit else np.int32(-1)
            depth_bits[row, column] = np.uint32(key >> _SHIFT)
