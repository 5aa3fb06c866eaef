"""Texture of car bodies: paint with door gaps, handles and dirt, glass, lamps, number plates."""

from __future__ import annotations

import numpy as np

from app.core.demo.car_regions import PARTS, regions
from app.core.demo.cars import KINDS, kinds_of
from app.core.demo.look import Look, Patch, line, mix
from app.core.demo.materials import Material
from app.core.demo.mesh import Array
from app.core.demo.noise import hashed

_FIXED = {
    Material.GLASS: (0.020, 0.024, 0.026),
    Material.LAMP_RED: (0.27, 0.012, 0.010),
    Material.LAMP_WHITE: (0.50, 0.51, 0.52),
    Material.PLATE: (0.72, 0.72, 0.70),
    Material.RUBBER: (0.016, 0.016, 0.017),
}
_MIRROR = {
    Material.PAINT: 0.055,
    Material.GLASS: 0.11,
    Material.LAMP_RED: 0.10,
    Material.LAMP_WHITE: 0.22,
    Material.PLATE: 0.02,
    Material.RUBBER: 0.015,
}


def body(p: Patch) -> Look:
    """The whole body of a car."""
    seed = p.noise.seed
    part = regions(p.local, p.code, seed)
    color = p.color * 1.0
    mirror = np.zeros(len(color), np.float32)
    for kind, value in _MIRROR.items():
        mirror[part == kind] = value
    for kind, fixed in _FIXED.items():
        color[part == kind] = fixed
    paint = part == Material.PAINT
    gaps = _gaps(p, seed) * paint
    color = mix(color, (0.006, 0.006, 0.006), 0.85 * gaps)
    dirt = np.clip(1 - p.local[:, 2] / 0.75, 0, 1) * 0.35 * (0.7 + p.cloud(0.8)) * paint * (p.code >= 0)
    color = mix(color, (0.14, 0.12, 0.10), dirt)
    plate = part == Material.PLATE
    color = mix(color, (0.02, 0.02, 0.03), _letters(p) * plate)
    return Look(color, mirror=mirror * (1 - 0.6 * gaps), clear=np.where(part == Material.RUBBER, 0.2, 1.0))


def _gaps(p: Patch, seed: int) -> Array:
    """Door gaps, bonnet gap, handles and the shadow line below the windows."""
    f, y, z = p.local[:, 0], p.local[:, 1], p.local[:, 2]
    total = np.zeros(len(f), np.float32)
    for number in range(len(KINDS)):
        rows = np.flatnonzero(p.code // PARTS == number)
        if not len(rows):
            continue
        kind = kinds_of(seed)[number]
        part, at, up, foot = p.code[rows] % PARTS, f[rows], z[rows], p.footprint[rows]
        side = (part <= 1) & (up > 0.30)
        gap = np.zeros(len(rows), np.float32)
        for door in kind.doors:
            gap = np.maximum(gap, side * line(at - door - 0.02 * (up - kind.belt), 0.014, foot))
            grip = (np.abs(at - door - 0.80) < 0.09) & (np.abs(up - kind.belt + 0.09) < 0.013)
            gap = np.maximum(gap, side * grip * (door != kind.doors[-1]) * 0.9)
        doors = (at > kind.doors[0]) & (at < kind.doors[-1])
        gap = np.maximum(gap, side * doors * line(up - 0.31, 0.016, foot))
        edge = np.abs(np.abs(y[rows]) - kind.width * 0.405)
        hood = (part == 2) & (at > 0.2) & (at < kind.cowl - 0.02)
        gap = np.maximum(gap, hood * line(edge, 0.012, foot))
        gap = np.maximum(gap, (part == 2) * line(at - kind.cowl + 0.02, 0.03, foot))
        total[rows] = gap
    return total


def _letters(p: Patch) -> Array:
    """Marks like letters on a number plate."""
    y, z = p.local[:, 1], p.local[:, 2]
    slot = np.floor(y / 0.055)
    own = hashed(slot, np.floor(p.color[:, 0] * 997), 17)
    column, row = np.floor((y / 0.055 - slot) * 4), np.floor((z % 0.11) / 0.015)
    ink = hashed(slot * 7 + column, row + np.floor(own * 90), 19) < 0.55
    return np.asarray(ink & (column > 0) & (own > 0.15) & (np.abs(y) < 0.235)) * p.fade(0.03)
