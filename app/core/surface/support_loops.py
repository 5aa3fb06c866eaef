"""The loop that finds the points round places, compiled by numba and free of the GIL.

The tree is that of :mod:`app.core.geometry.neighbours_loops`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})


@_jit
def nearest_of(points, corners, levels, places, reach, index, offset):  # type: ignore[no-untyped-def]
    """The k nearest points of every place, nearest first, those within ``reach`` alone.

    Fills ``index`` (M, k) int32 with rows of ``points`` (N, 3) float32, −1 for none, and ``offset`` (M, k, 3)
    float32 with place minus point, 0 for none. Places that follow each other should lie near each other: as the
    k-th point of one is no farther from the next one than the way between them more, most of the tree is passed by.
    """
    k, leaves = index.shape[1], 1 << levels
    stack, squared = np.empty(2 * levels + 4, np.int32), np.empty(k, np.float32)
    whole = np.float32(reach) * np.float32(reach)
    last, leaf = np.float32(np.inf), 0
    for i in range(len(places)):
        x, y, z = places[i, 0], places[i, 1], places[i, 2]
        limit = whole
        if i > 0:
            dx, dy, dz = x - places[i - 1, 0], y - places[i - 1, 1], z - places[i - 1, 2]
            way = last + math.sqrt(dx * dx + dy * dy + dz * dz)
            limit = min(whole, np.float32(way * way * np.float32(1.00001) + np.float32(1e-12)))
        held = _look(points, leaf, levels, x, y, z, limit, index[i], squared, k, 0)
        node = leaves - 1 + leaf
        while node > 0:
            # from the last place's leaf upwards: what lies beside the path is looked at if it may hold a nearer one
            stack[0] = node + 1 if node & 1 else node - 1
            node = (node - 1) >> 1
            size = 1
            while size:
                size -= 1
                inner = stack[size]
                if _box_distance(corners, inner, x, y, z) >= (squared[k - 1] if held == k else limit):
                    continue
                if inner >= leaves - 1:
                    held = _look(points, inner - leaves + 1, levels, x, y, z, limit, index[i], squared, k, held)
                    continue
                left, right = 2 * inner + 1, 2 * inner + 2
                nearer = _box_distance(corners, left, x, y, z) <= _box_distance(corners, right, x, y, z)
                stack[size] = right if nearer else left
                stack[size + 1] = left if nearer else right
                size += 2
        last = np.float32(math.sqrt(squared[k - 1])) if held == k else np.float32(np.inf)
        for n in range(held):
            j = index[i, n]
            offset[i, n, 0], offset[i, n, 1], offset[i, n, 2] = x - points[j, 0], y - points[j, 1], z - points[j, 2]
        for n in range(held, k):
            index[i, n] = -1
            offset[i, n, 0] = offset[i, n, 1] = offset[i, n, 2] = 0
        if held:
            leaf = _leaf_of(len(points), levels, index[i, 0])


@_jit
def _leaf_of(count, levels, row):  # type: ignore[no-untyped-def]
    """The leaf that holds a row."""
    leaf = (np.int64(row) << levels) // count
    while (count * (leaf + 1)) >> levels <= row:
        leaf += 1
    return leaf


@_jit
def _box_distance(corners, node, x, y, z):  # type: ignore[no-untyped-def]
    zero = np.float32(0)
    dx = max(corners[node, 0] - x, x - corners[node, 3], zero)
    dy = max(corners[node, 1] - y, y - corners[node, 4], zero)
    dz = max(corners[node, 2] - z, z - corners[node, 5], zero)
    return dx * dx + dy * dy + dz * dz


@_jit
def _look(points, leaf, levels, x, y, z, limit, index, squared, k, held):  # type: ignore[no-untyped-def]
    """Put a leaf's points nearer than ``limit`` (squared) among the ``held`` nearest ones, sorted; how many."""
    count = len(points)
    for j in range((count * leaf) >> levels, (count * (leaf + 1)) >> levels):
        dx, dy, dz = points[j, 0] - x, points[j, 1] - y, points[j, 2] - z
        distance = dx * dx + dy * dy + dz * dz
        if distance >= (squared[k - 1] if held == k else limit):
            continue
        place = k - 1 if held == k else held
        held += held < k
        while place > 0 and squared[place - 1] > distance:
            squared[place], index[place] = squared[place - 1], index[place - 1]
            place -= 1
        squared[place], index[place] = distance, j
    return held
