"""The demo's sensors: a camera as KITTI's left colour camera, mounted as on KITTI's car."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.demo.mesh import Array

SENSOR_HEIGHT = 1.73
"""LiDAR above the road, metres."""
_FOCAL = 718.856
_CENTRE = 607.1928, 185.2157
_FORWARD, _DOWN = 0.27, 0.08
"""From the LiDAR to the grey camera that KITTI's ``Tr`` leads to, metres."""
_BASELINES = {"P0": 0.0, "P1": -0.5372, "P2": 0.0600, "P3": -0.4727}
"""Where the rectified cameras stand: their fourth column is focal length times this (KITTI, sequence 00)."""
_TILT = 0.0072
"""The camera looks down by this, radians."""


@dataclass(frozen=True)
class Calibration:
    """A pinhole camera beside the LiDAR.

    ``size`` (width, height) pixels; ``intrinsics`` (3, 3); ``tr`` (4, 4) grey-camera-from-LiDAR, KITTI's
    ``Tr``; ``camera_from_sensor`` (4, 4) the colour camera's; all float64.
    """

    size: tuple[int, int]
    intrinsics: Array
    tr: Array
    camera_from_sensor: Array
    baselines: dict[str, float]

    @property
    def center(self) -> Array:
        """(3,) the colour camera's place in the sensor frame."""
        return np.asarray(np.linalg.inv(self.camera_from_sensor)[:3, 3])

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels (N, 2) float64 of (N, 3) sensor-frame points, and (N,) bool: in the image.

        A point is in the image when it lies in front and 0 ≤ u < width and 0 ≤ v < height.
        """
        camera = np.asarray(points, np.float64) @ self.camera_from_sensor[:3, :3].T + self.camera_from_sensor[:3, 3]
        depth = camera[:, 2]
        safe = np.where(depth > 1e-6, depth, 1.0)
        pixel = camera[:, :2] / safe[:, None] @ self.intrinsics[:2, :2].T + self.intrinsics[:2, 2]
        inside = (depth > 1e-6) & (pixel >= 0).all(axis=1) & (pixel < np.array(self.size)).all(axis=1)
        return pixel, inside

    def rays(self, pixels: Array, turn: Array) -> Array:
        """(N, 3) float32 directions, one metre deep, through (N, 2) float32 pixel positions.

        ``turn`` (3, 3) takes sensor axes to those wanted.
        """
        whole = (turn @ self.camera_from_sensor[:3, :3].T @ np.linalg.inv(self.intrinsics)).astype(np.float32)
        # Written out: BLAS takes thirty times as long for a matrix two columns wide.
        return np.asarray(pixels[:, :1] * whole[:, 0] + pixels[:, 1:] * whole[:, 1] + whole[:, 2])

    def text(self) -> str:
        """The contents of KITTI's ``calib.txt``."""
        lines = []
        for name, offset in self.baselines.items():
            matrix = np.concatenate([self.intrinsics, np.zeros((3, 1))], axis=1)
            matrix[0, 3] = self.intrinsics[0, 0] * offset
            lines.append(name + ": " + _row(matrix))
        return "\n".join([*lines, "Tr: " + _row(self.tr[:3])]) + "\n"


def kitti_like(scale: float = 1.0) -> Calibration:
    """KITTI's camera; ``scale`` shrinks the picture and its focal length alike (tests use it)."""
    size = round(1241 * scale), round(376 * scale)
    intrinsics = np.array(
        [[_FOCAL * scale, 0, _CENTRE[0] * scale], [0, _FOCAL * scale, _CENTRE[1] * scale], [0, 0, 1]]
    )
    level = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])
    cosine, sine = np.cos(_TILT), np.sin(_TILT)
    tilt = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    tr = np.eye(4)
    tr[:3, :3] = tilt @ level
    tr[:3, 3] = -tr[:3, :3] @ np.array([_FORWARD, 0.0, -_DOWN])
    colour = tr.copy()
    colour[0, 3] += _BASELINES["P2"]
    return Calibration(size, intrinsics, tr, colour, dict(_BASELINES))


def poses_text(world_from_sensor: Array, tr: Array) -> str:
    """KITTI's ``poses.txt`` of (M, 4, 4) LiDAR poses: grey camera poses in the first grey camera's frame."""
    first = np.linalg.inv(world_from_sensor[0])
    back = np.linalg.inv(tr)
    return "".join(_row((tr @ first @ pose @ back)[:3]) + "\n" for pose in world_from_sensor)


def _row(matrix: Array) -> str:
    return " ".join(f"{value:.12e}" for value in matrix.ravel())


def texts(folder: Path, calibration: Calibration, poses: Array, period: float) -> dict[Path, str]:
    """What ``calib.txt``, ``poses.txt`` and ``times.txt`` hold, by path."""
    times = "".join(f"{k * period:.6e}\n" for k in range(len(poses)))
    return {
        folder / "calib.txt": calibration.text(),
        folder / "poses.txt": poses_text(poses, calibration.tr),
        folder / "times.txt": times,
    }
