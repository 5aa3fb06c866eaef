"""The line the street follows, and the bend from street coordinates to the world.

Street coordinates are (s, d, h): metres along the line, metres to its left, metres above it.
"""

from __future__ import annotations

import numpy as np

from app.core.demo.mesh import Array, pose

_STEP = 0.25
_REACH = 260.0


class StreetLine:
    """A line without end whose heading swings gently, so that it never meets itself.

    The heading is a sum of two waves (radius 80 m or more) and the height another (grades under 2 %).
    Positions are integrated from s = 0, so they do not depend on how far the table has been extended.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 1])
        self._swing = rng.uniform([0.17, 0.07], [0.26, 0.12]) * rng.choice([-1, 1], 2)
        self._length = rng.uniform([230, 120], [300, 150])
        # A quiet stretch near the start: the first picture looks down a street, not at a wall.
        self._phase = rng.uniform([1.2, -0.3], [1.9, 0.3])
        self._hill = rng.uniform(0.3, 0.6), rng.uniform(150, 220), rng.uniform(0, 2 * np.pi)
        self._ahead = self._integrate(1, _REACH)
        self._behind = self._integrate(-1, _REACH)

    def heading(self, s: Array | float) -> Array:
        """Direction of travel at ``s``, radians about z."""
        value = np.asarray(s, np.float64)[..., None] * (2 * np.pi / self._length) + self._phase
        return np.asarray((self._swing * (np.sin(value) - np.sin(self._phase))).sum(-1))

    def height(self, s: Array | float) -> Array:
        """Height of the line at ``s``, metres."""
        size, length, phase = self._hill
        return np.asarray(size * np.sin(np.asarray(s, np.float64) * (2 * np.pi / length) + phase))

    def position(self, s: Array | float) -> Array:
        """(..., 2) float64 world position at ``s``."""
        value = np.asarray(s, np.float64)
        reach = float(np.abs(value).max(initial=0.0)) + 2.0
        if reach > (len(self._ahead) - 1) * _STEP:
            self._ahead = self._integrate(1, reach + _REACH)
            self._behind = self._integrate(-1, reach + _REACH)
        table = np.concatenate([self._behind[:0:-1], self._ahead])
        place = value / _STEP + (len(self._behind) - 1)
        index = np.floor(place).astype(np.int64)
        part = (place - index)[..., None]
        return np.asarray(table[index] * (1 - part) + table[index + 1] * part)

    def bend(self, points: Array) -> Array:
        """(N, 3) street coordinates to (N, 3) float64 world coordinates."""
        flat = np.asarray(points, np.float64)
        heading = self.heading(flat[:, 0])
        left = np.stack([-np.sin(heading), np.cos(heading)], axis=1)
        return np.concatenate(
            [self.position(flat[:, 0]) + left * flat[:, 1:2], (flat[:, 2] + self.height(flat[:, 0]))[:, None]],
            axis=1,
        )

    def place(self, s: float, d: float, h: float = 0.0, yaw: float = 0.0) -> Array:
        """(4, 4) world pose of something upright at (s, d, h), turned by ``yaw`` from the street's heading."""
        x, y, z = self.bend(np.array([[s, d, h]]))[0]
        return pose(x, y, z, float(self.heading(s)) + yaw)

    def _integrate(self, sign: int, reach: float) -> Array:
        middle = sign * (np.arange(int(np.ceil(reach / _STEP))) + 0.5) * _STEP
        heading = self.heading(middle)
        steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * (sign * _STEP)
        return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
