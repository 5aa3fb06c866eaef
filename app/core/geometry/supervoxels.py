"""Boundary-preserved supervoxels (Lin, Wang, Zhai, Li and Li, ISPRS Journal 2018).

Of all ways to choose K representatives, the one with the least sum of unlikeness between points and their
representatives is approached in two steps: points are fused into sets round by round, then points at borders change
sides. There are no seeds and no raster, so that borders of things stay borders of supervoxels.
"""

from __future__ import annotations

import numpy as np

from app.core.geometry import supervoxels_loops as loops
from app.core.geometry.neighbours import neighbourhoods, spread_index, surface_normals
from app.core.geometry.neighbours_grid import numbered

PLACE_WEIGHT = 0.4
"""Of distance over resolution beside 1 − |cosine of normals|; the authors'."""


def supervoxels(
    points: np.ndarray, *, resolution: float = 1.0, neighbours: int = 15, spread: bool = False
) -> np.ndarray:
    """Cut a cloud into supervoxels.

    Parameters
    ----------
    points : (M, 3) float32, metres, all finite
    resolution : metres; there are as many supervoxels as cells of this edge hold points
    neighbours : of a point, itself included
    spread : whether neighbours of points that are caught in one scan line are looked for beyond it

    Returns
    -------
    (M,) int32 supervoxels 0, 1, 2 …
    """
    if not len(points):
        return np.zeros(0, np.int32)
    hoods = neighbourhoods(points, count=neighbours)
    normals, flatness = surface_normals(hoods.points, hoods.index)
    index = hoods.index
    if spread:
        index = spread_index(hoods, flatness, resolution)
        normals, _ = surface_normals(hoods.points, index)
    return hoods.given(segment(hoods.points, normals, index, resolution))


def segment(points: np.ndarray, normals: np.ndarray, index: np.ndarray, resolution: float) -> np.ndarray:
    """(M,) int32 supervoxels of (M, 3) points, where ``index`` (M, k) says who touches whom and ``normals`` (M, 3)
    how they lie."""
    weight = np.float32(PLACE_WEIGHT / resolution)
    price = max(float(np.median(loops.least_apart(points, normals, index, weight))), 1e-6)
    wanted = len(numbered(points, resolution)[1])
    parent = np.arange(len(points), dtype=np.int32)
    loops.fuse(points, normals, index, weight, price, wanted, parent)
    label = roots(parent)
    loops.exchange(points, normals, index, weight, label)
    used = np.zeros(len(points), np.int32)
    used[label] = 1
    return (np.cumsum(used, dtype=np.int32) - 1)[label]


def roots(parent: np.ndarray) -> np.ndarray:
    """(M,) int32: the representative at the end of every chain of parents."""
    while True:
        above = parent[parent]
        if np.array_equal(above, parent):
            return above
        parent = above
