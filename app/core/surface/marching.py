"""Marching cubes over any set of cells (Lorensen and Cline 1987), with a table that is worked out, not copied.

Corner c of a cell lies at x = c & 1, y = c >> 1 & 1, z = c >> 2; a corner is inside where its value exceeds the
threshold. On a face whose inside corners lie across from each other, each is cut off by itself. Which cuts a face
has depends on its own corners alone, so cells fit together without cracks, whatever their neighbours are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from app.core.surface import marching_loops as loops
from app.core.surface.cells import BITS, CORNERS, find

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
    rows = find(keys, (CORNERS[:, None] + cells).ravel()).reshape(8, -1)
    starts, table = _table()
    case, total = loops.cases(rows, values, np.float32(threshold), starts)
    triangle = np.empty((total, 3), np.int32)
    # room for three vertices a triangle: memory that is never touched is never taken
    ends, gradient = np.empty((3 * total, 2), np.int64), np.zeros((3 * total, 3, 2), np.float32)
    made = loops.triangles(rows, values, case, starts, table, np.array(_EDGES), triangle, ends, gradient)
    vertices, normals = np.empty((made, 3), np.float32), np.empty((made, 3), np.float32)
    loops.finish(keys, values, ends[:made], gradient[:made], BITS, float(step), float(threshold), vertices, normals)
    return Triangles(vertices, triangle, normals)
