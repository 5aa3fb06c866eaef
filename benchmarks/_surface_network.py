"""What surfaces of the network that comes along take: latents, levels, a box, another threshold, and one question.

A whole frame of the demo drive, at first without what is kept between two surfaces, except for compiled loops and
loaded libraries, which an engine loads once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

import numpy as np

from app.core.datasets import open_dataset
from app.core.model_card import SURFACE, built_in
from app.core.surface.extraction import Box, ExtractionOptions, Level, extracting
from app.core.surface.limits import points_within
from app.core.surface.marching import Triangles
from app.core.surface.measures import distance_to, measure, sampled
from app.core.surface.names import steps_to
from app.core.surface.network_field import Latents, NetworkField, latent_steps
from app.core.surface.references import exact_surface
from app.core.surface.table import Answers
from app.core.surface_model import SurfaceModel, load_surface_model
from benchmarks.drives import demo_drive
from benchmarks.rows import Row

T = TypeVar("T")

FRAME = 10
NEIGHBOURS = 5
BOX = Box((0.0, -5.0, -2.0), (10.0, 5.0, 2.0))
REGION = Box((-20.0, -20.0, -3.0), (20.0, 20.0, 5.0))
ASKED = 20_000
CHUNK = 8192
"""Places that the plain way asks at once."""


def rows(path: Any = None) -> list[Row]:
    """Times of surfaces by the checkpoint at ``path``, or by the one that comes along."""
    model = load_surface_model(built_in(SURFACE) if path is None else path, "cpu")
    sequence: Any = open_dataset(demo_drive()).sequences[0]
    frame = sequence.read(FRAME)
    points = points_within(frame.points, None, 1.0)
    _returned(latent_steps(model, frame))
    began, worked = time.perf_counter(), time.process_time()
    latents = _returned(latent_steps(model, frame))
    took = time.perf_counter() - began
    about = f"{len(points)} points, {len(latents.points)} latents"
    found = [Row("latents", "s", took, note=f"{about}; {_processor(worked)}")]
    field = NetworkField(model.head, latents, neighbours=NEIGHBOURS)
    field(points[:100])
    began = time.perf_counter()
    field = NetworkField(model.head, latents, neighbours=NEIGHBOURS)
    ready = time.perf_counter() - began
    answers = Answers()
    for row in _levels("frame", field, points, 0.1, None, answers, ready):
        if row.what.endswith("0.8 m"):
            found.append(Row(f"{row.what}, latents too", "s", took + row.ours, reach=1.0, note=row.note))
            row = Row(row.what, row.unit, row.ours, reach=1.0, note=row.note)
        found.append(row)
    found.append(Row(found[-1].what + ", latents too", "s", took + found[-1].ours, reach=10.0))
    found.append(list(_levels("threshold 0.4, frame", field, points, 0.1, None, answers, 0.0, 0.4))[-1])
    found.append(list(_levels("box of 10 x 10 x 4 m", field, points, 0.05, BOX, Answers(), ready))[-1])
    return found + _questions(model, latents, points) + _neighbours(model, latents, points, sequence.folder, frame)


def _levels(
    what: str,
    field: NetworkField,
    points: np.ndarray,
    step: float,
    box: Box | None,
    answers: Answers,
    ready: float,
    threshold: float = 0.5,
) -> Iterator[Row]:
    """A row for each level, as long after the latents as it came; ``ready`` seconds went before."""
    began, worked = time.perf_counter(), time.process_time()
    for level in _surfaces(field, points, step, box, answers, threshold):
        note = f"{level.evaluations} questions, {len(level.surface.triangles)} triangles, {_processor(worked)}"
        yield Row(f"{what} at {level.step:g} m", "s", ready + time.perf_counter() - began, note=note)


def _surfaces(
    field: NetworkField,
    points: np.ndarray,
    step: float,
    box: Box | None,
    answers: Answers | None = None,
    threshold: float = 0.5,
) -> Iterator[Level]:
    options = ExtractionOptions(steps_to(step), field.radius, threshold)
    near = points_within(points, box, field.radius)
    for level in extracting(field, near, options, box=box, most=field.most, answers=answers):
        if level is not None:
            yield level


def _questions(model: SurfaceModel, latents: Latents, points: np.ndarray) -> list[Row]:
    """One question, in processor time, against the head's own forward with the neighbours of scipy's tree."""
    places = points[:: max(1, len(points) // ASKED)] + np.float32(0.05)
    found = []
    for precision in ("fp32", "bf16"):
        field = NetworkField(model.head, latents, neighbours=NEIGHBOURS, precision=precision)
        plain = _plain(model, latents, precision == "bf16")
        told, ours = _each(field, places)
        expected, theirs = _each(plain, places)
        off = float(np.nanmax(np.abs(told - expected)))
        note = f"greatest difference {off:.1e}"
        if precision == "fp32" and not (off < 1e-5 and np.array_equal(np.isnan(told), np.isnan(expected))):
            raise AssertionError(f"the prepared head differs from the plain one: {note}")
        found.append(Row(f"a question, {precision}", "us", ours, "plain head, cKDTree", theirs, 1.0, True, note))
    return found


def _each(field: Callable[[np.ndarray], np.ndarray], places: np.ndarray) -> tuple[np.ndarray, float]:
    """Its answers, and the least processor time for one of three times, microseconds."""
    least = np.inf
    for _ in range(3):
        worked = time.process_time()
        told = field(places)
        least = min(least, time.process_time() - worked)
    return told, 1e6 * float(least) / len(places)


def _plain(model: SurfaceModel, latents: Latents, half: bool) -> Callable[[np.ndarray], np.ndarray]:
    """The same field without anything worked out before."""
    import torch
    from scipy.spatial import cKDTree

    from app.models.threads import one_thread

    tree, values = cKDTree(latents.points), torch.from_numpy(latents.values)

    def ask(places: np.ndarray) -> np.ndarray:
        near = np.asarray(tree.query(places, NEIGHBOURS, distance_upper_bound=model.head.radius)[1], np.int64)
        near[near == len(latents.points)] = -1
        offset = torch.from_numpy(places[:, None] - latents.points[near])
        with one_thread(), torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            return np.asarray(torch.sigmoid(model.head.logits(values, torch.from_numpy(near), offset)).numpy())

    return lambda places: np.concatenate([ask(places[at : at + CHUNK]) for at in range(0, len(places), CHUNK)])


def _neighbours(model: SurfaceModel, latents: Latents, points: np.ndarray, folder: Any, frame: Any) -> list[Row]:
    """What fewer neighbours change: distance to the surface by 32, and both against the exact surface."""
    reference = exact_surface(folder, frame, REGION, count=30_000, seed=0)
    assert reference is not None
    meshes: dict[int, Triangles] = {}
    found = []
    for count in (32, 16, 8, 5):
        field = NetworkField(model.head, latents, neighbours=count)
        worked = time.process_time()
        meshes[count] = surface = list(_surfaces(field, points, 0.1, REGION))[-1].surface
        note = _processor(worked)
        away = [_distance(surface, meshes[32]), _distance(meshes[32], surface)]
        told = measure(surface.vertices, surface.triangles, reference, points)
        note += f"; median {1000 * float(np.median(np.concatenate(away))):.2g} mm, Chamfer to the exact surface "
        note += f"{100 * told.chamfer:.1f} cm, F 10 cm {told.f_score[0.1]:.3f}, F 20 cm {told.f_score[0.2]:.3f}"
        mean = 1000 * float(np.mean([part.mean() for part in away]))
        found.append(Row(f"{count} neighbours: distance to that of 32", "mm", mean, note=note))
    return found


def _distance(one: Triangles, other: Triangles) -> np.ndarray:
    places = sampled(one.vertices, one.triangles, 30_000, np.random.default_rng(0))
    return distance_to(other.vertices, other.triangles, places)


def _returned(work: Generator[None, None, T]) -> T:
    """What a generator returns."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            value: T = stop.value
            return value


def _processor(since: float) -> str:
    return f"{time.process_time() - since:.2f} processor seconds"
