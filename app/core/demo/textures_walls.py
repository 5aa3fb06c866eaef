"""Textures of buildings: plaster, brick, windows with frames and curtains, doors, tiled roofs."""

from __future__ import annotations

import numpy as np

from app.core.demo.look import Look, Patch, line, mix, tint
from app.core.demo.mesh import Array, rgb
from app.core.demo.noise import hashed


def plaster(p: Patch) -> Look:
    """Painted render: faint blots, damp near the ground, streaks of rain."""
    height = p.local[:, 1]
    streak = _streaks(p)
    gain = 1 + 0.16 * p.cloud(6.0) + 0.10 * p.cloud(1.1, 2.0) + 0.06 * p.grain(0.015)
    damp = np.clip(1 - height / 0.7, 0, 1) * (0.25 + 0.4 * (p.cloud(2.0, 3.0) + 0.5))
    return Look(tint(p.color, gain * (1 - 0.45 * damp) * (1 - 0.10 * streak)))


def _streaks(p: Patch) -> Array:
    from app.core.demo.noise import sample

    value = sample(p.noise.cloud, p.local[:, 0] * 38, p.local[:, 1] * 2.2 + 9)
    return np.asarray(np.clip(value - 0.55, 0, 0.4) * 2.5)


def brick(p: Patch) -> Look:
    """Bricks of 24 by 7 cm with mortar."""
    row = np.floor(p.local[:, 1] / 0.075)
    along = p.local[:, 0] / 0.25 + 0.5 * (row % 2)
    column = np.floor(along)
    own = hashed(row, column, 11) - 0.5
    joint = np.maximum(
        line(np.abs(p.local[:, 1] / 0.075 - row - 0.5) * 0.075 - 0.0375, 0.012, p.footprint),
        line(np.abs(along - column - 0.5) * 0.25 - 0.125, 0.012, p.footprint),
    )
    gain = 1 + 0.55 * own * p.fade(0.075) + 0.25 * p.cloud(5.0) + 0.2 * p.grain(0.01)
    return Look(mix(tint(p.color, gain), (0.36, 0.34, 0.30), 0.8 * joint))


def window(p: Patch) -> Look:
    """A window pane: white or brown frame, glass that mirrors the street, curtains or dark behind it.

    ``local`` is (0..1 across, 0..1 up, seed); ``code`` 1 is a door-high shop window without bars.
    """
    x, y, own = p.local[:, 0], p.local[:, 1], p.local[:, 2]
    soft = p.footprint / 1.2
    frame = np.maximum(_edge(x, 0.055, soft), _edge(y, 0.045, soft))
    barred = p.code == 0
    frame = np.maximum(frame, barred * line(x - 0.5, 0.07, soft))
    frame = np.maximum(frame, (barred & (own % 0.3 < 0.17)) * line(y - 0.72, 0.045, soft))
    drop = 0.30 + 0.9 * ((own * 7.13) % 1.0)
    fold = 0.75 + 0.25 * np.sin(x * 60 + own * 40) * p.fade(0.06)
    curtain = ((own * 3.77) % 1.0 < 0.62) & (np.abs(x - 0.5) * 2 > 1 - drop * 0.8)
    blind = ((own * 5.31) % 1.0 < 0.30) & (y > 1 - ((own * 11.7) % 1.0) * 0.7)
    inside = np.broadcast_to(rgb(0.022, 0.024, 0.028), p.color.shape)
    inside = mix(inside, (0.34, 0.32, 0.28), curtain * 0.75 * fold)
    slats = 0.8 + 0.2 * np.sin(y * 150) * p.fade(0.02)
    inside = mix(inside, (0.42, 0.41, 0.38), blind * slats)
    return Look(mix(inside, p.color, frame), mirror=0.30 * (1 - frame) * (1 - 0.5 * blind), clear=1 - frame)


def _edge(x: Array, width: float, soft: Array) -> Array:
    inner = np.minimum(x, 1 - x)
    return np.asarray(np.clip((width - inner) / np.maximum(soft, 1e-3) + 0.5, 0, 1))


def door(p: Patch) -> Look:
    """A door (``code`` 0) with panels and a small light, or a ribbed garage gate (``code`` 1)."""
    x, y = p.local[:, 0], p.local[:, 1]
    soft = p.footprint / 1.0
    rib = 0.5 + 0.5 * np.sin(y * 2 * np.pi * 14)
    gate = tint(p.color, 1 - 0.22 * rib * p.fade(0.08))
    panel = np.maximum(_edge((x * 2) % 1.0, 0.10, soft), _edge((y * 2.0) % 1.0, 0.07, soft))
    plain = tint(p.color, 0.86 + 0.22 * panel)
    light = (y > 0.66) & (y < 0.90) & (np.abs(x - 0.5) < 0.28)
    plain = mix(plain, (0.05, 0.055, 0.06), light * 1.0)
    is_gate = p.code == 1
    return Look(np.where(is_gate[:, None], gate, plain), mirror=np.where(light & ~is_gate, 0.25, 0.02), clear=1.0)


def roof(p: Patch) -> Look:
    """Rows of tiles, the lower edge of each in shade, some weathered."""
    row = np.floor(p.local[:, 1] / 0.32)
    column = np.floor(p.local[:, 0] / 0.24 + 0.5 * (row % 2))
    up = p.local[:, 1] / 0.32 - row
    bulge = np.abs((p.local[:, 0] / 0.24 + 0.5 * (row % 2)) % 1.0 - 0.5) * 2
    gain = 1 + 0.4 * (hashed(row, column, 13) - 0.5) * p.fade(0.3) + 0.45 * p.cloud(5.0)
    gain = gain * (1 - (0.40 * (1 - up) ** 3 + 0.18 * bulge**2) * p.fade(0.3))
    moss = np.clip((p.cloud(4.0, 3.0) - 0.2) * 3, 0, 0.5)
    return Look(mix(tint(p.color, gain), (0.10, 0.11, 0.06), moss), mirror=0.02)


def concrete(p: Patch) -> Look:
    """Bare or painted concrete and stone trim."""
    return Look(tint(p.color, 1 + 0.2 * p.cloud(2.5) + 0.12 * p.grain(0.012)))


def wood(p: Patch) -> Look:
    """Boards with grain along their height."""
    from app.core.demo.noise import sample

    fibre = sample(p.noise.cloud, (p.local[:, 0] + p.local[:, 1]) * 900, p.local[:, 2] * 30) - 0.5
    return Look(tint(p.color, 1 + 0.5 * fibre * p.fade(0.02) + 0.2 * p.cloud(1.0)))
