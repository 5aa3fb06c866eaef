"""The virtual camera: where it is, how it projects, how it moves. Plain numpy, shared by all renderers.

Camera frame: x right, y down, z forward, as in :mod:`app.core.types`. Pixels: (0, 0) is the picture's
upper left corner, pixel centres lie at half integers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

NEAR = 0.05
"""Metres: what is nearer to the camera than this is not drawn."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    ``camera_from_world`` (4, 4) float64; ``fov`` vertical field of view in degrees; ``pivot`` (3,) metres, world:
    what orbiting turns about. ``intrinsics`` (3, 3) and ``size`` (w, h), where given (a recorded camera's), replace
    ``fov``: the picture of that size is fitted into the view, centred.
    """

    camera_from_world: np.ndarray
    pivot: np.ndarray
    fov: float = 55.0
    intrinsics: np.ndarray | None = None
    size: tuple[int, int] | None = None

    def matrix(self, width: int, height: int) -> np.ndarray:
        """(3, 3) float64 intrinsics for a view of that size in pixels."""
        if self.intrinsics is not None and self.size is not None:
            scale = min(width / self.size[0], height / self.size[1])
            offset = (np.array([width, height]) - scale * np.array(self.size)) / 2
            k = self.intrinsics.copy()
            k[:2] *= scale
            k[:2, 2] += offset
            return k
        focal = height / (2 * np.tan(np.radians(self.fov) / 2))
        return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])

    @property
    def position(self) -> np.ndarray:
        """(3,) float64 camera centre, metres, world."""
        r, t = self.camera_from_world[:3, :3], self.camera_from_world[:3, 3]
        return np.asarray(-r.T @ t)

    @property
    def axes(self) -> np.ndarray:
        """(3, 3) float64: rows are the camera's right, down and forward directions in the world."""
        return self.camera_from_world[:3, :3]

    def project(self, points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (N, 2) float64 and depths (N,) float64 metres of world points (N, 3); depth <= 0 is behind."""
        p = np.asarray(points, np.float64) @ self.camera_from_world[:3, :3].T + self.camera_from_world[:3, 3]
        k = self.matrix(width, height)
        depth = p[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = (p[:, :2] / depth[:, None]) * [k[0, 0], k[1, 1]] + k[:2, 2]
        return pixels, depth

    def ray(self, x: float, y: float, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Origin (3,) and unit direction (3,) in the world of the line of sight through pixel (x, y)."""
        k = self.matrix(width, height)
        direction = np.array([(x - k[0, 2]) / k[0, 0], (y - k[1, 2]) / k[1, 1], 1.0]) @ self.axes
        return self.position, direction / np.linalg.norm(direction)


def look_at(eye: np.ndarray, target: np.ndarray, *, up: np.ndarray | None = None, fov: float = 55.0) -> Camera:
    """Camera at ``eye`` (3,) looking at ``target`` (3,), its pivot; ``up`` defaults to the world's z."""
    eye, target = np.asarray(eye, np.float64), np.asarray(target, np.float64)
    forward = target - eye
    forward /= np.linalg.norm(forward)
    up = np.array([0, 0, 1.0]) if up is None else np.asarray(up, np.float64)
    right = np.cross(forward, up)
    if np.linalg.norm(right) < 1e-6:  # looking along `up`: x of the world is up in the picture
        right = np.cross(forward, [1.0, 0, 0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ eye
    return Camera(pose, target.copy(), fov)


def orbit(camera: Camera, yaw: float, pitch: float) -> Camera:
    """Turn about the pivot: ``yaw`` radians about the world's z, ``pitch`` about the camera's right axis.

    The pitch stops at straight up and down, so the horizon never tips over. A recorded camera's
    intrinsics are dropped: the view becomes a free one.
    """
    elevation = np.arcsin(np.clip(-camera.axes[2, 2], -1, 1))
    limit = np.radians(89.5)
    pitch = float(np.clip(elevation + pitch, -limit, limit) - elevation)
    turn = _rotation(np.array([0, 0, 1.0]), yaw) @ _rotation(camera.axes[0], -pitch)
    axes = camera.axes @ turn.T
    eye = camera.pivot + turn @ (camera.position - camera.pivot)
    return _placed(camera, axes, eye)


def pan(camera: Camera, dx: float, dy: float, height: int) -> Camera:
    """Shift by pixels so that the pivot follows the pointer."""
    distance = max(float(np.linalg.norm(camera.position - camera.pivot)), 0.1)
    per_pixel = 2 * distance * np.tan(np.radians(camera.fov) / 2) / height
    shift = -(camera.axes[0] * dx + camera.axes[1] * dy) * per_pixel
    moved = _placed(camera, camera.axes, camera.position + shift)
    return replace(moved, pivot=camera.pivot + shift)


def zoom(camera: Camera, factor: float, toward: np.ndarray | None = None) -> Camera:
    """Come nearer to the pivot (or the point ``toward`` (3,)) by ``factor`` (0.9: 10 % nearer)."""
    target = camera.pivot if toward is None else np.asarray(toward, np.float64)
    eye = target + (camera.position - target) * factor
    if np.linalg.norm(eye - camera.pivot) < 0.05 and factor < 1:
        return camera
    pivot = camera.pivot if toward is None else target + (camera.pivot - target) * factor
    return replace(_placed(camera, camera.axes, eye), pivot=pivot)


def aim(camera: Camera, target: np.ndarray) -> Camera:
    """Make ``target`` (3,) the pivot and the middle of the picture, keeping the direction of view and the
    distance to what is looked at, but at most what it is now."""
    target = np.asarray(target, np.float64)
    distance = min(np.linalg.norm(camera.position - target), np.linalg.norm(camera.position - camera.pivot))
    moved = _placed(camera, camera.axes, target - camera.axes[2] * max(float(distance), 0.5))
    return replace(moved, pivot=target)


def under(camera: Camera, x: float, y: float, width: int, height: int) -> np.ndarray:
    """(3,) the point under pixel (x, y) where nothing is drawn: as deep as the pivot."""
    origin, direction = camera.ray(x, y, width, height)
    depth = max(float((camera.pivot - camera.position) @ camera.axes[2]), 0.5)
    return np.asarray(origin + direction * depth / max(float(direction @ camera.axes[2]), 1e-3))


def clip_planes(camera: Camera, bounds: np.ndarray, near: float = NEAR) -> tuple[float, float]:
    """Near and far plane in metres that keep everything inside ``bounds`` (2, 3) in the picture.

    The far plane follows the scene; the near plane stays, for the ground under an ego camera is always near.
    """
    corners = np.array([[bounds[(i >> a) & 1, a] for a in range(3)] for i in range(8)])
    depths = (corners - camera.position) @ camera.axes[2]
    return near, float(max(depths.max() * 1.01 + 1.0, near * 100))


def _placed(camera: Camera, axes: np.ndarray, eye: np.ndarray) -> Camera:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = axes, -axes @ eye
    return replace(camera, camera_from_world=pose, intrinsics=None, size=None)


def _rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """(3, 3) rotation by ``angle`` radians about a unit ``axis`` (Rodrigues)."""
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k)
