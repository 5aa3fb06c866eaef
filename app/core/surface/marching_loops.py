"""The loops of marching cubes, compiled by numba and free of the GIL."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy")


@_jit
def cases(rows, values, threshold, starts):  # type: ignore[no-untyped-def]
    """(C,) int32 which corners of each cell are inside, as bits (0 where one is unknown), and how many triangles
    there are; ``rows`` (8, C) of ``values`` (K,) at the corners, ``starts`` (257,) of the table."""
    total = 0
    found = np.zeros(rows.shape[1], np.int32)
    for c in range(rows.shape[1]):
        case = 0
        for corner in range(8):
            value = values[rows[corner, c]]
            if not np.isfinite(value):
                case = 0
                break
            if value > threshold:
                case |= 1 << corner
        found[c] = case
        total += starts[case + 1] - starts[case]
    return found, total


@_jit
def triangles(rows, values, case, starts, table, edges, triangle, ends, gradient):  # type: ignore[no-untyped-def]
    """Fill in the triangles of all cells, each vertex once; how many vertices there are.

    ``table`` (n, 3) edges of triangles, ``edges`` (12, 2) lower corner and axis of each. Fills ``triangle`` (T, 3)
    int32, of each vertex ``ends`` (V, 2) int64 the rows of its edge's ends, and ``gradient`` (V, 3, 2) float32 the
    sums of the field's differences at the edge's two ends over all corners of triangles that lie there.
    """
    number = np.full((len(values), 3), -1, np.int32)
    corner = np.empty(8, np.float32)
    made = filled = 0
    for c in range(rows.shape[1]):
        if starts[case[c]] == starts[case[c] + 1]:
            continue
        for k in range(8):
            corner[k] = values[rows[k, c]]
        for t in range(starts[case[c]], starts[case[c] + 1]):
            for k in range(3):
                low, axis = edges[table[t, k], 0], edges[table[t, k], 1]
                high = low | 1 << axis
                first = rows[low, c]
                vertex = number[first, axis]
                if vertex < 0:
                    vertex = number[first, axis] = made
                    ends[made, 0], ends[made, 1] = first, rows[high, c]
                    made += 1
                triangle[filled, k] = vertex
                for a in range(3):
                    bit = 1 << a
                    gradient[vertex, a, 0] += corner[low | bit] - corner[low & ~bit]
                    gradient[vertex, a, 1] += corner[high | bit] - corner[high & ~bit]
            filled += 1
    return made


@_jit
def finish(keys, values, ends, gradient, bits, step, threshold, vertices, normals):  # type: ignore[no-untyped-def]
    """Where the surface crosses the edges, and the directions that it faces there.

    ``keys`` (K,) int64 of ``bits`` for each of x, y and z, and ``values`` (K,) float32 at corners; ``ends`` and
    ``gradient`` as of :func:`triangles`. Fills ``vertices`` (V, 3) float32, metres, and ``normals`` (V, 3)
    float32, against the gradient, NaN where it is none.

    The cells round an edge lie on both sides of it, so the sum of their differences holds the central differences
    of the grid, as in Lorensen and Cline 1987, §4; nothing more is asked of the field.
    """
    half, mask = np.int64(1) << (bits - 1), (np.int64(1) << bits) - 1
    for v in range(len(ends)):
        first, second = np.float64(values[ends[v, 0]]), np.float64(values[ends[v, 1]])
        share = min(max((threshold - first) / (second - first), 0.0), 1.0)
        length = 0.0
        for a in range(3):
            shift = bits * (2 - a)
            start = (((keys[ends[v, 0]] >> shift) & mask) - half) * step
            end = (((keys[ends[v, 1]] >> shift) & mask) - half) * step
            vertices[v, a] = start + share * (end - start)
            along = (1 - share) * gradient[v, a, 0] + share * gradient[v, a, 1]
            normals[v, a] = -along
            length += along * along
        length = math.sqrt(length)
        for a in range(3):
            normals[v, a] /= length
