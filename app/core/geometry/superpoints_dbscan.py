"""DBSCAN, exactly, over a grid whose cells are so small that all points of one are within reach of each other.

A cell with enough points is dense as a whole and need not be looked into, which is what makes scans fast: near the
sensor they hold hundreds of points within reach of each. (Gunawan's grid, in three dimensions.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from app.core.errors import UsageError
from app.core.geometry.neighbours import in_threads, parts, worker_count
from app.core.geometry.neighbours_grid import key_of, place_of, table

_jit: Any = njit(nogil=True, cache=True, error_model="numpy")
_WIDE = 2_000_000
"""Cells along an axis at most: places are counted in 21 bits."""


def _reach() -> np.ndarray:
    """(58, 3) int64: the half of the cells around one that may hold points within reach."""
    steps = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    near = (np.maximum(np.abs(steps) - 1, 0) ** 2).sum(axis=1) < 3
    return steps[near][: np.count_nonzero(near) // 2].astype(np.int64)


REACH = _reach()


def dbscan(points: np.ndarray, *, eps: float = 0.5, least: int = 10, workers: int = 0) -> np.ndarray:
    """Cluster a cloud.

    Parameters
    ----------
    points : (M, 3) float32, metres, all finite
    eps : metres within which points are neighbours
    least : neighbours, itself included, that make a point a core point
    workers : threads; 0: as many as there are processors, at most 8

    Returns
    -------
    (M,) int32 clusters 0, 1, 2 … in the order of their first points; −1 noise. A point that is no core point
    belongs to the cluster of the nearest one within reach.

    Raises
    ------
    UsageError
        The cloud is a million times wider than ``eps``.
    """
    if not len(points):
        return np.zeros(0, np.int32)
    edge = float(eps) / np.sqrt(3)
    low = points.min(axis=0).astype(np.float64) - 3 * edge
    span = float((points.max(axis=0) - low).max())
    if span > _WIDE * edge:
        raise UsageError(
            f"DBSCAN cannot look {eps:g} m around points that span {span:.0f} m; choose a larger radius."
        )
    keys, numbers, cell, first = table(points, low, edge)
    count = len(first)
    order = np.argsort(cell, kind="stable").astype(np.int32)
    start = np.zeros(count + 1, np.int32)
    np.cumsum(np.bincount(cell, minlength=count), out=start[1:])
    sorted_points = np.ascontiguousarray(points[order])
    around = np.full((count, len(REACH)), -1, np.int32)
    threads = worker_count(len(points), workers)
    pieces = parts(count, 4 * threads)
    origin = np.floor((points[first] - low) / edge).astype(np.int64)
    in_threads(lambda piece: _cells_around(keys, numbers, origin, REACH, around, *piece), pieces, threads)
    links, begin = _both_ways(around)
    core = np.zeros(len(points), np.bool_)
    limit = np.float32(eps) * np.float32(eps)
    in_threads(lambda piece: _core(sorted_points, start, links, begin, limit, least, core, *piece), pieces, threads)
    parent = _join(sorted_points, start, around, core, limit)
    nearest = np.full(len(points), -1, np.int32)
    in_threads(
        lambda piece: _borders(sorted_points, start, links, begin, core, limit, nearest, *piece),
        pieces,
        threads,
    )
    return _labels(order, cell, core, parent, nearest)


@_jit
def _cells_around(keys, numbers, origin, reach, around, begin, end):  # type: ignore[no-untyped-def]
    """Fill rows begin..end of ``around`` (C, 58) int32: numbers of the occupied cells of half of those around."""
    for c in range(begin, end):
        for n in range(len(reach)):
            key = key_of(origin[c, 0] + reach[n, 0], origin[c, 1] + reach[n, 1], origin[c, 2] + reach[n, 2])
            slot = place_of(keys, key)
            if keys[slot] == key:
                around[c, n] = numbers[slot]


@_jit
def _both_ways(around):  # type: ignore[no-untyped-def]
    """Occupied cells around each cell, of both halves: (L,) int32, and where each cell's begin (C + 1,)."""
    count = len(around)
    begin = np.zeros(count + 1, np.int64)
    for c in range(count):
        for d in around[c]:
            if d >= 0:
                begin[c + 1] += 1
                begin[d + 1] += 1
    for c in range(count):
        begin[c + 1] += begin[c]
    links, fill = np.empty(begin[count], np.int32), begin[:-1].copy()
    for c in range(count):
        for d in around[c]:
            if d >= 0:
                links[fill[c]], links[fill[d]] = d, c
                fill[c] += 1
                fill[d] += 1
    return links, begin


@_jit
def _squared(points, i, j):  # type: ignore[no-untyped-def]
    dx, dy, dz = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
    return dx * dx + dy * dy + dz * dz


@_jit
def _core(points, start, links, begin, limit, least, core, first, last):  # type: ignore[no-untyped-def]
    """Mark the core points of cells first..last."""
    for c in range(first, last):
        own = start[c + 1] - start[c]
        if own >= least:
            core[start[c] : start[c + 1]] = True
            continue
        for i in range(start[c], start[c + 1]):
            found = own
            for link in range(begin[c], begin[c + 1]):
                d = links[link]
                for j in range(start[d], start[d + 1]):
                    if _squared(points, i, j) <= limit:
                        found += 1
                if found >= least:
                    core[i] = True
                    break


@_jit
def root(parent, i):  # type: ignore[no-untyped-def]
    """Representative of a set, halving the path to it."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@_jit
def _join(points, start, around, core, limit):  # type: ignore[no-untyped-def]
    """(C,) int32 sets of cells: those with core points within reach of each other."""
    count = len(around)
    parent = np.arange(count).astype(np.int32)
    holds = np.zeros(count, np.bool_)
    for c in range(count):
        for i in range(start[c], start[c + 1]):
            holds[c] |= core[i]
    for c in range(count):
        if not holds[c]:
            continue
        for d in around[c]:
            if d < 0 or not holds[d]:
                continue
            a, b = root(parent, c), root(parent, d)
            if a != b and _touch(points, start, core, limit, c, d):
                parent[max(a, b)] = min(a, b)
    for c in range(count):
        parent[c] = root(parent, c)
    return parent


@_jit
def _touch(points, start, core, limit, c, d):  # type: ignore[no-untyped-def]
    """Whether two cells have core points within reach of each other."""
    for i in range(start[c], start[c + 1]):
        if not core[i]:
            continue
        for j in range(start[d], start[d + 1]):
            if core[j] and _squared(points, i, j) <= limit:
                return True
    return False


@_jit
def _borders(points, start, links, begin, core, limit, nearest, first, last):  # type: ignore[no-untyped-def]
    """Fill ``nearest`` (N,) int32, of the points of cells first..last that are no core points: the cell of the
    nearest core point within reach."""
    for c in range(first, last):
        for i in range(start[c], start[c + 1]):
            if core[i]:
                continue
            best = limit
            for j in range(start[c], start[c + 1]):
                if core[j] and (_squared(points, i, j) < best or nearest[i] < 0):
                    best, nearest[i] = _squared(points, i, j), c
            for link in range(begin[c], begin[c + 1]):
                d = links[link]
                for j in range(start[d], start[d + 1]):
                    distance = _squared(points, i, j)
                    if core[j] and (distance < best or (nearest[i] < 0 and distance <= limit)):
                        best, nearest[i] = distance, d


@_jit
def _labels(order, cell, core, parent, nearest):  # type: ignore[no-untyped-def]
    """(N,) int32 in the given order of the points, numbered as they are met; −1 noise."""
    count = len(order)
    found = np.full(count, np.int32(-1), np.int32)
    for place in range(count):
        i = order[place]
        if core[place]:
            found[i] = parent[cell[i]]
        elif nearest[place] >= 0:
            found[i] = parent[nearest[place]]
    numbers = np.full(len(parent), np.int32(-1), np.int32)
    number = np.int32(0)
    for i in range(count):
        if found[i] >= 0:
            if numbers[found[i]] < 0:
                numbers[found[i]] = number
                number += np.int32(1)
            found[i] = numbers[found[i]]
    return found
