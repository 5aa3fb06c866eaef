"""The loops behind the visibility rules, compiled by numba and free of the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy")


@_jit
def nearest_around(pixels, depths, width, height, radius):  # type: ignore[no-untyped-def]
    """(M,) float32: the least depth that falls within ``radius`` pixels of each point's own pixel.

    ``pixels`` (M, 2) float32, all inside the picture; ``depths`` (M,) float32. It is a z-buffer in which every
    point is drawn as a disc; a point always meets at least itself.
    """
    buffer = np.full((height, width), np.float32(np.inf), np.float32)
    reach = int(radius)
    square = radius * radius
    for i in range(len(depths)):
        column, row = int(pixels[i, 0]), int(pixels[i, 1])
        depth = depths[i]
        for y in range(max(0, row - reach), min(height, row + reach + 1)):
            for x in range(max(0, column - reach), min(width, column + reach + 1)):
                close = (x - column) * (x - column) + (y - row) * (y - row) <= square
                if close and depth < buffer[y, x]:
                    buffer[y, x] = depth
    found = np.empty(len(depths), np.float32)
    for i in range(len(depths)):
        found[i] = buffer[int(pixels[i, 1]), int(pixels[i, 0])]
    return found


@_jit
def least_of_segment(segments, depths, count):  # type: ignore[no-untyped-def]
    """(M,) float32: the least depth among the points of each point's segment; the paper's equation 9.

    ``segments`` (M,) int32 below ``count``.
    """
    least = np.full(count, np.float32(np.inf), np.float32)
    for i in range(len(depths)):
        if depths[i] < least[segments[i]]:
            least[segments[i]] = depths[i]
    return least[segments]


@_jit
def bucketed(pixels, columns, rows, wide, high):  # type: ignore[no-untyped-def]
    """Points by cells of ``wide`` × ``high`` pixels: where each cell's points begin (cells + 1,), and (M,) rows."""
    start = np.zeros(columns * rows + 1, np.int32)
    cell = np.empty(len(pixels), np.int32)
    for i in range(len(pixels)):
        cell[i] = int(pixels[i, 1] / high) * columns + int(pixels[i, 0] / wide)
        start[cell[i] + 1] += 1
    for k in range(columns * rows):
        start[k + 1] += start[k]
    fill = start[:-1].copy()
    members = np.empty(len(pixels), np.int32)
    for i in range(len(pixels)):
        members[fill[cell[i]]] = i
        fill[cell[i]] += 1
    return start, members


@_jit
def enclosing(pixels, depths, width, height, across, along):  # type: ignore[no-untyped-def]
    """(M,) float32: depth of the nearest surface that lies on **both sides** of each point in the picture.

    Above and below: within ``across`` pixels to the side and ``along`` up or down. Left and right: within
    ``2.6 * across`` and ``along / 3``. Of each side the least depth counts, of a pair of sides the greater of the
    two, of both pairs the less. A point's own depth bounds what is found: inclined ground, which is nearer on one
    side and farther on the other, never comes out nearer than itself.
    """
    flat, thin = 2.6 * across, along / 3.0
    wide, high = max(flat, 1.0), max(along, 1.0)
    columns, rows = int(width / wide) + 1, int(height / high) + 1
    start, members = bucketed(pixels, columns, rows, wide, high)
    found = np.empty(len(depths), np.float32)
    for i in range(len(depths)):
        u, v = pixels[i, 0], pixels[i, 1]
        up = down = left = right = depths[i]
        row, column = int(v / high), int(u / wide)
        for y in range(max(0, row - 1), min(rows, row + 2)):
            cell = y * columns
            for k in range(start[cell + max(0, column - 1)], start[cell + min(columns, column + 2)]):
                j = members[k]
                depth = depths[j]
                if depth >= depths[i]:
                    continue
                du, dv = pixels[j, 0] - u, pixels[j, 1] - v
                if abs(du) <= across and abs(dv) <= along:
                    if dv <= 0.0:
                        up = min(up, depth)
                    if dv >= 0.0:
                        down = min(down, depth)
                if abs(du) <= flat and abs(dv) <= thin:
                    if du <= 0.0:
                        left = min(left, depth)
                    if du >= 0.0:
                        right = min(right, depth)
        found[i] = min(max(up, down), max(left, right))
    return found


@_jit
def spacings(pixels, width, height, step):  # type: ignore[no-untyped-def]
    """Distances in pixels from every ``step``-th point to its neighbours: (K,) to the nearest one of its scan line,
    and (K,) to the next line, straight up or down; NaN where there is none within 64 pixels."""
    cell = 16.0
    columns, rows = int(width / cell) + 1, int(height / cell) + 1
    start, members = bucketed(pixels, columns, rows, cell, cell)
    count = (len(pixels) + step - 1) // step
    beside = np.full(count, np.float32(np.nan), np.float32)
    next_line = np.full(count, np.float32(np.nan), np.float32)
    for n in range(count):
        i = n * step
        row, column = int(pixels[i, 1] / cell), int(pixels[i, 0] / cell)
        for y in range(max(0, row - 4), min(rows, row + 5)):
            begin = start[y * columns + max(0, column - 1)]
            for k in range(begin, start[y * columns + min(columns, column + 2)]):
                j = members[k]
                du, dv = abs(pixels[j, 0] - pixels[i, 0]), abs(pixels[j, 1] - pixels[i, 1])
                if j == i:
                    continue
                if dv < 0.5 * du and not du >= beside[n]:
                    beside[n] = du
                if du < 0.5 * dv and not dv >= next_line[n]:
                    next_line[n] = dv
    return beside, next_line
