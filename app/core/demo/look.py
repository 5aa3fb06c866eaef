"""What a texture is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.mesh import Array
from app.core.demo.noise import Noise, pick, sample


@dataclass(frozen=True)
class Patch:
    """N points of one material.

    ``local`` (N, 3) float32 (see :class:`~app.core.demo.materials.Material`), ``color`` (N, 3) linear base
    colour, ``code`` (N,) variants, ``footprint`` (N,) metres of surface under one pixel: textures finer
    than it fade to their mean, so that nothing flickers far away.
    """

    local: Array
    color: Array
    code: Array
    footprint: Array
    noise: Noise

    def fade(self, period: float) -> Array:
        """(N,) 1 where a pattern of ``period`` metres can be seen, 0 where it is finer than a pixel."""
        return np.clip(period / np.maximum(self.footprint, 1e-6) - 0.6, 0.0, 1.0)

    def grain(self, cell: float) -> Array:
        """(N,) white noise of cells of ``cell`` metres, −0.5..0.5, faded."""
        value = pick(self.noise.grain, self.local[:, 0] / cell, self.local[:, 1] / cell)
        return np.asarray((value - 0.5) * self.fade(cell))

    def cloud(self, size: float, shift: float = 0.0) -> Array:
        """(N,) cloudy noise −0.5..0.5; ``size`` metres is about that of its largest blots."""
        cell = size / 256
        return (
            sample(self.noise.cloud, self.local[:, 0] / cell + shift * 173, self.local[:, 1] / cell + shift * 91)
            - 0.5
        )

    def vein(self, size: float, shift: float = 0.0) -> Array:
        """(N,) 0..1, near 0 along winding lines; ``size`` metres is the largest loop."""
        cell = size / 256
        return sample(self.noise.vein, self.local[:, 0] / cell + shift * 131, self.local[:, 1] / cell + shift * 57)


@dataclass
class Look:
    """``albedo`` (N, 3) linear; ``mirror`` (N,) reflection at normal incidence, 0 for matt surfaces;
    ``clear`` (N,) 1 where the shine is sharp; ``through`` (N,) light that leaves let through."""

    albedo: Array
    mirror: Array | float = 0.0
    clear: Array | float = 0.0
    through: Array | float = 0.0


def line(distance: Array, width: Array | float, footprint: Array) -> Array:
    """(N,) 1 on a line of ``width``, 0 off it, blended over one pixel; ``distance`` is to its middle."""
    blur = np.maximum(footprint, 1e-5)
    cover = np.clip((np.asarray(width) / 2 - np.abs(distance)) / blur + 0.5, 0.0, 1.0)
    return np.asarray(cover * np.minimum(1.0, np.asarray(width) / blur))


def mix(one: Array, other: Array | tuple[float, float, float], share: Array) -> Array:
    """Blend (N, 3) colours by an (N,) share of ``other``."""
    return np.asarray(one + (np.asarray(other, np.float32) - one) * np.asarray(share, np.float32)[:, None])


def tint(color: Array, gain: Array) -> Array:
    """(N, 3) colours times an (N,) gain."""
    return np.asarray(color * np.asarray(gain, np.float32)[:, None])
