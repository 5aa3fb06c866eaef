"""Which points lie inside a box or lasso on the screen: exact, of a million points in a few milliseconds."""

from __future__ import annotations

import numpy as np

from app.core.render.camera import NEAR, Camera


def select(
    points: np.ndarray,
    camera: Camera,
    width: int,
    height: int,
    polygon: np.ndarray,
    *,
    shown: np.ndarray | None = None,
    visible: np.ndarray | None = None,
) -> np.ndarray:
    """Rows (int64, sorted) of the points whose exact projection lies inside a polygon.

    Parameters
    ----------
    points : (N, 3) float32 metres, world; points that are not finite are never inside
    camera, width, height : the view the polygon was drawn in
    polygon : (K, 2) pixels of that view, closed by itself; crossings count even-odd
    shown : (N,) bool, points that are drawn at all; None for all
    visible : (h, w) int32 index buffer of a picture (-1 where nothing is): only points that show in it are
        taken. None takes the points behind others too.

    Raises
    ------
    ValueError
        The polygon is not (K, 2), or ``shown`` has another length than ``points``.
    """
    from app.core.render.regions import inside

    polygon = np.ascontiguousarray(polygon, np.float64)
    if polygon.ndim != 2 or polygon.shape[1] != 2:
        raise ValueError(f"polygon must be (K, 2), not {polygon.shape}")
    if shown is not None and len(shown) != len(points):
        raise ValueError(f"{len(shown)} flags for {len(points)} points")
    if len(polygon) < 3 or not len(points):
        return np.zeros(0, np.int64)
    pose = np.ascontiguousarray(camera.camera_from_world[:3], np.float64)
    k = camera.matrix(width, height)
    lens = np.array([k[0, 0], k[1, 1], k[0, 2], k[1, 2]])
    rows = _seen(visible, len(points))
    candidates = points if rows is None else points[rows]
    found = np.zeros(len(candidates), np.bool_)
    inside(np.ascontiguousarray(candidates, np.float32), pose, lens, NEAR, polygon, found)
    taken = np.flatnonzero(found) if rows is None else rows[found]
    return taken if shown is None else taken[shown[taken]]


def _seen(visible: np.ndarray | None, count: int) -> np.ndarray | None:
    """Rows that a picture's index buffer shows, sorted."""
    if visible is None:
        return None
    flags = np.zeros(count, np.bool_)
    rows = visible[visible >= 0]
    flags[rows[rows < count]] = True
    return np.flatnonzero(flags)
