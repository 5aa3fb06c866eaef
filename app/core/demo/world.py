"""The demo world: a street of a seed, what a LiDAR and a camera see of it, and the truth behind both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from app.core.demo.block import block_mesh
from app.core.demo.calibration import Calibration, kitti_like
from app.core.demo.camera import take_picture
from app.core.demo.layout import BLOCK, NEAREST_JUNCTION
from app.core.demo.lidar import MAX_RANGE, Lidar, scan
from app.core.demo.mesh import Array, Mesh, merge
from app.core.demo.noise import Noise
from app.core.demo.raycast import Caster, Hits, Surfaces, scene_of
from app.core.demo.sky import Light
from app.core.demo.streetline import StreetLine
from app.core.demo.traffic import Mover, Traffic

PERIOD = 0.1
"""Seconds between frames."""
VERSION = 3
"""Raised whenever the same seed would give other files."""


@dataclass(frozen=True)
class DemoFrame:
    """One frame and its truth; N points in the sensor frame, KITTI's order (ring by ring).

    ``points`` (N, 3) float32; ``intensity`` (N,) float32; ``labels`` (N,) uint16 raw ids; ``instances`` (N,)
    uint16; ``ring`` (N,) int16; ``visible`` (N,) uint8: 0 outside the picture, 1 seen by the camera,
    2 hidden from it; ``flow`` (N, 3) float32: where the surface point is in the next frame's sensor frame
    minus where it is now, metres; ``normals`` (N, 3) float32 unit, towards the sensor;
    ``world_from_sensor`` (4, 4) float64.
    """

    points: Array
    intensity: Array
    labels: Array
    instances: Array
    ring: Array
    visible: Array
    flow: Array
    normals: Array
    world_from_sensor: Array


class World:
    """A street without end. Blocks are built when the ego car comes near them."""

    def __init__(self, seed: int, *, lidar: Lidar | None = None, calibration: Calibration | None = None) -> None:
        self.seed = seed
        self.lidar = Lidar.hdl64() if lidar is None else lidar
        self.calibration = kitti_like() if calibration is None else calibration
        self.line = StreetLine(seed)
        self.traffic = Traffic(seed, self.line)
        self.light = Light.of(seed)
        self._blocks: dict[int, Mesh] = {}
        self._placed: dict[tuple[int, int], Mesh] = {}
        self._near: tuple[tuple[int, ...], Mesh, Any] | None = None

    @cached_property
    def noise(self) -> Noise:
        """The seed's noise tiles."""
        return Noise.of(self.seed)

    def ego_pose(self, t: float) -> Array:
        """(4, 4) float64 world_from_sensor at ``t`` seconds."""
        return self.traffic.ego_pose(t)

    def poses(self, frames: int) -> Array:
        """(frames, 4, 4) float64 world_from_sensor of all frames."""
        return np.stack([self.ego_pose(k * PERIOD) for k in range(frames)])

    def blocks_near(self, frame: int) -> tuple[int, ...]:
        """Numbers of the blocks that this frame's sensors can reach; depends on nothing but the frame."""
        s = self.traffic.ego_s(frame * PERIOD)
        # Block b reaches from junction b − 1 to junction b, which lies 36 m or more past b blocks.
        first = math.ceil((s - MAX_RANGE - NEAREST_JUNCTION) / BLOCK)
        last = math.floor((s + 120 - NEAREST_JUNCTION) / BLOCK) + 1
        return tuple(range(first, last + 1))

    def block(self, number: int) -> Mesh:
        """One block's standing mesh, world coordinates."""
        if number not in self._blocks:
            if len(self._blocks) > 12:
                self._blocks.pop(min(self._blocks))
            self._blocks[number] = block_mesh(self.seed, self.line, number)
        return self._blocks[number]

    def caster(self, frame: int) -> tuple[Caster, list[Mover]]:
        """The rays' scene of one frame, and who moves in it."""
        near = self.blocks_near(frame)
        if self._near is None or self._near[0] != near:
            standing = merge([self.block(number) for number in near])
            self._near = (near, standing, scene_of(standing))
        movers = self.traffic.movers(frame * PERIOD)
        return Caster(self._near[1], self._near[2], self._moved(movers, frame)), movers

    def scan(self, frame: int) -> DemoFrame:
        """What the LiDAR measures in a frame, with all of its truth."""
        caster, movers = self.caster(frame)
        return self._scan(frame, caster, movers)

    def picture(self, frame: int) -> Array:
        """The camera's picture of a frame, (height, width, 3) uint8 RGB."""
        caster, _ = self.caster(frame)
        return take_picture(caster, self.light, self.noise, self.calibration, self.ego_pose(frame * PERIOD))

    def both(self, frame: int) -> tuple[DemoFrame, Array]:
        """Scan and picture of a frame from one scene."""
        caster, movers = self.caster(frame)
        picture = take_picture(caster, self.light, self.noise, self.calibration, self.ego_pose(frame * PERIOD))
        return self._scan(frame, caster, movers), picture

    def _scan(self, frame: int, caster: Caster, movers: list[Mover]) -> DemoFrame:
        pose, following = (self.ego_pose(k * PERIOD) for k in (frame, frame + 1))
        rng = np.random.default_rng([self.seed, 200, frame])
        seen = scan(caster, self.lidar, self.noise, pose, rng)
        surfaces = caster.surfaces
        later = Surfaces(surfaces.standing, self._moved(movers, frame + 1))
        return DemoFrame(
            points=seen.points,
            intensity=seen.intensity,
            labels=surfaces.per_triangle("label", seen.hits.triangle),
            instances=surfaces.per_triangle("instance", seen.hits.triangle),
            ring=seen.ring,
            visible=visibility(caster, self.calibration, pose, seen.points, seen.exact),
            flow=flow(seen.exact, seen.hits, surfaces, later, pose, following),
            normals=seen.normals,
            world_from_sensor=pose,
        )

    def _moved(self, movers: list[Mover], frame: int) -> Mesh:
        """All movers where they are in a frame. Each is kept for the next frame, which needs it again."""
        t = frame * PERIOD
        kept = {key: mesh for key, mesh in self._placed.items() if key[1] == frame}
        for mover in movers:
            if (mover.instance, frame) not in kept:
                kept[mover.instance, frame] = mover.mesh(t).moved(mover.place(t))
        self._placed = kept
        return merge([kept[mover.instance, frame] for mover in movers])


def visibility(caster: Caster, calibration: Calibration, pose: Array, points: Array, exact: Array) -> Array:
    """(N,) uint8: 0 where the measured (N, 3) sensor-frame point falls outside the picture, 1 where the
    camera sees the surface at the ``exact`` (N, 3) world point, 2 where something lies before it."""
    _, inside = calibration.project(points)
    rows = np.flatnonzero(inside)
    result = np.zeros(len(points), np.uint8)
    eye = pose[:3, :3] @ calibration.center + pose[:3, 3]
    # The ray ends just before the surface itself: 0.3 mm at 3 m, 5 mm at 50 m.
    hidden = caster.blocked(eye, exact[rows] - eye, far=1 - 1e-4)
    result[rows] = np.where(hidden, 2, 1)
    return result


def flow(exact: Array, hits: Hits, now: Surfaces, later: Surfaces, pose: Array, following: Array) -> Array:
    """(N, 3) float32 exact motion of surface points: in the next frame's sensor frame minus in this one's."""
    moved = exact.copy()
    rows = np.flatnonzero(hits.triangle >= len(now.standing))
    if len(rows):
        touched = hits.take(rows)
        moved[rows] += later.at("vertices", touched).astype(np.float64) - now.at("vertices", touched)
    here = (exact - pose[:3, 3]) @ pose[:3, :3]
    there = (moved - following[:3, 3]) @ following[:3, :3]
    return (there - here).astype(np.float32)


def build_world(seed: int, *, lidar: Lidar | None = None, calibration: Calibration | None = None) -> World:
    """The world of a seed; smaller sensors may be given (tests do)."""
    return World(seed, lidar=lidar, calibration=calibration)
