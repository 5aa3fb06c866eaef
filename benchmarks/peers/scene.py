"""The scene that ours and the peers draw: sweeps of a 64-beam sensor along a made-up street, and a camera."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BEAMS, STEPS = 64, 2048
POINT_SIZE = 2.0
FOV = 55.0
TARGET = np.array([6.0, 0.0, -1.0])


@dataclass(frozen=True)
class Job:
    """What a peer has to draw: points, or the ``triangles`` between them; how large a picture, and how often."""

    points: np.ndarray
    colors: np.ndarray
    width: int
    height: int
    repeats: int
    triangles: np.ndarray | None = None


def cloud(count: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` points (N, 3) float32 in metres, of as many sweeps as it takes, and colours (N, 3) uint8."""
    sweeps: list[np.ndarray] = []
    while sum(map(len, sweeps)) < count:
        sweeps.append(_sweep(1.2 * len(sweeps), len(sweeps)))
    points = np.concatenate(sweeps)[:count].astype(np.float32)
    share = np.clip((points[:, 2] + 2) / 6, 0, 1)[:, None]
    colors = (255 * ((1 - share) * [0.25, 0.35, 0.95] + share * [0.95, 0.85, 0.2])).astype(np.uint8)
    return points, colors


def surface(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """About ``count`` triangles (T, 3) int32 of a hilly ground, its vertices (V, 3) float32 metres, and colours."""
    side = round((count / 2) ** 0.5) + 1
    across = np.linspace(-40, 40, side)
    x, y = (part.ravel() for part in np.meshgrid(across + TARGET[0], across))
    height = 1.5 * np.sin(x / 3) * np.cos(y / 4)
    share = ((height + 1.5) / 3)[:, None]
    colors = (255 * ((1 - share) * [0.25, 0.35, 0.95] + share * [0.95, 0.85, 0.2])).astype(np.uint8)
    rows = np.arange(side * side, dtype=np.int32).reshape(side, side)
    a, b, c, d = (part.ravel() for part in (rows[:-1, :-1], rows[:-1, 1:], rows[1:, :-1], rows[1:, 1:]))
    triangles = np.stack([a, b, c, b, d, c], axis=1).reshape(-1, 3)
    return np.column_stack([x, y, height - 1.5]).astype(np.float32), colors, triangles


def eye(step: int) -> np.ndarray:
    """(3,) where the camera stands at that step of an orbit about ``TARGET``."""
    angle = 0.05 * step + 2.6
    return np.array([26 * np.cos(angle), 26 * np.sin(angle), 14.0])


def run(draw: Callable[[Job], Callable[[int], object]]) -> None:
    """Main of a peer: ``draw(job)`` prepares and returns what draws step k and reads it back; prints JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=120_000)
    parser.add_argument("--triangles", type=int, default=0, help="a surface of so many instead of points")
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--repeats", type=int, default=12)
    asked = parser.parse_args()
    width, height = (int(side) for side in asked.size.split("x"))
    try:
        points, colors, *faces = surface(asked.triangles) if asked.triangles else cloud(asked.points)
        show = draw(Job(points, colors, width, height, asked.repeats, *faces))
    except ImportError as error:
        print(json.dumps({"missing": f"not installed ({error.name or error})"}))
        sys.exit(0)
    times = []
    for step in range(asked.repeats + 3):
        begin = time.perf_counter()
        show(step)
        times.append(time.perf_counter() - begin)
    print(json.dumps({"ms": 1000 * statistics.median(times[3:])}), flush=True)


def _sweep(ahead: float, seed: int) -> np.ndarray:
    """One turn of the sensor, ``ahead`` metres along the street."""
    rng = np.random.default_rng(seed)
    elevation = np.radians(np.linspace(2.0, -24.8, BEAMS))[:, None]
    azimuth = np.linspace(-np.pi, np.pi, STEPS, endpoint=False)[None]
    rays = np.stack(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation) + 0 * azimuth,
        ],
        axis=-1,
    ).reshape(-1, 3)
    origin = np.array([ahead, 0.0, 0.0])
    reach = np.full(len(rays), 78.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ground = -1.73 / rays[:, 2]
        reach = np.where((ground > 0) & (ground < reach), ground, reach)
        for side in (-9.0, 9.0):
            wall = side / rays[:, 1]
            below = wall * rays[:, 2] < 4.5
            reach = np.where((wall > 0) & below & (wall < reach), wall, reach)
        for x in range(-30, 60, 9):
            for y in (-5.5, 5.0):
                reach = np.minimum(reach, _box(rays, origin, np.array([x, y, -1.0]), np.array([2.1, 0.9, 0.75])))
    hit = reach < 77
    noise = rng.normal(0, 0.015, hit.sum())
    return origin + rays[hit] * (reach[hit] + noise)[:, None]


def _box(rays: np.ndarray, origin: np.ndarray, center: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Distance at which each ray enters a box, infinite where it misses it."""
    one, two = (center - half - origin) / rays, (center + half - origin) / rays
    enter, leave = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
    return np.where((enter > 0) & (enter < leave), enter, np.inf)
