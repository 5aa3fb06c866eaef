"""Which part of a car's body a point lies on: paint, glass, lamp, plate or trim. Camera and LiDAR both ask."""

from __future__ import annotations

import numpy as np

from app.core.demo.cars import KINDS, VAN, CarKind, kinds_of, roofline
from app.core.demo.materials import Material
from app.core.demo.mesh import Array

PARTS = 8
TRIM = Material.RUBBER


def regions(local: Array, code: Array, seed: int) -> Array:
    """(N,) uint8 materials of points on car bodies: PAINT, GLASS, LAMP_RED, LAMP_WHITE, PLATE or RUBBER (trim).

    ``local`` (N, 3) as in :mod:`~app.core.demo.cars`, ``code`` (N,) as the mesh carries it, −1 for plain paint.
    """
    result = np.full(len(local), Material.PAINT, np.uint8)
    for number in range(len(KINDS)):
        rows = np.flatnonzero((code >= number * PARTS) & (code < (number + 1) * PARTS))
        if len(rows):
            result[rows] = _of_kind(kinds_of(seed)[number], local[rows], code[rows] % PARTS, van=number == VAN)
    return result


def _of_kind(kind: CarKind, local: Array, part: Array, *, van: bool) -> Array:
    f, y, z = local[:, 0], np.abs(local[:, 1]), local[:, 2]
    side, top = part == 1, part == 2
    low = part != 2
    back = kind.length - f
    result = np.full(len(local), Material.PAINT, np.uint8)
    rising = (f - kind.cowl) / (kind.brow - kind.cowl)
    falling = (f - kind.sill) / (kind.deck - kind.sill)
    half = kind.width / 2
    screen = top & (rising > 0.07) & (rising < 0.95) & (y < half * (0.83 - 0.13 * rising))
    rear = (
        top & (falling > 0.10) & (falling < 0.90) & (y < half * (0.66 + 0.10 * falling)) & ~_shut(van, len(local))
    )
    result[screen | rear] = Material.GLASS
    window = side & _side_glass(kind, f, z)
    result[window] = Material.GLASS
    band = side & ~window & _side_glass(kind, f, z, grow=0.02)
    result[band] = TRIM
    result[low & (z < 0.30) & (part != 1)] = TRIM
    lamp_front = (f < 0.42) & (y > half * 0.50) & (np.abs(z - kind.hood + 0.135 - 0.10 * f) < 0.065) & (part != 1)
    result[lamp_front] = Material.LAMP_WHITE
    tall = 0.22 if van or kind.height > 1.6 else 0.11
    lamp_back = (back < 0.24) & (y > half * 0.56) & (np.abs(z - kind.tail + 0.16 + tall * 0.4) < tall)
    result[lamp_back & (part != 1)] = Material.LAMP_RED
    nose = f < 0.14
    grille = nose & (y < half * 0.44) & (np.abs(z - kind.hood + 0.17) < 0.05)
    intake = nose & (y < half * 0.62) & (np.abs(z - 0.30) < 0.055)
    result[grille | intake] = TRIM
    plate_height = np.where(f < kind.length / 2, 0.42, kind.tail - 0.27)
    plate = ((f < 0.06) | (back < 0.06)) & (y < 0.26) & (np.abs(z - plate_height) < 0.055)
    result[plate] = Material.PLATE
    return result


def _shut(van: bool, count: int) -> Array:
    return np.full(count, van)


def _side_glass(kind: CarKind, f: Array, z: Array, grow: float = 0.0) -> Array:
    """Inside the line of side windows, pillars left out."""
    foot = kind.belt + 0.05 + 0.03 * f / kind.length - grow
    head = roofline(kind, f) - 0.125 + grow
    up = np.clip((z - kind.belt) / (kind.height - kind.belt), 0, 1)
    start = kind.cowl + 0.26 + (kind.brow - kind.cowl + 0.02) * up - grow * 2
    stop = kind.pillar[0] + (kind.pillar[1] - kind.pillar[0]) * up + grow * 2
    inside = (z > foot) & (z < head) & (f > start) & (f < stop)
    for door in kind.doors[1:]:
        inside &= np.abs(f - door) > 0.035 - grow
    return np.asarray(inside)
