"""Measures of surfaces against brute force and against figures known by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from app.core.label_sets import SEMANTIC_KITTI
from app.core.surface.extraction import Box
from app.core.surface.measures import (
    ExactSurface,
    MeasureOptions,
    Scans,
    distance_to,
    measure,
    sampled,
    scene_of,
    watertight,
)
from app.core.surface.references import scans_around
from app.core.types import Frame


def plate(height: float, size: float = 4.0, cells: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """A square plate about the origin at a height."""
    axis = np.linspace(-size / 2, size / 2, cells + 1)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    vertices = np.stack([x.ravel(), y.ravel(), np.full(x.size, height)], axis=1).astype(np.float32)
    corner = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    one = np.stack([corner, corner + cells + 1, corner + 1], axis=1)
    other = np.stack([corner + 1, corner + cells + 1, corner + cells + 2], axis=1)
    return vertices, np.concatenate([one, other]).astype(np.int32)


def exact(vertices: np.ndarray, triangles: np.ndarray, count: int = 4000) -> ExactSurface:
    places = sampled(vertices, triangles, count, np.random.default_rng(1))
    return ExactSurface(places, "a plate", scene_of(vertices, triangles))


def segment_distance(place: np.ndarray, corner: np.ndarray) -> float:
    """Distance from a place to a triangle, by trying a fine net of its barycentric coordinates."""
    u, v = np.meshgrid(np.linspace(0, 1, 120), np.linspace(0, 1, 120))
    inside = u + v <= 1
    u, v = u[inside, None], v[inside, None]
    on = corner[0] + u * (corner[1] - corner[0]) + v * (corner[2] - corner[0])
    return float(np.linalg.norm(on - place, axis=1).min())


def test_distances_are_those_to_triangles_not_to_vertices() -> None:
    rng = np.random.default_rng(2)
    vertices = rng.uniform(-1, 1, (9, 3)).astype(np.float32)
    triangles = np.arange(9, dtype=np.int32).reshape(3, 3)
    places = rng.uniform(-2, 2, (12, 3)).astype(np.float32)
    wanted = [min(segment_distance(p, vertices[t]) for t in triangles) for p in places]
    np.testing.assert_allclose(distance_to(vertices, triangles, places), wanted, atol=0.02)


def test_places_are_spread_by_area_and_by_the_seed() -> None:
    vertices = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [10, 0, 0], [13, 0, 0], [10, 3, 0]])
    triangles = np.int32([[0, 1, 2], [3, 4, 5]])
    found = sampled(vertices, triangles, 4000, np.random.default_rng(0))
    assert (found[:, 0] > 5).mean() == pytest.approx(0.9, abs=0.02)
    assert found[found[:, 0] < 5].mean(axis=0) == pytest.approx([1 / 3, 1 / 3, 0], abs=0.03)
    np.testing.assert_array_equal(found, sampled(vertices, triangles, 4000, np.random.default_rng(0)))
    assert len(sampled(vertices, np.int32([[0, 0, 1]]), 10, np.random.default_rng(0))) == 0


def test_a_plate_15_cm_above_another() -> None:
    low, high = plate(0.0), plate(0.15)
    found = measure(*high, exact(*low), low[0], MeasureOptions(samples=2000))
    assert found.chamfer == pytest.approx(0.15, abs=1e-4)
    assert found.f_score[0.1] == 0
    assert found.f_score[0.2] == pytest.approx(1)
    assert found.reference == "a plate"
    assert not found.closed


def test_half_a_plate_has_half_the_recall() -> None:
    whole = plate(0.0)
    half = whole[1][(whole[0][whole[1]][:, :, 0] <= 1e-6).all(axis=1)]
    found = measure(whole[0], half, exact(*whole), whole[0], MeasureOptions(samples=4000))
    assert found.precision[0.1] == 1
    assert found.recall[0.1] == pytest.approx(0.5 + 0.1 / 4, abs=0.03)
    assert found.f_score[0.1] == pytest.approx(2 * found.recall[0.1] / (1 + found.recall[0.1]))


def test_only_what_the_frame_did_not_see_counts_as_unseen() -> None:
    whole = plate(0.0, cells=16)
    dense = np.stack(np.meshgrid(np.arange(-2, 0, 0.1), np.arange(-2, 2.05, 0.1), [0.0]), -1).reshape(-1, 3)
    seen_half = whole[1][(whole[0][whole[1]][:, :, 0] <= 1e-6).all(axis=1)]
    options = MeasureOptions(samples=4000, reach=1.0)
    blind = measure(whole[0], seen_half, exact(*whole), dense.astype(np.float32), options)
    guess = measure(*whole, exact(*whole), dense.astype(np.float32), options)
    reached = 2.0 - 0.1 + 1.0  # metres along x: observed to −0.1, and 1 m more
    assert guess.unseen_share == pytest.approx((1.0 - 0.25) / reached, abs=0.03)
    assert guess.unseen_found == 1
    assert blind.unseen_found == pytest.approx((0.2 - 0.15) / 0.75, abs=0.04)


def test_empty_surfaces_have_no_figures() -> None:
    low = plate(0.0)
    found = measure(low[0][:0], low[1][:0], exact(*low), low[0])
    assert np.isnan([found.chamfer, found.f_score[0.1], found.unseen_found, found.paired_edges]).all()
    assert found.samples[0] == 0


@pytest.mark.parametrize("seed", range(4))
def test_paired_edges_by_counting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    triangles = np.array([rng.choice(9, 3, replace=False) for _ in range(30)], np.int32)
    counts = Counter(frozenset(pair) for a, b, c in triangles.tolist() for pair in ((a, b), (b, c), (c, a)))
    share, closed = watertight(triangles)
    assert share == pytest.approx(sum(count == 2 for count in counts.values()) / len(counts))
    assert not closed


def test_a_tetrahedron_is_closed_until_a_triangle_is_turned_or_lost() -> None:
    body = np.int32([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    assert watertight(body) == (1.0, True)
    assert watertight(body[:3]) == (0.5, False)
    body[0] = body[0, ::-1]
    assert watertight(body) == (1.0, False)


def test_scans_around_leave_out_what_moves_and_say_so() -> None:
    pose = np.eye(4)
    points = np.float32([[5, 0, 0], [6, 0, 0], [7, 0, 0], [np.nan, 0, 0]])
    labels = np.uint16([50, 252, 50, 50])
    moved = np.eye(4)
    moved[0, 3] = 2
    here = Frame(0, "a", points, labels=labels, world_from_sensor=pose)
    there = Frame(1, "b", points, labels=labels, world_from_sensor=moved)

    def gathered(frames: list[Frame], label_set, box: Box | None = None) -> Scans:
        work = scans_around(here, frames, box, label_set)
        while True:
            try:
                next(work)
            except StopIteration as stop:
                return stop.value

    found = gathered([here, there], SEMANTIC_KITTI)
    assert sorted(found.places[:, 0].tolist()) == [5, 7, 9]
    assert "left out" in found.about
    assert len(gathered([here, there], None).places) == 5
    assert "among them" in gathered([here], None).about
    assert gathered([here, there], SEMANTIC_KITTI, Box((6, -1, -1), (8, 1, 1))).places[:, 0].tolist() == [7]
    assert found.distance(np.float32([[5, 1, 0]])).tolist() == [1]
