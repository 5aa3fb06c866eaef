"""Primitive shapes: quads, boxes, tubes, ellipsoids, grids. Everything larger is made of these."""

from __future__ import annotations

import numpy as np

from app.core.demo.mesh import Mesh, Skin, build, vertex_normals

Array = np.ndarray

_CORNERS = np.array(
    [[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], np.float32
)
_FACES = np.array([[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]])


def quads(corners: Array, skin: Skin, local: Array | None = None) -> Mesh:
    """Flat quads from (N, 4, 3) corners, counter-clockwise seen from outside; ``local`` (N, 4, 3)."""
    points = np.asarray(corners, np.float32).reshape(-1, 4, 3)
    normal = np.cross(points[:, 1] - points[:, 0], points[:, 3] - points[:, 0])
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
    points: Array, skin: Skin, *, local: Array | None = None, closed: bool = False, flip: bool = False
) -> Mesh:
    """A smooth surface through an (N, M, 3) net of points; ``closed`` joins the last column to the first."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    right = np.roll(index, -1, axis=1) if closed else index[:, 1:]
    left = index if closed else index[:, :-1]
    a, b, c, d = left[:-1], left[1:], right[1:], right[:-1]
    triangles = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    if flip:
        triangles = triangles[:, ::-1]
    flat = np.asarray(points, np.float32).reshape(-1, 3)
    return build(
        flat,
        triangles,
        skin,
        normals=vertex_normals(flat, triangles),
        local=None if local is None else np.asarray(local, np.float32).reshape(-1, 3),
    )


def _frames(path: Array) -> tuple[Array, Array]:
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    up = np.where(np.abs(along[:, 2:]) > 0.9, [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    side = np.cross(up, along)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    return side, np.cross(along, side)


def tube(path: Array, radius: Array | float, skin: Skin, *, sides: int = 8, caps: bool = True) -> Mesh:
    """A round tube along a (K, 3) path with one radius or (K,); ``local`` is (turn 0..1, length, radius)."""
    line = np.asarray(path, np.float64)
    widths = np.broadcast_to(np.asarray(radius, np.float64), (len(line),))
    if caps:
        line = np.concatenate([line[:1], line, line[-1:]])
        widths = np.concatenate([[1e-4], widths, [1e-4]])
    side, up = _frames(line if not caps else np.concatenate([line[1:-1][:1], line[1:-1], line[1:-1][-1:]]))
    if caps:
        side[0], side[-1], up[0], up[-1] = side[1], side[-2], up[1], up[-2]
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = side[:, None] * np.cos(turn)[None, :, None] + up[:, None] * np.sin(turn)[None, :, None]
    points = line[:, None] + ring * widths[:, None, None]
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    local = np.stack(
        [
            np.broadcast_to(turn / (2 * np.pi), points.shape[:2]),
            np.broadcast_to(length[:, None], points.shape[:2]),
            np.broadcast_to(widths[:, None], points.shape[:2]),
        ],
        axis=-1,
    )
    return grid(points, skin, local=local, closed=True, flip=True)


def ellipsoid(center: Array, radii: Array, skin: Skin, *, around: int = 12, down: int = 8) -> Mesh:
    """An ellipsoid with its axes along x, y, z."""
    theta = np.linspace(1e-3, np.pi - 1e-3, down)
    phi = np.linspace(0, 2 * np.pi, around, endpoint=False)
    unit = np.stack(
        [
            np.sin(theta)[:, None] * np.cos(phi),
            np.sin(theta)[:, None] * np.sin(phi),
            np.broadcast_to(np.cos(theta)[:, None], (down, around)),
        ],
        axis=-1,
    )
    return grid(unit * np.asarray(radii) + np.asarray(center), skin, closed=True)


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
    flip = (np.cross(points[1], points[2]) @ normal) < 0
    return build(
        points + np.asarray(center),
        triangles[:, ::-1] if flip else triangles,
        skin,
        normals=np.broadcast_to(normal, points.shape),
        local=local,
    )
