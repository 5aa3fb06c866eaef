"""Queries from lines of sight: where they lie, what they say, how they are shared out."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.geometry.sightlines import BEHIND, FAR, FRONT, NO_INTENSITY, SightOptions, sight_queries


def cloud(rng: np.random.Generator, count: int = 900) -> np.ndarray:
    return rng.uniform(-20, 20, (count, 3)).astype(np.float32) + np.float32([0, 0, 30])


def test_each_kind_lies_where_it_says() -> None:
    rng = np.random.default_rng(0)
    points = cloud(rng)
    found = sight_queries(points, 601, rng, SightOptions(0.2), intensity=np.arange(900) / 900)
    assert [int((found.kind == kind).sum()) for kind in (BEHIND, FRONT, FAR)] == [201, 200, 200]
    assert len(np.unique(found.source)) == 601, "without replacement"
    point = points[found.source].astype(np.float64)
    length = np.linalg.norm(point, axis=1)
    along = np.einsum("ij,ij->i", found.points, point) / length
    np.testing.assert_allclose(found.points, point / length[:, None] * along[:, None], atol=1e-4)
    ahead = along - length
    assert ((ahead >= -1e-4) & (ahead <= 0.2 + 1e-4))[found.kind == BEHIND].all()
    assert ((ahead <= 1e-4) & (ahead >= -0.2 - 1e-4))[found.kind == FRONT].all()
    far = along[found.kind == FAR] / length[found.kind == FAR]
    assert far.min() < 0.05
    assert far.max() > 0.95
    assert abs(far.mean() - 0.5) < 0.06
    np.testing.assert_array_equal(found.occupied, found.kind == BEHIND)
    shine = np.where(found.kind == FAR, NO_INTENSITY, found.source / 900)
    np.testing.assert_allclose(found.intensity, shine, atol=1e-6)


def test_every_sweep_is_seen_from_its_own_place() -> None:
    rng = np.random.default_rng(1)
    points = np.concatenate([cloud(rng, 400), cloud(rng, 100)])
    sweep = np.repeat([0, 1], [400, 100])
    origins = np.array([[0.0, 0, 0], [5.0, -3, 1]])
    found = sight_queries(points, 201, rng, origins=origins, sweep=sweep)
    of = sweep[found.source]
    assert np.bincount(of).tolist() == [101, 100]
    to_point, to_query = points[found.source] - origins[of], found.points - origins[of]
    cross = np.linalg.norm(np.cross(to_point, to_query), axis=1) / np.linalg.norm(to_point, axis=1)
    assert cross.max() < 1e-4


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_few_points_give_as_many_queries_as_are_asked_for(count: int) -> None:
    points = cloud(np.random.default_rng(2), 7)
    points[3] = np.nan
    points[4] = 0
    found = sight_queries(points, count, np.random.default_rng(2))
    assert len(found) == count
    assert not set(found.source.tolist()) & {3, 4}
    assert np.isfinite(found.points).all()
    if count == 50:
        assert np.bincount(found.source, minlength=7)[[0, 1, 2, 5, 6]].tolist() == [10] * 5


def test_nothing_to_look_at() -> None:
    nowhere = np.full((5, 3), np.nan, np.float32)
    assert len(sight_queries(nowhere, 9, np.random.default_rng(0))) == 0
    assert len(sight_queries(np.zeros((0, 3), np.float32), 9, np.random.default_rng(0))) == 0


def test_the_same_chance_gives_the_same_queries() -> None:
    points = cloud(np.random.default_rng(3))
    one, other = (sight_queries(points, 60, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.points, other.points)


@pytest.mark.parametrize(("count", "delta"), [(-1, 0.1), (3, 0.0), (3, float("nan"))])
def test_what_makes_no_sense(count: int, delta: float) -> None:
    with pytest.raises(ValueError, match="queries and δ"):
        sight_queries(np.ones((4, 3)), count, np.random.default_rng(0), SightOptions(delta))


def test_several_origins_need_sweeps() -> None:
    with pytest.raises(ValueError, match="2 origins need the sweep"):
        sight_queries(np.ones((4, 3)), 3, np.random.default_rng(0), origins=np.zeros((2, 3)))
