"""What surfaces are measured against: the exact surface of a demo drive, or the scans round a frame."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

import numpy as np

from app.core.demo.surface import read_surface
from app.core.geometry import transforms
from app.core.labels import LabelSet
from app.core.surface.extraction import Box
from app.core.surface.measures import ExactSurface, Scans, sampled, scene_of
from app.core.types import Frame

AROUND = 10
"""Frames before and after that scans are gathered from."""

CELL = 0.05
"""Metres: of the points of several scans in such a cell one is kept, lest near things outvote far ones."""

OVERSAMPLED = 8
"""Exact places that are drawn for each that is wanted: most of a street lies where the frame saw nothing near."""


def exact_surface(
    folder: Path, frame: Frame, box: Box | None, *, count: int = 30_000, seed: int = 0
) -> ExactSurface | None:
    """The exact surface at a frame in its sensor's frame; None where the drive has none.

    ``count`` places within the box are drawn, by area, moving things where they are at that moment. ``DataError``
    where the files are broken.
    """
    surface = read_surface(folder, frame.index) if frame.world_from_sensor is not None else None
    if surface is None or frame.world_from_sensor is None:
        return None
    vertices = transforms.apply(transforms.inverse(frame.world_from_sensor), surface.vertices)
    near = _near(vertices, surface.triangles, frame.points[frame.valid])
    places = sampled(vertices, surface.triangles[near], OVERSAMPLED * count, np.random.default_rng(seed))
    return ExactSurface(
        _inside(places, box), "the exact surface of the demo drive, moving things as they are at that moment",
        scene_of(vertices, surface.triangles),
    )  # fmt: skip


def scans_around(
    frame: Frame, others: Iterable[Frame], box: Box | None, label_set: LabelSet | None
) -> Generator[None, None, Scans]:
    """The points of frames in the sensor's frame of one of them, thinned to one in 5 cm; a yield a frame.

    Points whose raw label says that they move are left out; without labels that cannot be, and ``about`` says so.
    """
    clouds, known = [], True
    moving = _moving_ids(label_set)
    for other in others:
        if other.world_from_sensor is None or frame.world_from_sensor is None:
            continue
        kept = other.valid.copy()
        if other.labels is not None and len(moving):
            kept &= ~np.isin(other.labels, moving)
        else:
            known = False
        motion = transforms.relative(frame.world_from_sensor, other.world_from_sensor)
        clouds.append(_inside(transforms.apply(motion, other.points[kept]), box))
        yield
    points = _thinned(np.concatenate(clouds)) if clouds else np.zeros((0, 3), np.float32)
    what = "moving things left out" if known else "moving things are among them, since nothing says which move"
    return Scans(points, f"the points of {len(clouds)} scans, {what}")


def _moving_ids(label_set: LabelSet | None) -> list[int]:
    names = {} if label_set is None else label_set.raw_names
    return [raw for raw, name in names.items() if name.startswith("moving-")]


def _inside(points: np.ndarray, box: Box | None) -> np.ndarray:
    if box is None:
        return points
    return points[
        ((points >= np.array(box.low, np.float32)) & (points <= np.array(box.high, np.float32))).all(axis=1)
    ]


def _near(vertices: np.ndarray, triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(T,) bool: triangles whose bounds touch those of the points, a metre more."""
    low, high = points.min(axis=0) - 1, points.max(axis=0) + 1
    corner = vertices[triangles]
    return np.asarray(((corner.max(axis=1) >= low) & (corner.min(axis=1) <= high)).all(axis=1))


def _thinned(points: np.ndarray) -> np.ndarray:
    """(n, 3) the first point of each cell of ``CELL``."""
    from app.core.surface.cells import keys_of

    keys = keys_of(points, CELL)
    order = np.argsort(keys, kind="stable")
    first = np.append(True, np.diff(keys[order]) != 0) if len(keys) else np.zeros(0, bool)
    return np.asarray(points[np.sort(order[first])])
