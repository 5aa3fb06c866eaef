"""The loops of the neighbour search and of normals, compiled by numba and free of the GIL.

The tree is balanced: node ``k`` of level ``l`` holds the points ``count * k >> l`` to ``count * (k + 1) >> l``, its
number is ``2 ** l - 1 + k``, its children are ``2 * number + 1`` and ``+ 2``. So nothing but the order of the
points and the nodes' boxes has to be kept.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})


@_jit
def split(points, order, levels, first_level, number):  # type: ignore[no-untyped-def]
    """Order the points of node ``number`` of ``first_level`` so that every node below holds its own; in place.

    ``points`` (N, 3) float32 and ``order`` (N,) int32 are permuted alike.
    """
    count = len(points)
    stack = [(first_level, number)]
    while len(stack):
        level, k = stack.pop()
        if level >= levels:
            continue
        begin, end = (count * k) >> level, (count * (k + 1)) >> level
        axis, widest = 0, np.float32(-1)
        for a in range(3):
            low = high = points[begin, a]
            for i in range(begin + 1, end):
                low, high = min(low, points[i, a]), max(high, points[i, a])
            if high - low > widest:
                axis, widest = a, high - low
        _select(points, order, begin, end, (count * (2 * k + 1)) >> (level + 1), axis)
        stack.append((level + 1, 2 * k))
        stack.append((level + 1, 2 * k + 1))


@_jit
def _select(points, order, begin, end, middle, axis):  # type: ignore[no-untyped-def]
    """Rows begin..end so that those before ``middle`` are not greater along ``axis`` than those from it on."""
    low, high = begin, end - 1
    while low < high:
        one, two, three = points[low, axis], points[(low + high) // 2, axis], points[high, axis]
        pivot = max(min(one, two), min(max(one, two), three))
        i, j = low, high
        while i <= j:
            while points[i, axis] < pivot:
                i += 1
            while points[j, axis] > pivot:
                j -= 1
            if i <= j:
                for a in range(3):
                    points[i, a], points[j, a] = points[j, a], points[i, a]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@_jit
def boxes(points, levels, corners):  # type: ignore[no-untyped-def]
    """Fill ``corners`` (nodes, 6) float32 with least and greatest coordinates of every node's points."""
    count, leaves = len(points), 1 << levels
    for leaf in range(leaves):
        node = leaves - 1 + leaf
        begin, end = (count * leaf) >> levels, (count * (leaf + 1)) >> levels
        for a in range(3):
            low, high = np.float32(np.inf), np.float32(-np.inf)
            for i in range(begin, end):
                low, high = min(low, points[i, a]), max(high, points[i, a])
            corners[node, a], corners[node, 3 + a] = low, high
    for node in range(leaves - 2, -1, -1):
        for a in range(3):
            corners[node, a] = min(corners[2 * node + 1, a], corners[2 * node + 2, a])
            corners[node, 3 + a] = max(corners[2 * node + 1, 3 + a], corners[2 * node + 2, 3 + a])


@_jit
def _box_distance(corners, node, x, y, z):  # type: ignore[no-untyped-def]
    zero = np.float32(0)
    dx = max(corners[node, 0] - x, x - corners[node, 3], zero)
    dy = max(corners[node, 1] - y, y - corners[node, 4], zero)
    dz = max(corners[node, 2] - z, z - corners[node, 5], zero)
    return dx * dx + dy * dy + dz * dz


@_jit
def nearest(points, corners, levels, index, squared, first, last):  # type: ignore[no-untyped-def]
    """The k nearest of every point in leaves first..last, itself included, nearest first.

    Fills ``index`` (N, k) int32 rows and ``squared`` (N, k) float32 distances; k is at most N.
    """
    count, k, leaves = len(points), index.shape[1], 1 << levels
    stack = np.empty(2 * levels + 4, np.int32)
    for leaf in range(first, last):
        for i in range((count * leaf) >> levels, (count * (leaf + 1)) >> levels):
            x, y, z = points[i, 0], points[i, 1], points[i, 2]
            held = _look(points, leaf, levels, x, y, z, index[i], squared[i], k, 0)
            node = leaves - 1 + leaf
            while node > 0:
                # From its own leaf upwards: what lies beside the path is looked at if it may hold a nearer point.
                other = node + 1 if node & 1 else node - 1
                node = (node - 1) >> 1
                stack[0] = other
                size = 1
                while size:
                    size -= 1
                    inner = stack[size]
                    if held == k and _box_distance(corners, inner, x, y, z) >= squared[i, k - 1]:
                        continue
                    if inner >= leaves - 1:
                        held = _look(points, inner - leaves + 1, levels, x, y, z, index[i], squared[i], k, held)
                        continue
                    left, right = 2 * inner + 1, 2 * inner + 2
                    nearer = _box_distance(corners, left, x, y, z) <= _box_distance(corners, right, x, y, z)
                    stack[size] = right if nearer else left
                    stack[size + 1] = left if nearer else right
                    size += 2


@_jit
def _look(points, leaf, levels, x, y, z, index, squared, k, held):  # type: ignore[no-untyped-def]
    """Put the points of a leaf among the ``held`` nearest ones, sorted; how many there are then."""
    count = len(points)
    for j in range((count * leaf) >> levels, (count * (leaf + 1)) >> levels):
        dx, dy, dz = points[j, 0] - x, points[j, 1] - y, points[j, 2] - z
        distance = dx * dx + dy * dy + dz * dz
        if held == k:
            if distance >= squared[k - 1]:
                continue
            place = k - 1
        else:
            place = held
            held += 1
        while place > 0 and squared[place - 1] > distance:
            squared[place], index[place] = squared[place - 1], index[place - 1]
            place -= 1
        squared[place], index[place] = distance, j
    return held


@_jit
def normals(points, index, found, flat, begin, end):  # type: ignore[no-untyped-def]
    """Fill rows begin..end of ``found`` (N, 3) float32, the direction of least spread of each point's neighbours,
    and of ``flat`` (N,) float32, their second greatest variance over the greatest: 0 on a line.

    Unit vectors without a side. Where neighbours lie on a line it is a direction across it, in one spot z.
    """
    k = index.shape[1]
    share = 1.0 / k
    for i in range(begin, end):
        mx = my = mz = 0.0
        xx = xy = xz = yy = yz = zz = 0.0
        for n in range(k):
            j = index[i, n]
            x, y = float(points[j, 0] - points[i, 0]), float(points[j, 1] - points[i, 1])
            z = float(points[j, 2] - points[i, 2])
            mx += x
            my += y
            mz += z
            xx += x * x
            xy += x * y
            xz += x * z
            yy += y * y
            yz += y * z
            zz += z * z
        xx, yy, zz = xx - mx * mx * share, yy - my * my * share, zz - mz * mz * share
        xy, xz, yz = xy - mx * my * share, xz - mx * mz * share, yz - my * mz * share
        nx, ny, nz, ratio = _least_axis(xx, xy, xz, yy, yz, zz)
        found[i, 0], found[i, 1], found[i, 2], flat[i] = nx, ny, nz, ratio


@_jit
def _least_axis(xx, xy, xz, yy, yz, zz):  # type: ignore[no-untyped-def]
    """Unit eigenvector of the least eigenvalue of a symmetric matrix, in closed form, and second over greatest."""
    scale = max(xx, yy, zz)
    if not scale > 0.0:
        return 0.0, 0.0, 1.0, 0.0
    share = 1.0 / scale
    xx, xy, xz, yy, yz, zz = xx * share, xy * share, xz * share, yy * share, yz * share, zz * share
    mean = (xx + yy + zz) / 3.0
    a, b, c = xx - mean, yy - mean, zz - mean
    off = xy * xy + xz * xz + yz * yz
    spread = math.sqrt((a * a + b * b + c * c + 2.0 * off) / 6.0)
    least, ratio = mean, 1.0
    if spread > 1e-12:
        half = (a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)) / (2.0 * spread**3)
        angle = math.acos(min(1.0, max(-1.0, half))) / 3.0
        least = mean + 2.0 * spread * math.cos(angle + 2.0943951023931953)
        greatest = mean + 2.0 * spread * math.cos(angle)
        ratio = max(3.0 * mean - least - greatest, 0.0) / greatest
    a, b, c = xx - least, yy - least, zz - least
    # Rows of (matrix − least) span the plane across the vector: the longest of their cross products is it.
    ux, uy, uz = xy * yz - xz * b, xz * xy - a * yz, a * b - xy * xy
    vx, vy, vz = xy * c - xz * yz, xz * xz - a * c, a * yz - xy * xz
    wx, wy, wz = b * c - yz * yz, yz * xz - xy * c, xy * yz - b * xz
    u, v, w = ux * ux + uy * uy + uz * uz, vx * vx + vy * vy + vz * vz, wx * wx + wy * wy + wz * wz
    if v > u:
        ux, uy, uz, u = vx, vy, vz, v
    if w > u:
        ux, uy, uz, u = wx, wy, wz, w
    if u > 1e-20:
        length = 1.0 / math.sqrt(u)
        return ux * length, uy * length, uz * length, ratio
    x, y, z = _across(a, b, c, xy, xz, yz)
    return x, y, z, ratio


@_jit
def _across(a, b, c, xy, xz, yz):  # type: ignore[no-untyped-def]
    """A unit vector across a line: the rows of (matrix − least) are all along it."""
    x, y, z = a, xy, xz
    if xy * xy + b * b + yz * yz > x * x + y * y + z * z:
        x, y, z = xy, b, yz
    if xz * xz + yz * yz + c * c > x * x + y * y + z * z:
        x, y, z = xz, yz, c
    flat = math.sqrt(x * x + y * y)
    if flat > 1e-9:
        # Of the directions across, the one nearest to straight up.
        length = math.sqrt(x * x + y * y + z * z)
        x, y, z = x / length, y / length, z / length
        up = math.sqrt(max(1.0 - z * z, 1e-18))
        return -z * x / up, -z * y / up, (1.0 - z * z) / up
    return (1.0, 0.0, 0.0) if abs(z) > 0.0 else (0.0, 0.0, 1.0)


@_jit
def spread(cell, around, representative, flat, own, index, taken):  # type: ignore[no-untyped-def]
    """Give points whose neighbours lie on a line those of the cell they are in, from a thinned cloud.

    ``cell`` (N,) int32 cell of each point; ``around`` (C, k) int32 cells nearest to each cell; ``representative``
    (C,) int32 a row of each; ``flat`` (C,) bool: cells whose neighbours do span a surface. The first ``own`` of
    ``index`` (N, k) stay; ``taken`` (N,) bool points that are served.
    """
    k = index.shape[1]
    for i in range(len(cell)):
        if taken[i] or not flat[cell[i]]:
            continue
        taken[i] = True
        filled = min(own, k)
        for n in range(around.shape[1]):
            if filled == k:
                break
            j = representative[around[cell[i], n]]
            new = True
            for m in range(filled):
                new &= index[i, m] != j
            if new:
                index[i, filled] = j
                filled += 1
