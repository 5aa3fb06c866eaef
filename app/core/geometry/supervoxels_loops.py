"""The loops of the boundary-preserved supervoxels, compiled by numba and free of the GIL."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp", "reassoc"})
_UNSEEN = np.int32(-1)


@_jit
def apart(points, normals, i, j, weight):  # type: ignore[no-untyped-def]
    """How unlike two points are: 1 − |cosine of their normals| + ``weight`` · distance."""
    dx, dy, dz = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
    cosine = normals[i, 0] * normals[j, 0] + normals[i, 1] * normals[j, 1] + normals[i, 2] * normals[j, 2]
    return np.float32(1) - abs(cosine) + weight * np.float32(math.sqrt(dx * dx + dy * dy + dz * dz))


@_jit
def least_apart(points, normals, index, weight):  # type: ignore[no-untyped-def]
    """(N,) float32: how unlike each point is to the neighbour most like it; 0 where it has none."""
    count, k = index.shape
    least = np.zeros(count, np.float32)
    for i in range(count):
        found = np.float32(np.inf)
        for n in range(k):
            j = index[i, n]
            if j != i:
                found = min(found, apart(points, normals, i, j, weight))
        least[i] = found if found < np.inf else np.float32(0)
    return least


@_jit
def root(parent, i):  # type: ignore[no-untyped-def]
    """Representative of a set, halving the path to it."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@_jit
def fuse(points, normals, index, weight, price, wanted, parent):  # type: ignore[no-untyped-def]
    """Join points until ``wanted`` sets are left; how many are.

    Each representative goes through those around it and takes in every one whose size times unlikeness is below
    ``price``, then what was around those. The price doubles round by round. ``parent`` (N,) int32 holds the sets.

    What is around a representative is a chain of links; a link that is used up is put into the next chain, so
    that nothing is allocated on the way.
    """
    count, k = index.shape
    target, follow = np.empty(count * k, np.int32), np.empty(count * k, np.int32)
    head = np.full(count, np.int32(-1), np.int32)
    for i in range(count):
        for n in range(k - 1, -1, -1):
            if index[i, n] != i:
                target[i * k + n], follow[i * k + n] = index[i, n], head[i]
                head[i] = i * k + n
    size = np.ones(count, np.int32)
    alive = np.arange(count).astype(np.int32)
    seen = np.full(count, _UNSEEN, np.int32)
    queue, chain = np.empty(count, np.int32), np.empty(count, np.int32)
    left, stamp = count, np.int32(0)
    while left > wanted and len(alive) > 1:
        linked = False
        for i in alive:
            if parent[i] != i or head[i] < 0:
                continue
            stamp += 1
            seen[i] = stamp
            free = _gather(i, head[i], np.int32(-1), target, follow, parent, seen, stamp, queue, chain, 0)
            back, front, kept = free[1], 0, np.int32(-1)
            spare = free[0]
            while front < back:
                j = queue[front]
                front += 1
                if left > wanted and size[j] * apart(points, normals, i, j, weight) < price:
                    parent[j] = i
                    size[i] += size[j]
                    left -= 1
                    spare, back = _gather(
                        j, head[j], spare, target, follow, parent, seen, stamp, queue, chain, back
                    )
                    head[j] = -1
                else:
                    link = spare
                    spare = follow[link]
                    target[link], follow[link] = j, kept
                    kept = link
                    linked = True
            head[i] = kept
            if left <= wanted:
                break
        if not linked and left > wanted:
            break  # nothing touches anything any more
        alive = alive[parent[alive] == alive]
        price *= 2.0
    return left


@_jit
def _gather(i, link, spare, target, follow, parent, seen, stamp, queue, chain, back):  # type: ignore[no-untyped-def]
    """Queue what is around ``i`` and not yet seen; its links become spare ones. Returns spare links and the end."""
    while link >= 0:
        after = follow[link]
        j = root(parent, target[link])
        if seen[j] != stamp:
            seen[j] = stamp
            queue[back] = j
            back += 1
        follow[link] = spare
        spare = link
        link = after
    return spare, back


@_jit
def exchange(points, normals, index, weight, label):  # type: ignore[no-untyped-def]
    """Give points at borders to the neighbouring set whose representative is more like them, until none changes.

    ``label`` (N,) int32: representative of each point; in place.
    """
    count, k = index.shape
    cost = np.empty(count, np.float32)
    queued = np.zeros(count, np.bool_)
    ring = np.empty(count + 1, np.int32)
    begin = end = 0
    for i in range(count):
        cost[i] = apart(points, normals, i, label[i], weight)
        for n in range(k):
            if label[index[i, n]] != label[i]:
                queued[i] = True
                break
        if queued[i]:
            ring[end] = i
            end += 1
    while begin != end:
        i = ring[begin]
        begin = begin + 1 if begin < count else 0
        queued[i] = False
        changed = False
        last = label[i]
        for n in range(k):
            other = label[index[i, n]]
            if other == last or other == label[i]:
                continue
            last = other
            price = apart(points, normals, i, other, weight)
            if price < cost[i]:
                label[i], cost[i], changed = other, price, True
        if not changed:
            continue
        for n in range(k):
            j = index[i, n]
            if label[j] != label[i] and not queued[j]:
                queued[j] = True
                ring[end] = j
                end = end + 1 if end < count else 0
