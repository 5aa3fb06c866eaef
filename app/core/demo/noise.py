"""Noise tiles: small pictures without seams, made once a seed, that every texture is mixed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.mesh import Array

_SIZE = 512


@dataclass(frozen=True)
class Noise:
    """(512, 512) float32 tiles in 0..1: ``grain`` is white, ``cloud`` has all sizes, ``vein`` is near 0
    along thin winding lines."""

    seed: int
    grain: Array
    cloud: Array
    vein: Array

    @classmethod
    def of(cls, seed: int) -> Noise:
        """The tiles of a seed."""
        rng = np.random.default_rng([seed, 20])
        grain = rng.random((_SIZE, _SIZE), np.float32)
        cloud = _coloured(rng, 1.6)
        vein = np.abs(_coloured(rng, 2.1) - 0.5) * 2
        return cls(seed, grain, cloud, vein)


def _coloured(rng: np.random.Generator, power: float) -> Array:
    """Noise whose amplitude falls with frequency, spread evenly over 0..1."""
    frequency = np.fft.fftfreq(_SIZE) * _SIZE
    radius = np.hypot(frequency[:, None], frequency[None, : _SIZE // 2 + 1])
    radius[0, 0] = 1.0
    spectrum = radius**-power * np.exp(2j * np.pi * rng.random(radius.shape))
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(_SIZE, _SIZE))
    field /= field.std()
    # The normal's distribution function, near enough, turns values into ranks.
    return np.asarray(1.0 / (1.0 + np.exp(-1.702 * field)), np.float32)


def sample(tile: Array, x: Array, y: Array) -> Array:
    """Bilinear look-up of a tile at positions in cells; wraps around."""
    column, row = np.floor(x), np.floor(y)
    part_x, part_y = (x - column).astype(np.float32), (y - row).astype(np.float32)
    i, j = column.astype(np.int64) & (_SIZE - 1), row.astype(np.int64) & (_SIZE - 1)
    flat = tile.reshape(-1)
    here, below = j * _SIZE, ((j + 1) & (_SIZE - 1)) * _SIZE
    right = (i + 1) & (_SIZE - 1)
    top = flat[here + i] * (1 - part_x) + flat[here + right] * part_x
    bottom = flat[below + i] * (1 - part_x) + flat[below + right] * part_x
    return np.asarray(top * (1 - part_y) + bottom * part_y)


def pick(tile: Array, x: Array, y: Array) -> Array:
    """Nearest look-up of a tile at positions in cells; wraps around. Cheaper than :func:`sample`."""
    i, j = np.floor(x).astype(np.int64) & (_SIZE - 1), np.floor(y).astype(np.int64) & (_SIZE - 1)
    return np.asarray(tile.reshape(-1)[j * _SIZE + i])


def hashed(a: Array, b: Array, salt: int = 0) -> Array:
    """(N,) float32 in 0..1: a fixed random number for each pair of integers."""
    x = a.astype(np.int64).astype(np.uint32) * np.uint32(0x9E3779B1) ^ b.astype(np.int64).astype(
        np.uint32
    ) * np.uint32(0x85EBCA77)
    x ^= np.uint32((salt * 0xC2B2AE3D) & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    x = (x ^ (x >> np.uint32(12))) * np.uint32(0x297A2D39)
    return np.asarray((x ^ (x >> np.uint32(15))).astype(np.float32) * np.float32(2.0**-32))
