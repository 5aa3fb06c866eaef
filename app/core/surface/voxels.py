"""The plainest surface of points: the outer faces of Open3D's voxels that hold one."""

from __future__ import annotations

import numpy as np

from app.core import lean_open3d
from app.core.surface.cells import STEPS, among, distinct, keys_of, positions
from app.core.surface.marching import Triangles

_SIDES = np.array([
    # corners of the side that faces along +x, +y, +z, seen from outside, counter-clockwise; then along -x, -y, -z
    [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]], [[0, 1, 0], [0, 1, 1], [1, 1, 1], [1, 1, 0]],
    [[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], [[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]],
    [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0]],
])  # fmt: skip


def voxels(points: np.ndarray, step: float) -> Triangles:
    """``open3d.geometry.VoxelGrid`` of (N, 3) float32 finite points, metres, as triangles.

    Voxels have edges of ``step`` metres and lie on the same lattice whatever the points are; sides between two of
    them are left out. Normals are the mean directions of the sides that meet in a vertex, 0 where they cancel.
    """
    if not len(points):
        none = np.zeros((0, 3), np.float32)
        return Triangles(none, np.zeros((0, 3), np.int32), none)
    o3d = lean_open3d.load()
    low = (np.floor(points.min(axis=0).astype(np.float64) / step) - 1) * step
    high = (np.ceil(points.max(axis=0).astype(np.float64) / step) + 1) * step
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points.astype(np.float64)))
    grid = o3d.geometry.VoxelGrid.create_from_point_cloud_within_bounds(cloud, step, low, high)
    held = np.array([voxel.grid_index for voxel in grid.get_voxels()], np.int64)
    cells = distinct(keys_of(low + (held + 0.5) * step, step))
    corners, facing = [], []
    for side, square in enumerate(_SIDES):
        axis, sign = side % 3, 1 if side < 3 else -1
        open_cells = cells[~among(cells, cells + sign * STEPS[axis])]
        corners.append((open_cells[:, None] + square @ STEPS).reshape(-1))
        direction = np.zeros((len(corners[-1]), 3))
        direction[:, axis] = sign
        facing.append(direction)
    keys = np.concatenate(corners)
    shared = distinct(keys)
    rows = np.searchsorted(shared, keys)
    squares = rows.reshape(-1, 4)
    triangles = np.concatenate([squares[:, [0, 1, 2]], squares[:, [0, 2, 3]]]).astype(np.int32)
    direction = np.concatenate(facing)
    total = np.stack([np.bincount(rows, direction[:, axis], len(shared)) for axis in range(3)], axis=1)
    normals = (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return Triangles(positions(shared, step).astype(np.float32), triangles, normals)
