"""Primitive shapes: quads, boxes, tubes, ellipsoids, grids. Everything larger is made of these."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from app.core.demo.mesh import Mesh, Skin, build, cross, vertex_normals

Array = np.ndarray

_CORNERS = np.array(
    [[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], np.float32
)
_FACES = np.array([[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]])


def quads(corners: Array, skin: Skin, local: Array | None = None) -> Mesh:
    """Flat quads from (N, 4, 3) corners, counter-clockwise seen from outside; ``local`` (N, 4, 3)."""
    points = np.asarray(corners, np.float32).reshape(-1, 4, 3)
    normal = cross(points[:, 1] - points[:, 0], points[:, 3] - points[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    first = np.arange(len(points), dtype=np.int32)[:, None] * 4
    triangles = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])], axis=1).reshape(-1, 3)
    return build(
        points.reshape(-1, 3),
        triangles,
        skin,
        normals=np.repeat(normal, 4, axis=0),
        local=None if local is None else np.asarray(local, np.float32).reshape(-1, 3),
    )


def boxes(centers: Array, sizes: Array, skin: Skin, yaw: Array | float = 0.0) -> Mesh:
    """Boxes from (N, 3) centres and (N, 3) sizes, each turned by its ``yaw`` (N,) about z."""
    middle = np.asarray(centers, np.float32).reshape(-1, 3)
    extent = np.broadcast_to(np.asarray(sizes, np.float32), middle.shape)
    corner = _CORNERS[None] * (extent[:, None] / 2)
    angle = np.broadcast_to(np.asarray(yaw, np.float32), (len(middle),))
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned = np.stack(
        [
            corner[..., 0] * cosine - corner[..., 1] * sine,
            corner[..., 0] * sine + corner[..., 1] * cosine,
            corner[..., 2],
        ],
        axis=-1,
    )
    points = turned + middle[:, None]
    return quads(points[:, _FACES].reshape(-1, 4, 3), skin, corner[:, _FACES].reshape(-1, 4, 3))


def box(center: tuple[float, float, float], size: tuple[float, float, float], skin: Skin, yaw: float = 0.0) -> Mesh:
    """One box."""
    return boxes(np.array([center]), np.array([size]), skin, yaw)


def grid(
    points: Array,
    skin: Skin,
    *,
    local: Array | None = None,
    normals: Array | None = None,
    closed: bool = False,
    flip: bool = False,
) -> Mesh:
    """A smooth surface through an (N, M, 3) net of points; ``closed`` joins the last column to the first."""
    return nets(
        np.asarray(points)[None],
        skin,
        local=None if local is None else np.asarray(local)[None],
        normals=None if normals is None else np.asarray(normals)[None],
        closed=closed,
        flip=flip,
    )


def nets(
    points: Array,
    skin: Skin,
    *,
    local: Array | None = None,
    normals: Array | None = None,
    closed: bool = False,
    flip: bool = False,
) -> Mesh:
    """(B, N, M, 3) nets of points at once, each as :func:`grid`; ``local`` and ``normals`` likewise."""
    batch, rows, columns = points.shape[:3]
    triangles = _net_triangles(rows, columns, closed, flip)
    shift = np.arange(batch, dtype=np.int32) * np.int32(rows * columns)
    everyone = (triangles[None] + shift[:, None, None]).reshape(-1, 3)
    flat = np.asarray(points, np.float32).reshape(-1, 3)
    return build(
        flat,
        everyone,
        skin,
        normals=vertex_normals(flat, everyone) if normals is None else normals.reshape(-1, 3),
        local=None if local is None else np.asarray(local, np.float32).reshape(-1, 3),
    )


@lru_cache(maxsize=256)
def _net_triangles(rows: int, columns: int, closed: bool, flip: bool) -> Array:
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    right = np.roll(index, -1, axis=1) if closed else index[:, 1:]
    left = index if closed else index[:, :-1]
    a, b, c, d = left[:-1], left[1:], right[1:], right[:-1]
    triangles = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    return triangles[:, ::-1] if flip else triangles


def _frames(path: Array) -> tuple[Array, Array]:
    """Two unit directions across each (B, K, 3) path."""
    along = np.empty_like(path)
    along[:, 1:-1] = path[:, 2:] - path[:, :-2]
    along[:, 0], along[:, -1] = path[:, 1] - path[:, 0], path[:, -1] - path[:, -2]
    along /= np.maximum(np.sqrt((along**2).sum(-1, keepdims=True)), 1e-9)
    upright = np.abs(along[..., 2:]) > 0.9
    up = np.where(upright, np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    side = cross(up, along)
    side /= np.maximum(np.sqrt((side**2).sum(-1, keepdims=True)), 1e-9)
    return side, cross(along, side)


def tubes(paths: Array, radii: Array | float, skin: Skin, *, sides: int = 8, caps: bool = True) -> Mesh:
    """Round tubes along (B, K, 3) paths with (B, K) radii; ``local`` is (turn 0..1, length, radius)."""
    lines = np.asarray(paths, np.float64)
    widths = np.broadcast_to(np.asarray(radii, np.float64), lines.shape[:2])
    side, up = _frames(lines)
    if caps:
        lines, side, up = (np.concatenate([x[:, :1], x, x[:, -1:]], axis=1) for x in (lines, side, up))
        end = np.full((len(lines), 1), 1e-4)
        widths = np.concatenate([end, widths, end], axis=1)
    turn, cosine, sine = _turns(sides)
    ring = side[:, :, None] * cosine[:, None] + up[:, :, None] * sine[:, None]
    points = lines[:, :, None] + ring * widths[:, :, None, None]
    steps = np.sqrt((np.diff(lines, axis=1) ** 2).sum(-1))
    length = np.concatenate([np.zeros((len(lines), 1)), np.cumsum(steps, axis=1)], axis=1)
    local = np.empty(points.shape, np.float32)
    local[..., 0], local[..., 1], local[..., 2] = turn, length[..., None], widths[..., None]
    return nets(points, skin, local=local, normals=ring, closed=True, flip=True)


@lru_cache(maxsize=32)
def _turns(sides: int) -> tuple[Array, Array, Array]:
    turn = np.arange(sides) / sides
    return turn, np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)


def tube(path: Array, radius: Array | float, skin: Skin, *, sides: int = 8, caps: bool = True) -> Mesh:
    """One tube along a (K, 3) path with one radius or (K,)."""
    widths = np.broadcast_to(np.asarray(radius, np.float64), (len(path),))
    return tubes(np.asarray(path)[None], widths[None], skin, sides=sides, caps=caps)


def ellipsoid(center: Array, radii: Array, skin: Skin, *, around: int = 12, down: int = 8) -> Mesh:
    """An ellipsoid with its axes along x, y, z."""
    unit = _sphere(around, down)
    axes = np.asarray(radii, np.float64)
    normals = unit / axes
    normals /= np.sqrt((normals**2).sum(-1, keepdims=True))
    return grid(unit * axes + np.asarray(center), skin, closed=True, normals=normals)


@lru_cache(maxsize=32)
def _sphere(around: int, down: int) -> Array:
    theta = np.linspace(1e-3, np.pi - 1e-3, down)[:, None]
    phi = np.linspace(0, 2 * np.pi, around, endpoint=False)
    flat = np.sin(theta)
    up = np.broadcast_to(np.cos(theta), (down, around))
    return np.stack([flat * np.cos(phi), flat * np.sin(phi), up], axis=-1)


def disc(center: Array, normal_axis: int, radius: float, skin: Skin, *, sides: int = 16, sign: float = 1.0) -> Mesh:
    """A flat disc facing along ``sign`` times an axis; ``local`` runs from −1 to 1 in its plane."""
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    flat = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    first, second = [axis for axis in range(3) if axis != normal_axis]
    points = np.zeros((sides + 1, 3))
    points[1:, first], points[1:, second] = flat[:, 0] * radius, flat[:, 1] * radius
    local = np.zeros((sides + 1, 3))
    local[1:, :2] = flat
    normal = np.zeros(3)
    normal[normal_axis] = sign
    outer = np.arange(sides)
    triangles = np.stack([np.zeros(sides, int), outer + 1, (outer + 1) % sides + 1], axis=1)
    flip = (cross(points[1], points[2]) @ normal) < 0
    return build(
        points + np.asarray(center),
        triangles[:, ::-1] if flip else triangles,
        skin,
        normals=np.broadcast_to(normal, points.shape),
        local=local,
    )
