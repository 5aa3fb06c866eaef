"""Triangle meshes that carry what the sensors need: label, instance, material, colour, local position.

Axis letters: V vertices, T triangles. Lengths in metres.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh.

    Attributes
    ----------
    vertices : (V, 3) float32
    normals : (V, 3) float32, unit, for shading
    local : (V, 3) float32, the texture coordinates of the vertex's material (metres where not said otherwise)
    triangles : (T, 3) int32
    material : (T,) uint8, a :class:`~app.core.demo.materials.Material`
    code : (T,) int16, which variant of the material (sign face, kind of car, style of window)
    color : (T, 3) float32, linear base colour
    label : (T,) uint16, raw SemanticKITTI id
    instance : (T,) uint16, 0 none
    """

    vertices: Array
    normals: Array
    local: Array
    triangles: Array
    material: Array
    code: Array
    color: Array
    label: Array
    instance: Array

    def __len__(self) -> int:
        return len(self.triangles)

    @cached_property
    def surface(self) -> Array:
        """(V, 6) float32: normals and texture coordinates side by side, to be looked up at once."""
        return np.concatenate([self.normals, self.local], axis=1)

    def moved(self, pose: Array) -> Mesh:
        """The mesh under a (4, 4) transform of rotation, uniform scale and translation."""
        turn = pose[:3, :3].astype(np.float32)
        scale = float(np.cbrt(np.linalg.det(pose[:3, :3])))
        return replace(
            self,
            vertices=self.vertices @ turn.T + pose[:3, 3].astype(np.float32),
            normals=self.normals @ (turn.T / np.float32(scale)),
        )

    def marked(
        self,
        *,
        label: int | None = None,
        instance: int | None = None,
        color: Iterable[float] | None = None,
        code: int | None = None,
    ) -> Mesh:
        """The mesh with one label, instance, colour or code for all its triangles."""
        changes: dict[str, Array] = {}
        if label is not None:
            changes["label"] = np.full(len(self), label, np.uint16)
        if instance is not None:
            changes["instance"] = np.full(len(self), instance, np.uint16)
        if code is not None:
            changes["code"] = np.full(len(self), code, np.int16)
        if color is not None:
            changes["color"] = np.broadcast_to(np.asarray(tuple(color), np.float32), (len(self), 3))
        return replace(self, **changes)


@dataclass(frozen=True)
class Skin:
    """What the triangles of one part are made of and mean."""

    material: int
    label: int
    color: tuple[float, float, float] = (0.5, 0.5, 0.5)
    code: int = 0
    instance: int = 0


def build(vertices: Array, triangles: Array, skin: Skin, *, normals: Array, local: Array | None = None) -> Mesh:
    """A mesh of one skin; ``local`` defaults to the vertices themselves."""
    points = np.ascontiguousarray(vertices, np.float32)
    faces = np.ascontiguousarray(triangles, np.int32)
    count = len(faces)
    return Mesh(
        vertices=points,
        normals=np.ascontiguousarray(normals, np.float32),
        local=points.copy() if local is None else np.ascontiguousarray(local, np.float32),
        triangles=faces,
        material=np.full(count, skin.material, np.uint8),
        code=np.full(count, skin.code, np.int16),
        color=np.broadcast_to(np.asarray(skin.color, np.float32), (count, 3)),
        label=np.full(count, skin.label, np.uint16),
        instance=np.full(count, skin.instance, np.uint16),
    )


def merge(parts: Iterable[Mesh]) -> Mesh:
    """All parts in one mesh, in their order."""
    meshes = [part for part in parts if len(part)]
    if not meshes:
        return empty()
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    joined = {
        field.name: np.concatenate([getattr(mesh, field.name) for mesh in meshes])
        for field in fields(Mesh)
        if field.name != "triangles"
    }
    triangles = np.concatenate(
        [mesh.triangles + np.int32(start) for mesh, start in zip(meshes, starts, strict=True)]
    )
    return Mesh(triangles=triangles, **joined)


def empty() -> Mesh:
    """A mesh of nothing."""
    none = np.zeros((0, 3), np.float32)
    return build(none, none.astype(np.int32), Skin(0, 0), normals=none)


def xyz(x: float, y: float, z: float) -> Array:
    """(3,) float64, a point or a step."""
    return np.array([x, y, z], np.float64)


def rgb(red: float, green: float, blue: float) -> Array:
    """(3,) float32, a linear colour."""
    return np.array([red, green, blue], np.float32)


def pose(x: float, y: float, z: float = 0.0, yaw: float = 0.0, scale: float = 1.0) -> Array:
    """(4, 4) float64: turned by ``yaw`` about z (radians), scaled, then moved."""
    matrix = np.eye(4)
    cosine, sine = np.cos(yaw) * scale, np.sin(yaw) * scale
    matrix[:2, :2] = [[cosine, -sine], [sine, cosine]]
    matrix[2, 2] = scale
    matrix[:3, 3] = x, y, z
    return matrix


def cross(a: Array, b: Array) -> Array:
    """Cross product over the last axis; ``numpy.cross`` takes many times as long for small arrays."""
    x = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    y = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    z = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.stack([x, y, z], axis=-1)


def vertex_normals(vertices: Array, triangles: Array) -> Array:
    """(V, 3) float32 area-weighted mean of the normals of the triangles at each vertex."""
    corner = vertices[triangles]
    face = cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.zeros((len(vertices), 3))
    for axis in range(3):
        weights = np.repeat(face[:, axis], 3)
        total[:, axis] = np.bincount(triangles.ravel(), weights, minlength=len(vertices))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.maximum(length, 1e-12), np.float32)
