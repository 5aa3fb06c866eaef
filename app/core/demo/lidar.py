"""The LiDAR: 64 beams in two blocks, a turn of columns, noise, lost pulses, the car's own shadow.

Modelled on what SemanticKITTI's sequence 00 shows: which pulses get lost (windows of cars, steep and
dark paint, far and flat road), remissions by surface in steps of 0.01, and the holes that the roof,
its rack and the other devices on KITTI's car leave in the lowest rings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.car_regions import regions
from app.core.demo.materials import LOSS, REFLECTIVITY, RETRO, SPREAD, Material
from app.core.demo.mesh import Array
from app.core.demo.noise import Noise, sample
from app.core.demo.raycast import Caster, Hits

MAX_RANGE = 80.0
_NEAREST = 1.5
_NOISE = 0.014
"""Standard deviation of a range, metres."""


@dataclass(frozen=True)
class Lidar:
    """``elevation`` (B,) radians, top beam first; ``columns`` a turn; the first column looks forward
    and the rest follow counter-clockwise, so points are ordered as in KITTI's files: ring by ring."""

    elevation: Array
    columns: int

    @classmethod
    def hdl64(cls, beams: int = 64, columns: int = 2048) -> Lidar:
        """Upper block +2° to −8.5° every third of a degree, lower block to −24.8° every half degree.

        Fewer ``beams`` are every so-manieth of the 64 (tests use it).
        """
        upper, lower = np.linspace(2.0, -8.33, 32), np.linspace(-8.87, -24.8, 32)
        wobble = np.random.default_rng(64).normal(0, 0.03, 64)
        angles = np.deg2rad(np.concatenate([upper, lower]) + wobble)
        return cls(angles[np.linspace(0, 63, beams).round().astype(int)], columns)

    def directions(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Unit directions (B·C, 3) float64 in the sensor frame and their ring (B·C,) int16."""
        beams = len(self.elevation)
        azimuth = (np.arange(self.columns) + 0.5) * (2 * np.pi / self.columns)
        jitter = rng.normal(0, 0.00006, (beams, self.columns))
        shift = np.random.default_rng(65).uniform(-0.4, 0.4, (64, 1))[:beams] * (2 * np.pi / self.columns)
        angle = azimuth[None] + jitter + shift
        flat = np.cos(self.elevation)[:, None]
        up = np.broadcast_to(np.sin(self.elevation)[:, None], angle.shape)
        directions = np.stack([flat * np.cos(angle), flat * np.sin(angle), up], axis=-1)
        ring = np.repeat(np.arange(beams, dtype=np.int16), self.columns)
        return directions.reshape(-1, 3), ring


@dataclass(frozen=True)
class Scan:
    """One sweep of N points in the sensor frame.

    ``points`` (N, 3) float32 as measured; ``exact`` (N, 3) float64 where the beam truly met the surface, world
    coordinates; ``intensity`` (N,) float32; ``ring`` (N,) int16; ``hits`` what was met; ``normals`` (N, 3)
    float32 of the surface, sensor axes, towards the sensor.
    """

    points: Array
    exact: Array
    intensity: Array
    ring: Array
    hits: Hits
    normals: Array


def scan(caster: Caster, lidar: Lidar, noise: Noise, world_from_sensor: Array, rng: np.random.Generator) -> Scan:
    """One sweep from a pose. All randomness comes from ``rng``."""
    directions, ring = lidar.directions(rng)
    turn, origin = world_from_sensor[:3, :3], world_from_sensor[:3, 3]
    world = directions @ turn.T
    hits = caster.cast(origin, world)
    distance = hits.distance.astype(np.float64)
    seen = hits.met & (distance > _NEAREST) & (distance < MAX_RANGE) & ~_own_car(directions)
    rows = np.flatnonzero(seen)
    hits, ring, directions, world, distance = (
        hits.take(rows),
        ring[rows],
        directions[rows],
        world[rows],
        distance[rows],
    )
    normals = caster.surfaces.face_normals(hits)
    facing = np.einsum("ij,ij->i", normals, world)
    normals = np.where(facing[:, None] > 0, -normals, normals)
    exact = origin + world * distance[:, None]
    intensity, back = _answers(caster, hits, noise, ring, distance, np.abs(facing), rng)
    kept = np.flatnonzero(back)
    measured = distance[kept] + rng.normal(0, _NOISE, len(kept))
    return Scan(
        points=(directions[kept] * measured[:, None]).astype(np.float32),
        exact=exact[kept],
        intensity=intensity[kept],
        ring=ring[kept],
        hits=hits.take(kept),
        normals=(normals[kept] @ turn).astype(np.float32),
    )


def _own_car(directions: Array) -> Array:
    """(N,) bool: pulses that end on the ego car: its roof fore and aft, the rack's corners, other devices."""
    azimuth = np.rad2deg(np.arctan2(directions[:, 1], directions[:, 0]))
    down = -np.rad2deg(np.arcsin(np.clip(directions[:, 2], -1, 1)))
    wrapped = np.abs(azimuth)

    def blob(middle: float, wide: float, top: float, sharp: float = 2.0) -> Array:
        away = np.abs((azimuth - middle + 180) % 360 - 180) / wide
        return np.asarray(down > top + (25.5 - top) * away**sharp)

    roof_back = (180 - wrapped < 13) & (down > 19.6)
    flanks = (180 - wrapped >= 13) & (180 - wrapped < 28) & (down > 19.6 + (180 - wrapped - 13) * 0.34)
    hole = roof_back | flanks | blob(0.0, 22.0, 22.6, 4.0)
    for middle, wide, top in (
        (163.0, 6.0, 16.5),
        (-163.0, 6.0, 16.2),
        (-66.0, 13.0, 18.2),
        (133.0, 9.0, 21.6),
        (-128.0, 8.0, 21.8),
    ):
        hole |= blob(middle, wide, top)
    for middle in (34.0, -38.0):
        hole |= blob(middle, 9.0, 23.6)
    return np.asarray(hole)


def _answers(
    caster: Caster, hits: Hits, noise: Noise, ring: Array, distance: Array, cosine: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Remission (N,) float32 in steps of 0.01, and (N,) bool: which pulses come back."""
    surfaces = caster.surfaces
    material = surfaces.per_triangle("material", hits.triangle)
    local = surfaces.at("local", hits)
    body = np.flatnonzero(material == Material.PAINT)
    if len(body):
        code = surfaces.per_triangle("code", hits.triangle[body])
        material[body] = regions(local[body], code, noise.seed)
    base = surfaces.per_triangle("color", hits.triangle).mean(axis=1)
    retro = RETRO[material]
    toned = np.isin(material, _TONED)
    strength = _strength(distance, np.where(retro, 1.0, np.maximum(cosine, 0.01)))
    # Dark paint sends little back; leaves, plaster and ground much the same at any brightness.
    tone = np.where(toned, 0.25 + 1.25 * np.sqrt(np.clip(base, 0, 1)), 1.0)
    blot = 0.86 + 0.28 * sample(noise.cloud, local[:, 0] * 30, local[:, 1] * 30)
    value = REFLECTIVITY[material] * tone * blot * _GAINS[ring % 64] * strength - 0.08 * (1 - strength)
    value = value - 0.05 * (toned & ~retro) + rng.normal(0, 1, len(value)) * SPREAD[material]
    lost = _lost(material, distance, np.where(retro, 1.0, cosine), strength, tone)
    stepped = np.round(np.clip(value, 0, 0.99), 2)
    return stepped.astype(np.float32), rng.random(len(value)) > lost


def _strength(distance: Array, cosine: Array) -> Array:
    """(N,) 0..1: how much of a surface's remission is measured. In the real scan facades keep theirs to
    20 m and have lost two thirds at 50 m; the road keeps its to 20 m, where it is met at 5 degrees."""
    far = np.clip(1 - np.clip((distance - 16) / 52, 0, None) ** 1.2, 0, 1)
    return np.asarray(far * np.clip(cosine / 0.085, 0, 1) * (0.86 + 0.14 * np.clip(cosine, 0, 1)))


def _lost(material: Array, distance: Array, cosine: Array, strength: Array, tone: Array) -> Array:
    """(N,) the chance that no pulse comes back."""
    steep = 1 / np.clip(cosine * 2.2, 0.25, 1)
    by_surface = np.clip(LOSS[material] * (0.6 + 0.4 * np.sqrt(distance / 15)) * steep, 0, 0.97)
    faint = np.clip(0.02 - REFLECTIVITY[material] * tone * strength, 0, 0.02) * 18
    stray = 0.006 + 0.01 * distance / 40
    return np.asarray(1 - (1 - by_surface) * (1 - faint) * (1 - stray))


def _laser_gains() -> Array:
    """(64,) the lasers of one device differ; four are weak (rings 35, 36, 42 and 51 of sequence 00)."""
    gains = np.random.default_rng(66).normal(1.0, 0.12, 64).clip(0.75, 1.3)
    gains[[35, 36, 42, 51]] = 0.5, 0.42, 0.62, 0.5
    return gains


_GAINS = _laser_gains()
_TONED = [
    Material.PAINT,
    Material.CLOTH,
    Material.PANEL,
    Material.PLASTIC,
    Material.METAL,
    Material.WOOD,
    Material.DOOR,
]
