"""Occupancy from lines of sight: its time, and on the demo drive how often it is wrong, by δ and by range.

What is truly empty and full is told by :func:`app.core.surface.sight_view.truly_full`. Wrong labels come from the
sensor's range noise and from thin things.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from app.core.datasets import open_dataset
from app.core.demo.surface import Surface, read_surface
from app.core.geometry.sightlines import BEHIND, FAR, FRONT, SightOptions, sight_queries
from app.core.surface.measures import scene_of
from app.core.surface.sight_view import truly_full
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
    pose, met_points = np.asarray(frame.world_from_sensor), frame.points[queries.source]
    full, met = truly_full(
        scene_of(surface.vertices, surface.triangles), pose, queries.points, np.zeros((1, 3)), met_points
    )
    wrong = full != queries.occupied
    distance = np.linalg.norm(met_points, axis=1)
    return queries.kind[met], wrong[met], distance[met]
