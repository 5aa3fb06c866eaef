"""Occupancy from lines of sight: its time, and on the demo drive how often it is wrong, by δ and by range.

A query is truly empty where its line of sight has met no surface before it, and truly full where it lies behind the
first surface and before the next one (a leaf or a sign is thinner than δ may be). Wrong labels come from the
sensor's range noise and from thin things.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from app.core import lean_open3d
from app.core.datasets import open_dataset
from app.core.demo.surface import Surface, read_surface
from app.core.geometry.sightlines import BEHIND, FAR, FRONT, Queries, SightOptions, sight_queries
from app.core.types import Frame
from benchmarks.drives import demo_drive
from benchmarks.rows import Row, median_ms

DELTAS = (0.025, 0.05, 0.1, 0.2, 0.4)
RANGES = (0, 10, 20, 30, 50, 120)
KINDS = {BEHIND: "behind (full)", FRONT: "in front (empty)", FAR: "far (empty)"}
FRAMES = (0, 10, 20, 30)
COUNT = 30_000


def rows() -> list[Row]:
    """One row for the time; for every δ one for all labels, with the kinds in the note; at 0.1 m by range."""
    sequence = open_dataset(demo_drive()).sequences[0]
    frames = [sequence.read(index) for index in FRAMES]
    rng = np.random.default_rng(0)
    points = frames[0].points
    found = [
        Row(
            "4096 queries of a scan", "ms", median_ms(lambda: sight_queries(points, 4096, rng), 51, 5), reach=5,
            note=f"{len(points)} points",
        )
    ]  # fmt: skip
    surfaces = [_surface(sequence.folder, index) for index in FRAMES]
    for delta in DELTAS:
        checked = [_checked(f, s, delta, rng) for f, s in zip(frames, surfaces, strict=True)]
        kind, wrong, distance = (np.concatenate(part) for part in zip(*checked, strict=True))
        by_kind = ", ".join(f"{name} {100 * wrong[kind == value].mean():.2f}" for value, name in KINDS.items())
        found.append(Row(f"wrong labels at δ = {delta:g} m", "%", 100 * wrong.mean(), note=by_kind))
        if delta == SightOptions().delta:
            for near, far in pairwise(RANGES):
                here = (distance >= near) & (distance < far)
                note = ", ".join(
                    f"{name} {100 * wrong[here & (kind == value)].mean():.2f}" for value, name in KINDS.items()
                )
                found.append(Row(f"  of points {near} to {far} m away", "%", 100 * wrong[here].mean(), note=note))
    return found


def _surface(folder: Path, index: int) -> Surface:
    surface = read_surface(folder, index)
    assert surface is not None
    return surface


def _checked(
    frame: Frame, surface: Surface, delta: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(Q,) kind, whether the label is wrong, and metres to the point of queries whose ray meets a surface."""
    queries = sight_queries(frame.points, COUNT, rng, SightOptions(delta))
    assert frame.world_from_sensor is not None
    pose = np.asarray(frame.world_from_sensor)
    met, first, second, along = _along(surface, pose, queries, frame.points)
    full = (along > first) & (along < second)
    wrong = full != queries.occupied
    distance = np.linalg.norm(frame.points[queries.source], axis=1)
    return queries.kind[met], wrong[met], distance[met]


def _along(
    surface: Surface, pose: np.ndarray, queries: Queries, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Whether each line of sight meets a surface, metres to the first and the second one, and to the query."""
    o3d = lean_open3d.load()
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(o3d.core.Tensor(surface.vertices), o3d.core.Tensor(surface.triangles.astype(np.uint32)))
    line = points[queries.source].astype(np.float64)
    line /= np.linalg.norm(line, axis=1, keepdims=True)
    world = line @ pose[:3, :3].T
    rays = np.concatenate([np.broadcast_to(pose[:3, 3], world.shape), world], axis=1).astype(np.float32)
    met = scene.list_intersections(o3d.core.Tensor(rays))
    starts, distances = met["ray_splits"].numpy().astype(np.int64), met["t_hit"].numpy()
    first, second = np.full(len(rays), np.inf), np.full(len(rays), np.inf)
    owner = np.repeat(np.arange(len(rays)), np.diff(starts))
    order = np.lexsort((distances, owner))
    distances, count = distances[order], np.diff(starts)
    some, more = count > 0, count > 1
    first[some] = distances[starts[:-1][some]]
    second[more] = distances[starts[:-1][more] + 1]
    return some, first, second, np.einsum("ij,ij->i", queries.points, line)
