"""The sky, the sun and what far surfaces fade into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.mesh import Array, rgb
from app.core.demo.noise import Noise, sample


@dataclass(frozen=True)
class Light:
    """``sun`` (3,) unit, towards the sun; ``sunlight`` and ``zenith``, ``horizon``, ``bounce`` (3,) linear."""

    sun: Array
    sunlight: Array
    zenith: Array
    horizon: Array
    bounce: Array
    clouds: float

    @classmethod
    def of(cls, seed: int) -> Light:
        """The light of a seed: a clear to half-clouded day, the sun beside the street."""
        rng = np.random.default_rng([seed, 30])
        side = rng.choice([-1, 1])
        azimuth = side * np.deg2rad(rng.uniform(95, 140))
        height = np.deg2rad(rng.uniform(36, 50))
        sun = np.array([np.cos(height) * np.cos(azimuth), np.cos(height) * np.sin(azimuth), np.sin(height)])
        warm = rng.uniform(0, 1)
        return cls(
            sun=sun.astype(np.float32),
            sunlight=rgb(3.0, 2.78 - 0.12 * warm, 2.42 - 0.30 * warm),
            zenith=rgb(0.13, 0.29, 0.66),
            horizon=rgb(0.60, 0.75, 0.95),
            bounce=rgb(0.27, 0.24, 0.20),
            clouds=float(rng.uniform(0.25, 0.62)),
        )

    def ambient(self, normals: Array) -> Array:
        """(N, 3) light from sky and ground on surfaces of (N, 3) unit normals."""
        up = (0.5 + 0.5 * normals[:, 2:]).astype(np.float32)
        # Haze, clouds and facades whiten what the zenith's blue would give.
        sky = 0.30 * self.zenith + 0.26 * self.horizon + 0.17
        return np.asarray(self.bounce * (1 - up) + sky * up)

    def dome(self, directions: Array, noise: Noise | None = None) -> Array:
        """(N, 3) colour of the sky along (N, 3) unit directions; with clouds where ``noise`` is given."""
        up = np.clip(directions[:, 2], 0.0, 1.0).astype(np.float32)
        share = (1 - (1 - up) ** 5.0)[:, None]
        color = self.horizon + (self.zenith - self.horizon) * np.sqrt(share)
        near = np.clip(directions @ self.sun, 0, 1)
        color = color + rgb(0.5, 0.42, 0.30) * (near**24)[:, None] + 0.14 * (near**4)[:, None]
        if noise is None:
            return np.asarray(color)
        return np.asarray(self._clouded(color, directions, noise, near))

    def _clouded(self, color: Array, directions: Array, noise: Noise, near: Array) -> Array:
        height = np.maximum(directions[:, 2], 0.02) + 0.10
        x, y = directions[:, 0] / height * 60, directions[:, 1] / height * 60
        body = sample(noise.cloud, x, y) * 0.75 + sample(noise.cloud, x * 3.1 + 40, y * 3.1) * 0.25
        lit = sample(noise.cloud, x + 5 * self.sun[0], y + 5 * self.sun[1])
        edge = 1.0 - self.clouds * 0.85
        cover = np.clip((body - edge) / 0.22, 0, 1)
        cover = cover * cover * (3 - 2 * cover) * np.clip(directions[:, 2] / 0.06, 0, 1)
        shade = np.clip(1.15 - 0.7 * (lit - edge), 0.72, 1.15)
        white = rgb(1.05, 1.05, 1.06) * (shade + 0.2 * near**6)[:, None].astype(np.float32)
        return np.asarray(color + (white - color) * (0.92 * cover)[:, None])


def backdrop(light: Light, directions: Array, noise: Noise) -> Array:
    """(N, 3) colour of rays that met nothing: sky, a hazy line of far trees, ground below the horizon."""
    color = light.dome(directions, noise)
    azimuth = np.arctan2(directions[:, 1], directions[:, 0]) * (512 / np.pi)
    rise = sample(noise.cloud, azimuth * 1.3, np.full_like(azimuth, 11.5)) * 0.030
    rise = rise + sample(noise.cloud, azimuth * 9.0, np.full_like(azimuth, 77.5)) * 0.008 + 0.006
    wood = np.clip((rise - directions[:, 2]) / 0.0015, 0, 1)[:, None]
    depth = np.clip(directions[:, 2:] / 0.03, 0, 1)
    trees = rgb(0.30, 0.37, 0.40) * (1 - 0.15 * depth) + 0.12 * light.horizon
    color = color + (trees - color) * wood
    below = np.clip(-directions[:, 2:] / 0.004, 0, 1)
    return np.asarray(color + (rgb(0.34, 0.38, 0.33) - color) * below)


def reflected(light: Light, directions: Array, noise: Noise) -> Array:
    """(N, 3) what a shiny surface mirrors along (N, 3): sky above a line of roofs and trees, ground below."""
    color = light.dome(directions)
    height = directions[:, 2:]
    azimuth = np.arctan2(directions[:, 1], directions[:, 0]) * (512 / np.pi)
    skyline = sample(noise.cloud, azimuth * 0.7, np.full_like(azimuth, 200.5)) * 0.55
    steps = np.floor(sample(noise.cloud, azimuth * 0.25, np.full_like(azimuth, 120.5)) * 7) / 7 * 0.35
    top = np.maximum(skyline, steps)[:, None]
    tone = sample(noise.cloud, azimuth * 1.7, directions[:, 2] * 300 + 31)[:, None]
    street = rgb(0.20, 0.19, 0.17) * (0.45 + tone)
    color = color + (street - color) * np.clip((top - height) / 0.02, 0, 1)
    ground = np.clip(-height / 0.05 + 0.3, 0, 1)
    return np.asarray(color + (rgb(0.17, 0.165, 0.16) - color) * ground)
