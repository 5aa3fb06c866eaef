"""The colour camera: ray cast, anti-aliased where things meet, darkened in corners, developed to 8 bits."""

from __future__ import annotations

import numpy as np

from app.core.demo.calibration import Calibration
from app.core.demo.mesh import Array
from app.core.demo.noise import Noise
from app.core.demo.raycast import Caster, Hits
from app.core.demo.shading import shade
from app.core.demo.sky import Light


def take_picture(
    caster: Caster, light: Light, noise: Noise, calibration: Calibration, world_from_sensor: Array
) -> Array:
    """The camera's picture from one pose, (height, width, 3) uint8 RGB."""
    width, height = calibration.size
    u, v = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)
    eye = world_from_sensor[:3, :3] @ calibration.center + world_from_sensor[:3, 3]
    pixel = 1.0 / calibration.intrinsics[0, 0]

    def look(at: Array) -> tuple[Array, Hits]:
        directions = calibration.rays(at) @ world_from_sensor[:3, :3].T
        hits = caster.cast(eye, directions)
        color, _ = shade(caster, light, noise, eye, directions, hits, pixel)
        return develop(color), hits

    first, hits = look(pixels)
    edges = np.flatnonzero(_edges(caster, hits, height, width))
    total = first
    if len(edges):
        extra = np.zeros((len(edges), 3), np.float32)
        for offset in ((-0.25, -0.38), (0.38, -0.25), (0.25, 0.38), (-0.38, 0.25)):
            extra += look(pixels[edges] + offset)[0]
        total[edges] = extra / 4
    return (np.clip(total, 0, 1) * 255 + 0.5).astype(np.uint8).reshape(height, width, 3)


def _edges(caster: Caster, hits: Hits, height: int, width: int) -> Array:
    """(H·W,) bool: pixels whose right or lower neighbour shows something else."""
    color = np.zeros(len(hits.triangle), np.float32)
    met = np.flatnonzero(hits.met)
    triangle = hits.triangle[met]
    color[met] = caster.surfaces.per_triangle("color", triangle)[:, 0] + caster.surfaces.per_triangle(
        "material", triangle
    )
    near = np.where(hits.met, 1 / np.maximum(hits.distance, 0.1), 0).reshape(height, width)
    kind = color.reshape(height, width)
    edge = np.zeros((height, width), bool)
    for axis in (0, 1):
        step = np.abs(np.diff(near, axis=axis)) > 0.04 * np.minimum(*_pairs(near, axis)) + 1e-4
        step |= np.abs(np.diff(kind, axis=axis)) > 1e-3
        first, second = (slice(None, -1), slice(1, None))
        rest = (slice(None),) * axis
        edge[(*rest, first)] |= step
        edge[(*rest, second)] |= step
    return edge.ravel()


def _pairs(values: Array, axis: int) -> tuple[Array, Array]:
    rest = (slice(None),) * axis
    return values[(*rest, slice(None, -1))], values[(*rest, slice(1, None))]


def develop(light: Array) -> Array:
    """Linear light to display values 0..1: a filmic shoulder, then the sRGB curve."""
    x = np.maximum(light, 0) * 0.62
    mapped = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return np.asarray(np.clip(mapped, 0, 1) ** np.float32(1 / 2.2), np.float32)
