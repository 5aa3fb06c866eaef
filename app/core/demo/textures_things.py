"""Textures of plants, people, street furniture and the plain parts of vehicles."""

from __future__ import annotations

import numpy as np

from app.core.demo.look import Look, Patch, mix, tint
from app.core.demo.noise import sample


def bark(p: Patch) -> Look:
    """Furrowed bark: ``local`` is (turn 0..1, length, radius)."""
    turn, length = p.local[:, 0], p.local[:, 1]
    furrow = sample(p.noise.cloud, turn * 160, length * 26) - 0.5
    patchy = sample(p.noise.cloud, turn * 40 + 50, length * 12) - 0.5
    return Look(tint(p.color, np.clip(1 + 1.1 * furrow * p.fade(0.04) + 0.5 * patchy, 0.3, 1.8)))


def leaf(p: Patch) -> Look:
    """Leaves: ``local`` is (height in the crown 0..1, hue, shade)."""
    high, hue, shade = p.local[:, 0], p.local[:, 1], p.local[:, 2]
    color = mix(p.color, (0.20, 0.19, 0.035), 0.35 * hue)
    color = tint(color, (0.55 + 0.45 * high) * (0.75 + 0.5 * shade))
    return Look(color, mirror=0.025, through=0.55)


def metal(p: Patch) -> Look:
    """Painted or galvanised metal."""
    return Look(tint(p.color, 1 + 0.15 * p.cloud(0.8) + 0.06 * p.grain(0.01)), mirror=0.06, clear=0.3)


def glass(p: Patch) -> Look:
    """Tinted glass of vehicles."""
    return Look(p.color * 0.5, mirror=0.10, clear=1.0)


def rubber(p: Patch) -> Look:
    """Tyres, seats and other dull black."""
    return Look(p.color, mirror=0.012)


def rim(p: Patch) -> Look:
    """A wheel's disc with spokes: ``local`` is −1..1 in its plane, ``code`` the number of spokes."""
    x, y = p.local[:, 0], p.local[:, 1]
    radius, turn = np.hypot(x, y), np.arctan2(y, x)
    spokes = np.cos(turn * np.maximum(p.code, 3)) > -0.15
    open_part = (~spokes) & (radius > 0.28) & (radius < 0.86)
    return Look(mix(p.color, (0.015, 0.015, 0.015), open_part * 1.0), mirror=0.12 * ~open_part, clear=0.6)


def lamp(p: Patch) -> Look:
    """Head and tail lights: coloured plastic with bright facets."""
    ridge = 0.75 + 0.5 * (np.sin(p.local[:, 2] * 190) * np.sin(p.local[:, 1] * 150) > 0) * p.fade(0.03)
    return Look(tint(p.color, ridge), mirror=0.12, clear=1.0)


def cloth(p: Patch) -> Look:
    """Clothes: folds and a weave."""
    fold = sample(p.noise.cloud, p.local[:, 2] * 420 + p.local[:, 0] * 300, p.local[:, 1] * 400) - 0.5
    return Look(tint(p.color, np.clip(1 + 0.9 * fold, 0.4, 1.6)))


def plain(p: Patch) -> Look:
    """Skin, plastic and whatever has no pattern."""
    return Look(p.color * 1.0, mirror=0.03)
