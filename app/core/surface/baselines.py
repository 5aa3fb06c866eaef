"""Surfaces of the same points without a network: Poisson reconstruction, and a TSDF from the lines of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core import lean_open3d
from app.core.surface.extraction import Box
from app.core.surface.marching import Triangles


@dataclass(frozen=True)
class PoissonOptions:
    """How Poisson's surface is taken.

    ``step`` metres, the finest cells of its octree; ``radius`` metres from an observed point beyond which it is cut
    off: it closes everything, far from any point too; ``neighbours`` points that a normal is estimated from.
    """

    step: float = 0.1
    radius: float = 1.0
    neighbours: int = 20


def poisson(points: np.ndarray, options: PoissonOptions, box: Box | None = None) -> Triangles:
    """M. Kazhdan, H. Hoppe, Screened Poisson Surface Reconstruction, 2013, as Open3D has it.

    Parameters
    ----------
    points : (N, 3) float32 finite, metres, sensor frame; normals are turned towards the sensor
    box : triangles that lie outside, wholly, are left out

    Returns
    -------
    the surface; empty where there are fewer points than a normal needs
    """
    from scipy.spatial import cKDTree

    if len(points) < options.neighbours:
        return _empty()
    o3d = lean_open3d.load()
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points.astype(np.float64)))
    cloud.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(options.neighbours))
    cloud.orient_normals_towards_camera_location(np.zeros(3))
    with o3d.utility.VerbosityContextManager(o3d.utility.VerbosityLevel.Error):
        mesh, _ = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, width=options.step, n_threads=1)
    mesh.compute_vertex_normals()
    places, triangles = np.asarray(mesh.vertices), np.asarray(mesh.triangles)
    near = cKDTree(points).query(places, distance_upper_bound=options.radius, workers=2)[0] <= options.radius
    kept = near[triangles].all(axis=1)
    if box is not None:
        corner = places[triangles]
        low, high = corner.min(axis=1), corner.max(axis=1)
        kept &= ((high >= box.low) & (low <= box.high)).all(axis=1)
    return _compact(places, triangles[kept], np.asarray(mesh.vertex_normals))


@dataclass(frozen=True)
class SightOptions:
    """How distances along the lines of sight become a field.

    ``truncation`` metres before and behind a surface within which distance is told; farther in front is empty,
    farther behind unknown. ``angle`` radians to the nearest line of sight beyond which nothing is known. ``rays``
    that a place is told from.
    """

    truncation: float = 0.4
    angle: float = 0.01
    rays: int = 4


class SightField:
    """A truncated signed distance along lines of sight, of one scan, as a field from 0 (empty) to 1.

    B. Curless, M. Levoy, A Volumetric Method for Building Complex Models from Range Images, 1996: at a place it is
    the range of what the sensor saw in that direction less the place's own, here the mean over the nearest lines of
    sight, weighted by closeness; those that met something else than the nearest one (farther from it than the
    truncation) are left out, so that edges stay.
    """

    def __init__(self, points: np.ndarray, options: SightOptions | None = None) -> None:
        """``points`` (N, 3) float32, metres, as seen from (0, 0, 0); those that are not finite are left out."""
        from scipy.spatial import cKDTree

        self._options = options or SightOptions()
        kept = points[np.isfinite(points).all(axis=1)].astype(np.float64)
        ranges = np.linalg.norm(kept, axis=1)
        seen = ranges > 1e-3
        self._ranges = ranges[seen]
        self._tree = cKDTree(kept[seen] / self._ranges[:, None]) if seen.any() else None

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """(M,) float32 in 0 … 1 at (M, 3) places, ½ on the surface; NaN where nothing was seen."""
        values = np.full(len(places), np.nan, np.float32)
        away = np.linalg.norm(places.astype(np.float64), axis=1)
        rows = np.flatnonzero(away > 1e-3)
        if self._tree is None or not len(rows):
            return values
        rays = min(self._options.rays, len(self._ranges))
        direction = places[rows] / away[rows, None]
        apart, near = self._tree.query(direction, k=rays, distance_upper_bound=self._options.angle, workers=2)
        apart, near = apart.reshape(-1, rays), near.reshape(-1, rays)
        met = np.append(self._ranges, np.nan)[near]
        weight = 1 / (apart + 1e-4)
        with np.errstate(invalid="ignore"):
            weight[~(np.abs(met - met[:, :1]) <= self._options.truncation)] = 0
        total = weight.sum(axis=1)
        known = total > 0
        mean = (np.where(weight > 0, met, 0) * weight).sum(axis=1)[known] / total[known]
        free = (mean - away[rows[known]]) / self._options.truncation
        told = np.where(free < -1, np.nan, 0.5 - 0.5 * np.minimum(free, 1))
        values[rows[known]] = told
        return values


def _compact(places: np.ndarray, triangles: np.ndarray, normals: np.ndarray) -> Triangles:
    """Only the vertices that triangles use."""
    used, numbered = np.unique(triangles, return_inverse=True)
    return Triangles(
        places[used].astype(np.float32),
        numbered.reshape(-1, 3).astype(np.int32),
        normals[used].astype(np.float32),
    )


def _empty() -> Triangles:
    none = np.zeros((0, 3), np.float32)
    return Triangles(none, np.zeros((0, 3), np.int32), none)
