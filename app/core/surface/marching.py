"""Marching cubes over any set of cells (Lorensen and Cline 1987), with a table that is worked out, not copied.

Corner c of a cell lies at x = c & 1, y = c >> 1 & 1, z = c >> 2; a corner is inside where its value exceeds the
threshold. On a face whose inside corners lie across from each other, each is cut off by itself. Which cuts a face
has depends on its own corners alone, so cells fit together without cracks, whatever their neighbours are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from app.core.surface.cells import CORNERS, find, positions

_EDGES = tuple((corner, axis) for axis in range(3) for corner in range(8) if not corner >> axis & 1)
"""(lower corner, axis) of the 12 edges of a cell."""


@dataclass(frozen=True)
class Triangles:
    """``vertices`` (V, 3) float32, metres; ``triangles`` (T, 3) int32, seen from outside anticlockwise.

    ``normals`` (V, 3) float32, outward, of unit length: against the field's gradient; NaN where it is none.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    normals: np.ndarray


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """(257,) where each case's triangles start, and (n, 3) the edges that their corners lie on."""
    starts, rows = [0], []
    for case in range(256):
        for loop in _loops(case):
            rows += [(loop[0], loop[k], loop[k + 1]) for k in range(1, len(loop) - 1)]
        starts.append(len(rows))
    return np.array(starts), np.array(rows, np.int64).reshape(-1, 3)


def _loops(case: int) -> list[list[int]]:
    """Closed rows of edges that the surface crosses in a cell whose inside corners are the bits of ``case``."""
    following: dict[int, int] = {}
    for axis in range(3):
        for side in (0, 1):
            ring = _face(axis, side)
            inside = [bool(case >> corner & 1) for corner in ring]
            for k in range(4):
                if inside[k] and not inside[k - 1]:  # a run of inside corners begins behind this edge
                    end = k
                    while inside[(end + 1) % 4]:
                        end = (end + 1) % 4
                    following[_edge(ring[k - 1], ring[k])] = _edge(ring[end], ring[(end + 1) % 4])
    loops = []
    while following:
        first = at = next(iter(following))
        loop = []
        while True:
            loop.append(at)
            at = following.pop(at)
            if at == first:
                break
        loops.append(loop)
    return loops


def _face(axis: int, side: int) -> list[int]:
    """Four corners of a face, anticlockwise as seen from outside the cell."""
    u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
    base = side << axis
    ring = [base, base | u, base | u | v, base | v]
    return ring if side else ring[::-1]


def _edge(one: int, other: int) -> int:
    return _EDGES.index((min(one, other), (one ^ other).bit_length() - 1))


def march(cells: np.ndarray, keys: np.ndarray, values: np.ndarray, step: float, threshold: float) -> Triangles:
    """The surface where a field has the value ``threshold``, within cells.

    Parameters
    ----------
    cells : (C,) int64 keys of distinct cells (:mod:`app.core.surface.cells`)
    keys : (K,) int64 sorted keys of corners, among them all corners of the cells
    values : (K,) float32 of the field there; cells with a value that is not finite hold no surface
    step : metres, edge of a cell
    threshold : inside is above it

    Returns
    -------
    triangles whose vertices are shared between neighbouring cells
    """
    by_corner = find(keys, (CORNERS[:, None] + cells).ravel()).reshape(8, -1)
    corner = values[by_corner]
    case = ((corner > threshold) << np.arange(8)[:, None]).sum(axis=0)
    case[~np.isfinite(corner).all(axis=0)] = 0
    crossed = np.flatnonzero((case > 0) & (case < 255))
    at, case = np.ascontiguousarray(by_corner[:, crossed].T), case[crossed]
    starts, table = _table()
    counts = starts[case + 1] - starts[case]
    owner = np.repeat(np.arange(len(case)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + starts[case[owner]]
    edge = table[place]
    lower, axis = (np.array(part) for part in zip(*_EDGES, strict=True))
    below, above = lower[edge], lower[edge] | 1 << axis[edge]
    low = at[owner[:, None], below]
    high = at[owner[:, None], above]
    used, triangle = np.unique(low * 3 + axis[edge], return_inverse=True)
    ends = np.empty((2, len(used)), np.int64)
    ends[:, triangle.ravel()] = low.ravel(), high.ravel()
    first, second = values[ends[0]].astype(np.float64), values[ends[1]].astype(np.float64)
    share = np.clip((threshold - first) / (second - first), 0.0, 1.0)
    start, end = positions(keys[ends[0]], step), positions(keys[ends[1]], step)
    vertices = start + share[:, None] * (end - start)
    triangle = triangle.reshape(-1, 3)
    gradients = _gradients(values[at])
    along = share.astype(np.float32)[triangle, None]
    found = (1 - along) * gradients[owner[:, None], below] + along * gradients[owner[:, None], above]
    normals = _outward(found.reshape(-1, 3), triangle.ravel(), len(used))
    return Triangles(vertices.astype(np.float32), triangle.astype(np.int32), normals)


def _gradients(corner: np.ndarray) -> np.ndarray:
    """(C, 8, 3) float32 differences of the values (C, 8) along the edges of a cell that meet in each corner."""
    place = np.arange(8)
    return np.stack([corner[:, place | 1 << axis] - corner[:, place & ~(1 << axis)] for axis in range(3)], axis=2)


def _outward(gradients: np.ndarray, vertex: np.ndarray, count: int) -> np.ndarray:
    """(count, 3) float32 unit normals: against the mean of the gradients (N, 3) of each ``vertex`` (N,).

    The cells round an edge lie on both sides of it, so the mean holds the central differences of the grid, as in
    Lorensen and Cline 1987, §4; nothing more is asked of the field.
    """
    total = np.stack([np.bincount(vertex, gradients[:, axis], count) for axis in range(3)], axis=1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(-total / length, np.float32)
