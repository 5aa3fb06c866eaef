"""The software rasteriser: points and triangles into a key buffer, shading, colours.

Draws in any process that has numpy and numba, with no graphics driver at all. Also the source of the depth
and point-index buffers that shading and picking need, whichever renderer gives the colours.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from app.core.cores import usable_cores
from app.core.render import facets, kernels
from app.core.render.camera import NEAR, Camera
from app.core.render.kernels import MARGIN
from app.core.render.protocol import check_size
from app.core.render.stage import STRATA, PackedCloud, PackedMesh, Stage

PAD = 8
"""Pixels of margin about the log-depth buffer, so that shading needs no border cases."""


@dataclass
class Buffers:
    """Working memory for one picture size. ``keys`` (h, w) uint64; ``logs`` (h + 2 PAD, w + 2 PAD) float32;
    ``dark`` (h, w) float32; ``point_seconds``, ``mesh_seconds`` what clouds and meshes of the last picture took."""

    keys: np.ndarray
    logs: np.ndarray
    dark: np.ndarray
    point_seconds: float = 0.0
    mesh_seconds: float = 0.0

    @staticmethod
    def of(width: int, height: int) -> Buffers:
        """Memory for a picture of that size."""
        logs = np.full((height + 2 * PAD, width + 2 * PAD), kernels.FAR_LOG, np.float32)
        return Buffers(np.empty((height, width), np.uint64), logs, np.zeros((height, width), np.float32))


class Raster:
    """Draws stages. One instance per thread of use; inside it shares rows between ``threads`` threads."""

    name = "raster"

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or min(usable_cores(), 8)
        self._pool = ThreadPoolExecutor(self._threads, "raster") if self._threads > 1 else None
        self._places, self._depths = np.empty(0, np.uint32), np.empty(0, np.float32)
        self._vertices = np.empty((3, 0), np.float32)
        self._buffers: dict[tuple[int, int], Buffers] = {}

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def draw(
        self, stage: Stage, camera: Camera, width: int, height: int, *, size: float = 2.0, strata: int = STRATA
    ) -> Buffers:
        """Fill a key buffer of ``width`` × ``height`` pixels.

        ``size`` is the edge of a point in pixels of this picture; ``strata`` of the points' subsets are drawn.
        ``ValueError`` for pictures too large to draw.
        """
        check_size(width, height)
        buffers = self._buffers_of(width, height)
        pose, lens = camera_pose(camera, stage.origin), camera_lens(camera, width, height)
        self.rows(height, lambda top, bottom: kernels.clear(buffers.keys, top, bottom))
        begin = time.perf_counter()
        for cloud in stage.clouds.values():
            self._draw_cloud(cloud, strata, pose, lens, size, buffers.keys)
        buffers.point_seconds = time.perf_counter() - begin
        begin = time.perf_counter()
        for mesh in stage.meshes.values():
            self.triangles(mesh, pose, lens, buffers.keys)
        buffers.mesh_seconds = time.perf_counter() - begin
        return buffers

    def shade(self, buffers: Buffers, strength: float, spread: float) -> None:
        """Eye-dome sums into ``buffers.dark``; ``spread`` pixels, about the size of a point."""
        if strength <= 0:
            buffers.dark.fill(0)
            return
        height = len(buffers.keys)
        inner = int(np.clip(round(spread), 1, PAD))
        outer = int(np.clip(round(spread * 1.5), 1, PAD))
        self.rows(height, lambda a, b: kernels.log_depth(buffers.keys, buffers.logs, PAD, a, b))
        self.rows(height, lambda a, b: kernels.occlusion(buffers.logs, PAD, inner, outer, a, b, buffers.dark))

    def resolve(
        self, buffers: Buffers, table: np.ndarray, strength: float, behind: np.ndarray, out: np.ndarray
    ) -> None:
        """Colours by id into ``out`` (h, w, 3) uint8; ``behind`` (h, w, 3) or (1, 1, 3) uint8."""
        curve = shade_curve(strength)
        self.rows(
            len(out), lambda a, b: kernels.resolve(buffers.keys, table, buffers.dark, curve, behind, a, b, out)
        )

    def resolve_drawn(
        self,
        buffers: Buffers,
        drawn: np.ndarray,
        blank: np.ndarray,
        table: np.ndarray,
        strength: float,
        behind: np.ndarray,
        out: np.ndarray,
    ) -> None:
        """Colours of another renderer's picture ``drawn`` (h, w, 3), shaded, into ``out``."""
        curve, keys, dark = shade_curve(strength), buffers.keys, buffers.dark
        self.rows(
            len(out),
            lambda a, b: kernels.resolve_drawn(keys, drawn, blank, table, dark, curve, behind, a, b, out),
        )

    def split(self, buffers: Buffers, base: int, count: int, index: np.ndarray, depth: np.ndarray) -> None:
        """Picking buffers: ``index`` (h, w) int32 and ``depth`` (h, w) float32 metres."""
        bits = depth.view(np.uint32)
        self.rows(len(index), lambda a, b: kernels.split_keys(buffers.keys, base, count, a, b, index, bits))

    def triangles(self, mesh: PackedMesh, pose: np.ndarray, lens: np.ndarray, keys: np.ndarray) -> None:
        """Draw a mesh into a key buffer."""
        near, placed, xyz = np.float32(NEAR), self.placed(mesh.xyz, pose, lens), mesh.xyz
        self.rows(
            len(keys),
            lambda a, b: facets.draw(mesh.triangles, xyz, *placed, pose, mesh.base, lens, near, keys, a, b),
        )

    def placed(self, xyz: np.ndarray, pose: np.ndarray, lens: np.ndarray) -> np.ndarray:
        """(3, at least V) float32 of vertices ``xyz`` (3, V): column, row, one over the depth (0: not in front).

        Good until the next call.
        """
        near, count = np.float32(NEAR), xyz.shape[1]
        if self._vertices.shape[1] < count:
            self._vertices = np.empty((3, count), np.float32)
        placed = self._vertices
        self.rows(count, lambda a, b: facets.project(xyz, pose, lens, near, *placed, a, b))
        return placed

    def rows(self, height: int, work: Callable[[int, int], object]) -> None:
        """Share rows 0..height out evenly."""
        edges = np.linspace(0, height, self._threads + 1).astype(int)
        self._each(lambda k: work(int(edges[k]), int(edges[k + 1])))

    def _each(self, work: Callable[[int], object]) -> None:
        """Call ``work(k)`` for k in 0..threads, at the same time."""
        if self._pool is None:
            work(0)
            return
        for done in [self._pool.submit(work, k) for k in range(self._threads)]:
            done.result()

    def _draw_cloud(
        self, cloud: PackedCloud, strata: int, pose: np.ndarray, lens: np.ndarray, size: float, keys: np.ndarray
    ) -> None:
        count = cloud.count(strata)
        if len(self._places) < count:
            self._places, self._depths = np.empty(count, np.uint32), np.empty(count, np.float32)
        places, depths, bits = self._places, self._depths, self._depths.view(np.uint32)
        x, y, z = cloud.xyz
        height, width = keys.shape
        half = np.float32(min(size, MARGIN) / 2)
        least = int(2 * half)
        limits = (np.float32(NEAR), half, np.float32(least), np.float32(width), np.float32(height))
        cuts = np.linspace(0, count, self._threads + 1).astype(int)
        self._each(
            lambda k: kernels.project(
                x, y, z, cloud.alive, pose, lens, *limits, places, depths, int(cuts[k]), int(cuts[k + 1])
            )
        )
        bands = self._bands(places[:count], height)
        self._each(
            lambda k: kernels.splat(
                places, bits, cloud.rows, cloud.base, least, keys, bands[k], bands[k + 1], 0, count
            )
        )

    def _bands(self, places: np.ndarray, height: int) -> list[int]:
        """Row limits that give every thread about as many points, from a sample of them."""
        sample = places[:: max(1, len(places) // 2000)]
        rows = ((sample[sample != kernels.NOWHERE] >> 15) & 0x7FFF).astype(int) - MARGIN
        if not len(rows):
            return [int(e) for e in np.linspace(0, height, self._threads + 1)]
        inner = np.quantile(rows, np.linspace(0, 1, self._threads + 1)[1:-1])
        return [0, *(int(e) for e in np.clip(inner, 0, height)), height]

    def _buffers_of(self, width: int, height: int) -> Buffers:
        """Kept for the few sizes in use: two views, moving and resting, and one odd one."""
        key = (width, height)
        if key not in self._buffers:
            while len(self._buffers) >= 5:
                self._buffers.pop(next(iter(self._buffers)))
            self._buffers[key] = Buffers.of(width, height)
        self._buffers[key] = self._buffers.pop(key)  # the newest last
        return self._buffers[key]


def shade_curve(strength: float) -> np.ndarray:
    """(256,) float32 light for eye-dome sums 0..8."""
    return np.exp(-strength * np.arange(256) / 32).astype(np.float32)


def camera_pose(camera: Camera, origin: np.ndarray) -> np.ndarray:
    """(3, 4) float32, camera from the stage's own coordinates; the origin is taken out in float64."""
    pose = camera.camera_from_world[:3].astype(np.float64).copy()
    pose[:, 3] += pose[:, :3] @ origin
    return np.ascontiguousarray(pose, np.float32)


def camera_lens(camera: Camera, width: int, height: int) -> np.ndarray:
    """(4,) float32: focal lengths and principal point, pixels."""
    k = camera.matrix(width, height)
    return np.array([k[0, 0], k[1, 1], k[0, 2], k[1, 2]], np.float32)
