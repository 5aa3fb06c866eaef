"""KITTI's GPS/IMU packets (``oxts``) as poses, by the Mercator projection of KITTI's own development kit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.datasets._files import read_text
from app.core.errors import DataError

EARTH_RADIUS = 6378137.0
"""Metres; the value KITTI's development kit uses."""


def read_packet(path: Path) -> np.ndarray:
    """(6,) float64: latitude, longitude (degrees), altitude (metres), roll, pitch, yaw (radians).

    ``DataError`` where the file is missing or does not begin with six finite numbers.
    """
    fields = read_text(path).split()[:6]
    try:
        values = np.array(fields, np.float64)
    except ValueError:
        values = np.zeros(0)
    if len(values) < 6 or not np.isfinite(values).all() or abs(values[0]) >= 90:
        raise DataError(
            f"{path} is no oxts packet; it must begin with latitude, longitude, altitude, roll, pitch, yaw."
        )
    return values


def world_from_imu(packets: np.ndarray) -> np.ndarray:
    """(M, 4, 4) float64 poses of (M, 6) packets; the world is the IMU frame of the first packet.

    x = s R lon, y = s R log tan(45° + lat / 2) with s the cosine of the first latitude; rotation Rz Ry Rx.
    """
    latitude, longitude = np.radians(packets[:, 0]), np.radians(packets[:, 1])
    scale = np.cos(latitude[0])
    poses = np.zeros((len(packets), 4, 4))
    poses[:, :3, :3] = _rotations(*packets[:, 3:6].T)
    poses[:, 0, 3] = scale * EARTH_RADIUS * longitude
    poses[:, 1, 3] = scale * EARTH_RADIUS * np.log(np.tan(np.pi / 4 + latitude / 2))
    poses[:, 2, 3] = packets[:, 2]
    poses[:, 3, 3] = 1.0
    return np.linalg.inv(poses[0]) @ poses


def _rotations(roll: np.ndarray, pitch: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """(M, 3, 3): Rz(yaw) Ry(pitch) Rx(roll)."""
    cr, sr, cp, sp, cy, sy = (f(a) for a in (roll, pitch, yaw) for f in (np.cos, np.sin))
    return np.stack(
        [
            np.stack([cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr], -1),
            np.stack([sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr], -1),
            np.stack([-sp, cp * sr, cp * cr], -1),
        ],
        -2,
    )
