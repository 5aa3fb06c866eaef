"""Where the camera of a view stands for a scene of points: first look, fit, top; the rest is in the core.

Everything is in the drawn frame (the current sweep's sensor coordinates, metres, z up; ``Frame.heading``
says where the vehicle faces in them).
"""

from __future__ import annotations

import numpy as np

from app.core.render import viewpoints
from app.core.render.camera import Camera, look_at
from app.core.state import FrameState

OVERVIEW_FROM = np.array([-0.80, 0.36, 0.60])
"""Direction from the scene to the camera: behind the vehicle, a little to the left, high up."""

SAMPLE = 20_000
"""Points looked at to find the scene's size; an even sample of a scan says it as well as all of it."""

DRIVER_HEIGHT = -0.35
"""Metres: a driver's eyes are a little below a roof sensor."""

EGO_FOV = 70.0


def scene(points: np.ndarray, share: float = 75.0) -> tuple[np.ndarray, float]:
    """Middle (3,) and radius in metres of the finite points (N, 3): ``share`` percent lie within it.

    An empty cloud counts as a scene of 10 m about the origin.
    """
    sample = points[:: max(1, len(points) // SAMPLE)]
    sample = sample[np.isfinite(sample).all(axis=1)].astype(np.float64)
    if not len(sample):
        return np.zeros(3), 10.0
    middle = np.median(sample, axis=0)
    distance = np.linalg.norm(sample - middle, axis=1)
    return middle, max(float(np.percentile(distance, share)), 0.05)


def overview(state: FrameState, fov: float) -> Camera:
    """The first look at a scene: most of it, from behind the vehicle and above."""
    middle, radius = scene(state.cloud.points)
    turn = _about_z(state.frame.heading)[:3, :3]
    away = turn @ OVERVIEW_FROM / np.linalg.norm(OVERVIEW_FROM) * radius * 1.55
    target = middle + turn @ np.array([radius * 0.25, 0, 0])
    return look_at(target + away, target, fov=fov)


def top(state: FrameState, fov: float) -> Camera:
    """Straight down, the direction of travel upwards."""
    middle, radius = scene(state.cloud.points, 85.0)
    up = _about_z(state.frame.heading)[:3, 0]
    return look_at(middle + np.array([0, 0, radius / np.tan(np.radians(fov) / 2)]), middle, up=up, fov=fov)


def of_mode(mode: str, state: FrameState, fov: float) -> Camera | None:
    """Pose of a camera mode, or None where it states none (orbit, a camera that this frame does not have)."""
    if mode == "top":
        return top(state, fov)
    if mode == "ego":
        ahead = viewpoints.ego(height=DRIVER_HEIGHT, fov=max(fov, EGO_FOV))
        return viewpoints.carried(ahead, _about_z(state.frame.heading))
    if mode.startswith("camera:"):
        name = mode.partition(":")[2]
        found = next((camera for camera in state.frame.cameras if camera.name == name), None)
        return None if found is None else viewpoints.recorded(found)
    return None


def _about_z(angle: float) -> np.ndarray:
    """(4, 4) rotation about z by ``angle`` radians."""
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turn
