"""Ray casting against a standing and a moving mesh: Open3D's Embree scene, the nearest of the two wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core import lean_open3d
from app.core.demo.mesh import Array, Mesh, cross


@dataclass(frozen=True)
class Hits:
    """Where N rays met a surface first.

    ``distance`` (N,) float32 in lengths of the ray's direction, infinite where nothing was met;
    ``triangle`` (N,) int64 in the joined numbering of :class:`Surfaces`, −1 where nothing was met;
    ``u``, ``v`` (N,) float32: the point is (1 − u − v) a + u b + v c.
    """

    distance: Array
    triangle: Array
    u: Array
    v: Array

    @property
    def met(self) -> Array:
        """(N,) bool."""
        return np.asarray(self.triangle >= 0)

    def take(self, rows: Array | slice) -> Hits:
        """The hits of some rays."""
        return Hits(self.distance[rows], self.triangle[rows], self.u[rows], self.v[rows])


class Surfaces:
    """Meshes with one numbering of triangles: first the standing ones, then the moving ones."""

    def __init__(self, standing: Mesh, moving: Mesh) -> None:
        self.standing, self.moving = standing, moving

    def per_triangle(self, name: str, triangle: Array) -> Array:
        """A per-triangle attribute at (N,) joined triangle numbers (all ≥ 0)."""
        count = len(self.standing)
        table = getattr(self.standing, name)
        late = triangle >= count
        if not late.any():
            return np.asarray(table.take(triangle, axis=0))
        values = table.take(np.where(late, 0, triangle), axis=0)
        values[late] = getattr(self.moving, name)[triangle[late] - count]
        return np.asarray(values)

    def at(self, name: str, hits: Hits) -> Array:
        """Per-vertex (V, C) attributes interpolated at hits (all met), (N, C) float32.

        ``name`` is a field of :class:`Mesh`, or "surface": normals and texture coordinates side by side.
        """
        count = len(self.standing)
        late = hits.triangle >= count
        if not late.any():
            return _interpolate(self.standing, name, hits.triangle, hits.u, hits.v)
        late_rows, rows = np.flatnonzero(late), np.flatnonzero(~late)
        early = _interpolate(self.standing, name, hits.triangle[rows], hits.u[rows], hits.v[rows])
        moving = _interpolate(
            self.moving, name, hits.triangle[late_rows] - count, hits.u[late_rows], hits.v[late_rows]
        )
        values = np.empty((len(late), moving.shape[1]), np.float32)
        values[rows] = early
        values[late_rows] = moving
        return values

    def face_normals(self, hits: Hits) -> Array:
        """(N, 3) float32 unit normals of the triangles that were met, in the winding's sense."""
        count = len(self.standing)
        result = np.empty((len(hits.triangle), 3), np.float32)
        for mesh, rows, shift in (
            (self.standing, np.flatnonzero(hits.triangle < count), 0),
            (self.moving, np.flatnonzero(hits.triangle >= count), count),
        ):
            if len(rows):
                corner = mesh.vertices[mesh.triangles[hits.triangle[rows] - shift]]
                normal = cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
                result[rows] = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
        return result


def _interpolate(mesh: Mesh, name: str, triangle: Array, u: Array, v: Array) -> Array:
    values = getattr(mesh, name)
    corner = mesh.triangles.take(triangle, axis=0)
    result = values.take(corner[:, 0], axis=0)
    result *= (1 - u - v)[:, None]
    result += values.take(corner[:, 1], axis=0) * u[:, None]
    result += values.take(corner[:, 2], axis=0) * v[:, None]
    return np.asarray(result)


def scene_of(mesh: Mesh) -> Any:
    """An Embree scene of one mesh, or None for a mesh of nothing."""
    if not len(mesh):
        return None
    scene = lean_open3d.load().t.geometry.RaycastingScene()
    scene.add_triangles(_tensor(mesh.vertices), _tensor(mesh.triangles.astype(np.uint32)))
    return scene


class Caster:
    """Casts rays at a standing scene, built once for many frames, and at the moving scene of one frame."""

    def __init__(self, standing: Mesh, standing_scene: Any, moving: Mesh) -> None:
        self.surfaces = Surfaces(standing, moving)
        self._scenes = [(standing_scene, 0), (scene_of(moving), len(standing))]

    def cast(self, origins: Array, directions: Array) -> Hits:
        """First hits of (N, 3) rays; ``origins`` may be one point (3,)."""
        rays = _tensor(_rays(origins, directions))
        best: Hits | None = None
        for scene, shift in self._scenes:
            if scene is None:
                continue
            answer = scene.cast_rays(rays)
            distance = answer["t_hit"].numpy()
            uv = answer["primitive_uvs"].numpy()
            number = answer["primitive_ids"].numpy().astype(np.int64) + shift
            number[~np.isfinite(distance)] = -1
            hits = Hits(distance, number, uv[:, 0], uv[:, 1])
            best = hits if best is None else _nearer(best, hits)
        if best is None:
            none = np.zeros(len(directions), np.float32)
            return Hits(none + np.inf, np.full(len(none), -1, np.int64), none, none)
        return best

    def blocked(self, origins: Array, directions: Array, far: float = np.inf) -> Array:
        """(N,) bool: whether anything lies on each ray before ``far`` lengths of its direction."""
        rays = _tensor(_rays(origins, directions))
        result: Array | None = None
        for scene, _ in self._scenes:
            if scene is not None:
                found = scene.test_occlusions(rays, 0.0, far).numpy()
                result = found if result is None else result | found
        return np.zeros(len(directions), bool) if result is None else result


def _tensor(values: Array) -> Any:
    """Open3D's view of an array; its type hints know only the long form of the constructor."""
    return lean_open3d.load().core.Tensor.from_numpy(np.ascontiguousarray(values))


def _rays(origins: Array, directions: Array) -> Array:
    rays = np.empty((len(directions), 6), np.float32)
    rays[:, :3] = origins
    rays[:, 3:] = directions
    return rays


def _nearer(one: Hits, other: Hits) -> Hits:
    closer = np.flatnonzero(other.distance < one.distance)
    if not len(closer):
        return one
    for name in ("distance", "triangle", "u", "v"):
        getattr(one, name)[closer] = getattr(other, name)[closer]
    return one
