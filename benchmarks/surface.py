"""Coarse-to-fine surfaces against the dense way: questions to the field, distance between the meshes, time.

The field is signed-distance-like, made from the exact surface of the demo drive within 1 m of the points of a
frame: no trained network, so that the figures tell of the extraction alone. Both ways ask the same field; the dense
one asks it at every corner of the region's grid, and its mesh is taken by our marching cubes and by
skimage.measure.marching_cubes, which cuts the same cells into other triangles.

What a network's surface takes, is in :mod:`benchmarks._surface_network`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from app.core import lean_open3d
from app.core.datasets import open_dataset
from app.core.demo.surface import read_surface
from app.core.geometry import transforms
from app.core.surface.cells import corners_of, distinct, indices, keys_of
from app.core.surface.extraction import Box, ExtractionOptions, Level, extracting
from app.core.surface.marching import Triangles, march
from app.core.surface.measures import distance_to, sampled, scene_of
from app.core.surface.names import steps_to
from benchmarks import _surface_network
from benchmarks.drives import demo_drive
from benchmarks.rows import Row

FRAME = 10
STEP = 0.1
REACH = 1.0
NEIGHBOURS = 8
WIDTH = 0.2
"""Metres over which the weight of a plane falls off."""

SAMPLES = 100_000
SLAB = 32
"""Layers of the dense grid that are asked at once."""


class ExactField:
    """½ less the signed distance to planes of the exact surface, unknown farther than ``REACH`` from a point.

    Each observed point gives the exact place and normal next to it; a place is told from its nearest few, as a head
    would do (implicit moving least squares: R. Kolluri, SODA 2005). Unlike the sign of the nearest triangle, which
    leaps wherever sheets are open or thin, it has a value between any two.
    """

    def __init__(self, places: np.ndarray, normals: np.ndarray, points: np.ndarray) -> None:
        from scipy.spatial import cKDTree

        self._given = places, normals, points
        self._tree = cKDTree(points)
        self.seconds = 0.0
        """Of processors, spent in answering."""
        self.asked = 0

    def again(self) -> ExactField:
        """The same field with its counters at 0."""
        return ExactField(*self._given)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        began = time.process_time()
        values = np.full(len(places), np.nan, np.float32)
        apart, rows = self._tree.query(places, k=NEIGHBOURS, distance_upper_bound=REACH, workers=2)
        near = apart[:, 0] <= REACH
        apart, rows = apart[near], rows[near]
        there = apart <= REACH
        rows[~there] = 0
        weight = np.where(there, np.exp((apart[:, :1] ** 2 - np.minimum(apart, REACH) ** 2) / WIDTH**2), 0.0)
        on, normal, _ = self._given
        along = np.einsum("ijk,ijk->ij", places[near, None] - on[rows], normal[rows])
        values[near] = 0.5 - (weight * along).sum(axis=1) / weight.sum(axis=1)
        self.seconds += time.process_time() - began
        self.asked += len(places)
        return values


def rows() -> list[Row]:
    """Of an exact field the share of questions and of time, and a region of it against the dense way; then what
    the network that comes along takes."""
    field, points = _frame()
    whole = Box((-50.0, -50.0, -3.0), (50.0, 50.0, 5.0))
    began, worked = time.perf_counter(), time.process_time()
    found = []
    last: Level | None = None
    for last in _levels(field, points, whole):
        note = f"100 x 100 x 8 m, {len(last.surface.triangles)} triangles, {last.evaluations} questions"
        found.append(Row(f"surface at {last.step:g} m", "s", time.perf_counter() - began, note=note))
    assert last is not None
    worked = time.process_time() - worked
    corners = math.prod(len(axis) for axis in _axes(whole))
    found += [
        Row(
            "extraction without the field",
            "s",
            worked - field.seconds,
            "the field",
            field.seconds,
            1,
            True,
            note="of all processors together, so that other programs on the machine hardly matter",
        ),
        Row("questions, whole frame", "", last.evaluations, "dense grid", corners, 0.1, True, f"{STEP:g} m"),
    ]
    return found + _against_dense(field.again(), points) + _surface_network.rows()


def _against_dense(field: ExactField, points: np.ndarray) -> list[Row]:
    region = Box((-20.0, -20.0, -3.0), (20.0, 20.0, 5.0))
    began = time.perf_counter()
    ours = list(_levels(field, points, region))[-1]
    seconds = time.perf_counter() - began
    dense = field.again()
    began = time.perf_counter()
    values = _grid(dense, region)
    filled = time.perf_counter() - began
    began = time.perf_counter()
    theirs = _skimage(values, region)
    filled += time.perf_counter() - began
    found = [
        Row("questions, region", "", ours.evaluations, "dense grid", dense.asked, 0.1, True, "40 x 40 x 8 m"),
        Row("whole surface, region", "s", seconds, "dense grid, skimage", filled),
    ]
    for name, mesh, reach in (("the dense mesh", _marched(values, region), 1.0), ("skimage's mesh", theirs, None)):
        for what, one, other in (("ours to", ours.surface, mesh), ("ours from", mesh, ours.surface)):
            places = sampled(one.vertices, one.triangles, SAMPLES, np.random.default_rng(0))
            away = distance_to(other.vertices, other.triangles, places)
            note = f"farther than 1 cm: {100 * float((away > 0.01).mean()):.3f} %"
            found.append(
                Row(f"mean distance, {what} {name}", "mm", 1000 * float(away.mean()), reach=reach, note=note)
            )
    return found


def _levels(field: ExactField, points: np.ndarray, box: Box) -> Iterator[Level]:
    low, high = np.array(box.low) - REACH, np.array(box.high) + REACH
    inside = points[((points >= low) & (points <= high)).all(axis=1)]
    for level in extracting(field, inside, ExtractionOptions(steps_to(STEP), REACH), box=box):
        if level is not None:
            yield level


def _frame() -> tuple[ExactField, np.ndarray]:
    sequence: Any = open_dataset(demo_drive()).sequences[0]
    frame = sequence.read(FRAME)
    surface = read_surface(sequence.folder, FRAME)
    assert surface is not None
    assert frame.world_from_sensor is not None
    vertices = transforms.apply(transforms.inverse(frame.world_from_sensor), surface.vertices)
    points = frame.points[frame.valid]
    o3d = lean_open3d.load()
    met = scene_of(vertices, surface.triangles).compute_closest_points(o3d.core.Tensor(points))
    normals = met["primitive_normals"].numpy()
    normals *= np.sign(-np.einsum("ij,ij->i", normals, points))[:, None]  # to the sensor that saw them
    return ExactField(met["points"].numpy(), normals, points), points


def _axes(box: Box) -> list[np.ndarray]:
    """Whole steps along x, y and z from one side of the box to the other."""
    return [np.arange(round(a / STEP), round(b / STEP) + 1) for a, b in zip(box.low, box.high, strict=True)]


def _grid(field: ExactField, box: Box) -> np.ndarray:
    """(X, Y, Z) float32 the field at all corners of a box."""
    axes = _axes(box)
    values = np.empty([len(axis) for axis in axes], np.float32)
    for start in range(0, len(axes[0]), SLAB):
        part = np.stack(np.meshgrid(axes[0][start : start + SLAB], *axes[1:], indexing="ij"), -1) * STEP
        values[start : start + SLAB] = field(part.reshape(-1, 3).astype(np.float32)).reshape(part.shape[:3])
    return values


def _marched(values: np.ndarray, box: Box) -> Triangles:
    """The surface of a dense grid by the same marching cubes as ours."""
    corner = np.stack([
        values[x : len(values) - 1 + x, y : values.shape[1] - 1 + y, z : values.shape[2] - 1 + z]
        for x in (0, 1) for y in (0, 1) for z in (0, 1)
    ])  # fmt: skip
    inside = (corner > 0.5).sum(axis=0)
    rows = np.argwhere((inside > 0) & (inside < 8) & np.isfinite(corner).all(axis=0))
    first = np.array([axis[0] for axis in _axes(box)])
    cells = distinct(keys_of((rows + first + 0.5) * STEP, STEP))
    keys = corners_of(cells)
    return march(cells, keys, values[tuple((indices(keys) - first).T)], STEP, 0.5)


def _skimage(values: np.ndarray, box: Box) -> Triangles:
    """The surface of a dense grid by skimage (Lewiner's cases, so ambiguous cells may be cut otherwise)."""
    from skimage.measure import marching_cubes

    known = np.isfinite(values)
    # a cell counts where all its corners are known; skimage's mask is of a cell's highest corner
    whole = known.copy()
    for axis in range(3):
        whole &= np.roll(whole, 1, axis)
    found = marching_cubes(np.where(known, values, 0), 0.5, mask=whole)  # type: ignore[no-untyped-call]
    places = (found[0] + [axis[0] for axis in _axes(box)]) * STEP
    return Triangles(places.astype(np.float32), found[1].astype(np.int32), np.zeros((0, 3), np.float32))
