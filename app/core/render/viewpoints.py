"""Cameras to start from and ways between them: fitted, from above, the driver's, a recorded camera's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.core.render.camera import Camera, look_at
from app.core.types import CameraView


def fit(
    bounds: np.ndarray, *, yaw: float = 180.0, pitch: float = 32.0, fov: float = 55.0, aspect: float = 1.6
) -> Camera:
    """A free camera that has ``bounds`` (2, 3) metres in the picture.

    ``yaw`` degrees about z and ``pitch`` degrees above the horizon say where it stands, seen from the middle;
    the defaults look along x, from behind and above.
    """
    center = bounds.mean(axis=0)
    radius = max(float(np.linalg.norm(bounds[1] - bounds[0])) / 2, 1.0)
    half = np.arctan(np.tan(np.radians(fov) / 2) * min(aspect, 1.0))
    return look_at(center + direction(yaw, pitch) * radius / np.sin(half), center, fov=fov)


def fit_points(points: np.ndarray, camera: Camera, width: int, height: int, *, share: float = 0.98) -> Camera:
    """The same direction of view, moved so that ``share`` of the finite points (N, 3) just fits into the picture.

    A few far strays do not push the scene into the distance. The pivot becomes the middle of what is fitted.
    """
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return camera
    sample = finite[:: max(1, len(finite) // 50_000)].astype(np.float64)
    center = np.median(sample, axis=0)
    offsets = (sample - center) @ camera.axes.T
    focal = height / (2 * np.tan(np.radians(camera.fov) / 2))
    # How far back each point wants the camera, so that it lies inside the picture's edges.
    back = np.maximum(np.abs(offsets[:, 0]) * 2 * focal / width, np.abs(offsets[:, 1]) * 2 * focal / height)
    distance = max(float(np.quantile(back - offsets[:, 2], share)), 1.0)
    return look_along(center - camera.axes[2] * distance, camera.axes, center, camera.fov)


def top(bounds: np.ndarray, *, fov: float = 55.0) -> Camera:
    """From straight above, x up in the picture as on a map of the vehicle's course."""
    center = bounds.mean(axis=0)
    extent = max(float((bounds[1] - bounds[0])[:2].max()), 1.0)
    height = extent / 2 / np.tan(np.radians(fov) / 2)
    return look_at(
        np.array([center[0], center[1], bounds[1, 2] + height]), center, up=np.array([1.0, 0, 0]), fov=fov
    )


def ego(*, height: float = 0.0, back: float = 0.0, fov: float = 70.0) -> Camera:
    """The driver's: from the sensor (or ``back`` metres behind and ``height`` above it) along x."""
    eye = np.array([-back, 0.0, height])
    return look_at(eye, eye + np.array([12.0, 0.0, -1.0]), fov=fov)


def recorded(view: CameraView, *, pivot_depth: float = 12.0) -> Camera:
    """Through a recorded camera's own calibration; the pivot lies ``pivot_depth`` metres ahead of it."""
    inverse = np.linalg.inv(view.camera_from_sensor)
    fov = float(np.degrees(2 * np.arctan(view.size[1] / 2 / view.intrinsics[1, 1])))
    pivot = inverse[:3, 3] + inverse[:3, 2] * pivot_depth
    return Camera(view.camera_from_sensor.copy(), pivot, fov, view.intrinsics.copy(), view.size)


def carried(camera: Camera, new_from_old: np.ndarray) -> Camera:
    """The same view after the world's axes have moved by a rigid motion (4, 4): what ``FrameState.stage_motion``
    is for. Not following the vehicle means carrying the camera along with the ground."""
    pose = camera.camera_from_world @ np.linalg.inv(new_from_old)
    return replace(camera, camera_from_world=pose, pivot=new_from_old[:3, :3] @ camera.pivot + new_from_old[:3, 3])


def direction(yaw: float, pitch: float) -> np.ndarray:
    """(3,) unit vector from ``yaw`` and ``pitch`` in degrees."""
    a, b = np.radians(yaw), np.radians(pitch)
    return np.array([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)])


def look_along(eye: np.ndarray, axes: np.ndarray, pivot: np.ndarray, fov: float) -> Camera:
    """Camera at ``eye`` with the axes (3, 3) right, down, forward."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = axes, -axes @ eye
    return Camera(pose, np.asarray(pivot, np.float64).copy(), fov)


def between(start: Camera, end: Camera, t: float) -> Camera:
    """A camera on the way, ``t`` 0..1: turns evenly, and goes in step with the logarithm of the distance."""
    if t >= 1:
        return end
    turn = end.axes @ start.axes.T
    axes = _power(turn, t) @ start.axes
    pivot = (1 - t) * start.pivot + t * end.pivot
    near, far = (max(float(np.linalg.norm(c.position - c.pivot)), 1e-3) for c in (start, end))
    distance = near ** (1 - t) * far**t
    away_start, away_end = (c.axes @ (c.position - c.pivot) for c in (start, end))
    away = (1 - t) * away_start / near + t * away_end / far
    length = float(np.linalg.norm(away))
    away = away / length if length > 1e-6 else np.array([0, 0, -1.0])
    fov = (1 - t) * start.fov + t * end.fov
    return look_along(pivot + axes.T @ away * distance, axes, pivot, fov)


def _power(rotation: np.ndarray, t: float) -> np.ndarray:
    """A rotation matrix to the power ``t``, by its axis and angle."""
    angle = float(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))
    if angle < 1e-9:
        return np.eye(3)
    if np.pi - angle < 1e-4:  # half a turn: the axis is the eigenvector of 1
        values, vectors = np.linalg.eigh((rotation + rotation.T) / 2)
        axis = vectors[:, np.argmax(values)]
    else:
        skew = (rotation - rotation.T) / (2 * np.sin(angle))
        axis = np.array([skew[2, 1], skew[0, 2], skew[1, 0]])
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + np.sin(angle * t) * k + (1 - np.cos(angle * t)) * k @ k)
