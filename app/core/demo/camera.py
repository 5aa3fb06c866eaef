"""The colour camera: ray cast, anti-aliased where things meet, darkened in corners, developed to 8 bits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from app.core.demo.calibration import Calibration
from app.core.demo.mesh import Array
from app.core.demo.noise import Noise
from app.core.demo.openness import sky_openness
from app.core.demo.raycast import Caster, Hits
from app.core.demo.shading import shade
from app.core.demo.sky import Light

_TILE = 32_768
"""Rays shaded at a time: their temporaries stay in the processor's cache."""
_OFFSETS = np.array([[-0.36, -0.22], [0.36, 0.22], [-0.18, 0.40]], np.float32)
"""Where an edge pixel is looked at besides its middle, in pixels."""

_JUMP = 0.13
"""Difference of display brightness from which neighbouring pixels are looked at more closely."""


@dataclass(frozen=True)
class _Shot:
    """A camera at one pose over one scene."""

    caster: Caster
    light: Light
    noise: Noise
    calibration: Calibration
    pose: Array

    @property
    def eye(self) -> Array:
        """(3,) float32, the camera's place."""
        return np.asarray(self.pose[:3, :3] @ self.calibration.center + self.pose[:3, 3], np.float32)

    def cast(self, pixels: Array) -> tuple[Array, Hits]:
        """Ray directions (N, 3) through pixel positions, and what they meet."""
        directions = self.calibration.rays(pixels, self.pose[:3, :3])
        return directions, self.caster.cast(self.eye, directions)

    def look(self, directions: Array, hits: Hits, openness: Array) -> Array:
        """Display colours (N, 3) of what was met."""
        eye, color = self.eye, np.empty((len(directions), 3), np.float32)
        pixel = float(1.0 / self.calibration.intrinsics[0, 0])

        def part(start: int) -> None:
            rows = slice(start, start + _TILE)
            met = hits.take(rows)
            linear = shade(self.caster, self.light, self.noise, eye, directions[rows], met, pixel, openness[rows])
            color[rows] = develop(linear)

        # NumPy lets go of the interpreter in its loops, so two threads keep two cores busy.
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(part, range(0, len(directions), _TILE)))
        return color


def take_picture(
    caster: Caster, light: Light, noise: Noise, calibration: Calibration, world_from_sensor: Array
) -> Array:
    """The camera's picture from one pose, (height, width, 3) uint8 RGB."""
    width, height = calibration.size
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    pixels: Array = np.stack([u.ravel(), v.ravel()], axis=1)
    shot = _Shot(caster, light, noise, calibration, world_from_sensor)
    directions, hits = shot.cast(pixels)
    openness = sky_openness(caster, shot.eye, directions, hits, (height, width))
    color = shot.look(directions, hits, openness)
    edges = np.flatnonzero(_edges(caster, hits, height, width) | _jumps(color.reshape(height, width, 3)).ravel())
    if len(edges):
        more: Array = (pixels[edges] + _OFFSETS[:, None]).reshape(-1, 2)
        extra = shot.look(*shot.cast(more), np.tile(openness[edges], len(_OFFSETS)))
        color[edges] = (color[edges] + extra.reshape(-1, len(edges), 3).sum(axis=0)) / (1 + len(_OFFSETS))
    return (np.clip(color, 0, 1) * 255 + 0.5).astype(np.uint8).reshape(height, width, 3)


def _edges(caster: Caster, hits: Hits, height: int, width: int) -> Array:
    """(H·W,) bool: pixels whose right or lower neighbour shows something else."""
    flat = np.zeros(len(hits.triangle), np.float32)
    met = np.flatnonzero(hits.met)
    triangle = hits.triangle[met]
    flat[met] = caster.surfaces.per_triangle("color", triangle)[:, 0]
    flat[met] += 1 + caster.surfaces.per_triangle("material", triangle)
    near = np.where(hits.met, 1 / np.maximum(hits.distance, 0.1), 0).reshape(height, width)
    kind = flat.reshape(height, width)
    edge = np.zeros((height, width), bool)
    for axis in (0, 1):
        one = (slice(None),) * axis + (slice(None, -1),)
        other = (slice(None),) * axis + (slice(1, None),)
        step = np.abs(near[other] - near[one]) > 0.04 * np.minimum(near[one], near[other]) + 1e-4
        step |= np.abs(kind[other] - kind[one]) > 1e-3
        edge[one] |= step
        edge[other] |= step
    return edge.ravel()


def _jumps(color: Array) -> Array:
    """(H, W) bool: pixels much lighter or darker than their right or lower neighbour, as at a shadow's edge."""
    level = color[..., 1]
    found = np.zeros(level.shape, bool)
    across = np.abs(level[:, 1:] - level[:, :-1]) > _JUMP
    down = np.abs(level[1:] - level[:-1]) > _JUMP
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found


def develop(light: Array) -> Array:
    """Linear light to display values 0..1: a filmic shoulder, then the sRGB curve."""
    x = np.maximum(light, 0) * np.float32(0.62)
    mapped = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return np.asarray(np.clip(mapped, 0, 1) ** np.float32(1 / 2.2), np.float32)
