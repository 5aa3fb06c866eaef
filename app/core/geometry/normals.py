"""Surface normals: the direction of least spread of each point's nearest neighbours, facing the sensor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CHUNK = 20_000
"""Points whose neighbourhoods are held at once: 20 000 × 16 neighbours × 3 × 4 bytes = 4 MB."""


def normals(points: np.ndarray, *, neighbours: int = 16, workers: int = 2) -> np.ndarray:
    """Normals of a cloud.

    Parameters
    ----------
    points : (N, 3) float32, metres, sensor frame (the sensor is at the origin)
    neighbours : points in a neighbourhood, the point itself included
    workers : threads that search

    Returns
    -------
    (N, 3) float32 unit vectors that face the sensor; NaN for bad points (NaN, infinity), and where
    neighbours lie on a line or in one spot, so that no plane is defined.
    """
    result = np.full((len(points), 3), np.nan, np.float32)
    for rows, values in normals_in_chunks(points, neighbours=neighbours, workers=workers):
        result[rows] = values
    return result


def normals_in_chunks(
    points: np.ndarray, *, neighbours: int = 16, workers: int = 2
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """As :func:`normals`, a piece at a time: (M,) rows and their (M, 3) float32 normals."""
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(rows) < 3:
        return
    good = np.ascontiguousarray(points[rows], np.float64)
    tree = cKDTree(good, balanced_tree=False, compact_nodes=False)
    count = min(neighbours, len(good))
    for start in range(0, len(good), CHUNK):
        own = good[start : start + CHUNK]
        _, index = tree.query(own, k=count, workers=workers)
        yield rows[start : start + CHUNK], _facing_sensor(own, good[index])


def _facing_sensor(own: np.ndarray, around: np.ndarray) -> np.ndarray:
    """(M, 3) float32 normals of points (M, 3) from their neighbourhoods (M, K, 3), both float64."""
    centred = around - around.mean(axis=1, keepdims=True)
    covariance = np.einsum("mki,mkj->mij", centred, centred, optimize=True)
    spread, axes = np.linalg.eigh(covariance)
    normal = axes[:, :, 0]
    away = np.einsum("mi,mi->m", normal, own) > 0
    normal[away] *= -1
    # The second axis must spread too: on a line every direction across it is as good as another.
    normal[spread[:, 1] <= 1e-6 * np.maximum(spread[:, 2], 1e-12)] = np.nan
    return normal.astype(np.float32)
