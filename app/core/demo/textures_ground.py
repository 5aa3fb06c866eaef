"""Textures of the ground: asphalt with patches and sealed cracks, pavers, slabs, kerbs, grass, gravel, paint."""

from __future__ import annotations

import numpy as np

from app.core.demo.layout import ROAD
from app.core.demo.look import Look, Patch, line, mix, tint
from app.core.demo.mesh import Array, rgb
from app.core.demo.noise import hashed


def asphalt(p: Patch) -> Look:
    """Grey with grain, worn wheel tracks, darker repairs, cracks sealed with tar, and manhole covers."""
    s, d = p.local[:, 0], p.local[:, 1]
    on_road = np.abs(d) < ROAD
    track = np.exp(-(((np.abs(np.abs(d) - 1.75) - 0.75) / 0.33) ** 2)) * on_road
    oil = np.exp(-(((np.abs(d) - 1.75) / 0.3) ** 2)) * on_road
    gain = 1 + 0.45 * p.grain(0.012) + 0.28 * p.grain(0.045) + 0.30 * p.cloud(9.0) + 0.2 * p.cloud(1.6, 1.0)
    gain = gain + 0.10 * track - 0.10 * oil * (0.6 + p.cloud(5.0, 2.0))
    cell_s, cell_d = np.floor(s / 7.3), np.floor(d / 3.6)
    repaired = (hashed(cell_s, cell_d, 3) < 0.16) & (np.abs(s / 7.3 - cell_s - 0.5) < 0.3)
    gain = np.where(repaired, gain * 0.78, gain)
    gutter = np.clip((np.abs(d) - ROAD + 0.32) / 0.3, 0, 1) * on_road
    albedo = tint(p.color, np.clip(gain, 0.4, 1.8) * (1 - 0.18 * gutter))
    foot = np.maximum(p.footprint * 0.8, 0.012)
    crack = line(p.vein(19.0, 3.0) * 1.5, 0.055, foot) * (p.cloud(23.0, 5.0) > -0.04)
    seam = line(d - 0.12 * np.sin(s * 0.21) - 0.08, 0.035, p.footprint) * on_road
    tar = np.maximum(crack * 0.9, 0.7 * seam)
    look = mix(albedo, (0.028, 0.028, 0.03), tar)
    return Look(_manholes(p, look, on_road), mirror=0.015)


def _manholes(p: Patch, color: Array, on_road: Array) -> Array:
    """Round iron covers, one in some 9 m of each lane."""
    s, d = p.local[:, 0], p.local[:, 1]
    cell = np.floor(s / 9.1)
    lane = np.sign(d)
    there = on_road & (hashed(cell, lane, 31) < 0.4)
    rows = np.flatnonzero(there)
    if not len(rows):
        return color
    ahead = s[rows] - (cell[rows] + 0.2 + 0.6 * hashed(cell[rows], lane[rows], 37)) * 9.1
    aside = d[rows] - lane[rows] * (1.1 + 1.3 * hashed(cell[rows], lane[rows], 41))
    radius = np.hypot(ahead, aside)
    rim = line(radius - 0.31, 0.05, p.footprint[rows])
    waffle = (np.sin(ahead * 70) * np.sin(aside * 70) > 0.1) * p.fade(0.05)[rows]
    plate = np.clip((0.30 - radius) / np.maximum(p.footprint[rows], 1e-3) + 0.5, 0, 1)
    result = color.copy()
    iron = mix(np.broadcast_to(rgb(0.075, 0.070, 0.066), (len(rows), 3)), (0.035, 0.033, 0.03), waffle)
    result[rows] = mix(color[rows], iron, plate)
    result[rows] = mix(result[rows], (0.02, 0.02, 0.02), 0.8 * rim)
    return result


def marking(p: Patch) -> Look:
    """White paint, worn through in places."""
    worn = np.clip(1.1 - 1.2 * np.clip(p.cloud(0.7) + 0.5 * p.grain(0.02) + 0.02, 0, 1), 0.35, 1)
    return Look(mix(np.broadcast_to(rgb(0.14, 0.14, 0.145), p.color.shape), (0.62, 0.62, 0.60), worn))


def _joints(p: Patch, length: float, width: float, joint: float) -> tuple[Array, Array]:
    """Running bond: how much of each point is joint, and a random number of its stone."""
    row = np.floor(p.local[:, 1] / width)
    along = p.local[:, 0] / length + 0.5 * (row % 2)
    column = np.floor(along)
    in_row = (p.local[:, 1] / width - row - 0.5) * width
    in_column = (along - column - 0.5) * length
    cover = np.maximum(
        line(np.abs(in_row) - width / 2, joint, p.footprint),
        line(np.abs(in_column) - length / 2, joint, p.footprint),
    )
    return cover, (hashed(row, column, 5) - 0.5) * p.fade(width)


def pavers(p: Patch) -> Look:
    """Small concrete stones in running bond."""
    joint, own = _joints(p, 0.2, 0.1, 0.012)
    gain = 1 + 0.35 * own + 0.35 * p.cloud(5.0) + 0.25 * p.grain(0.01)
    return Look(mix(tint(p.color, gain), (0.07, 0.065, 0.055), 0.75 * joint))


def slabs(p: Patch) -> Look:
    """Pavement slabs of 40 cm, some darker, stained along the joints."""
    joint, own = _joints(p, 0.4, 0.4, 0.014)
    gain = 1 + 0.22 * own + 0.3 * p.cloud(6.0) + 0.12 * p.cloud(0.8, 2.0) + 0.15 * p.grain(0.012)
    return Look(mix(tint(p.color, gain), (0.08, 0.075, 0.06), 0.7 * joint))


def kerb(p: Patch) -> Look:
    """Kerb stones of one metre."""
    along = p.local[:, 0] + p.local[:, 1] * 0.37
    joint = line(np.abs(along - np.floor(along) - 0.5) - 0.5, 0.016, p.footprint)
    gain = (
        1
        + 0.3 * (hashed(np.floor(along), np.zeros_like(along), 7) - 0.5)
        + 0.3 * p.cloud(2.0)
        + 0.25 * p.grain(0.012)
    )
    return Look(mix(tint(p.color, gain), (0.1, 0.1, 0.09), joint))


def grass(p: Patch) -> Look:
    """Grass: green and straw blots over blades, earth showing through."""
    dry = np.clip(0.45 + 1.1 * p.cloud(7.0), 0, 1)
    albedo = mix(p.color, (0.17, 0.16, 0.07), 0.55 * dry)
    gain = 1 + 0.7 * p.grain(0.02) + 0.5 * p.grain(0.06) + 0.5 * p.cloud(1.3, 4.0)
    bare = np.clip((p.cloud(3.0, 6.0) - 0.22) * 6, 0, 0.7)
    return Look(mix(tint(albedo, np.clip(gain, 0.3, 2)), (0.14, 0.10, 0.07), bare))


def gravel(p: Patch) -> Look:
    """Loose stones."""
    gain = 1 + 0.9 * p.grain(0.025) + 0.5 * p.grain(0.07) + 0.3 * p.cloud(4.0)
    return Look(tint(p.color, np.clip(gain, 0.3, 2)))
