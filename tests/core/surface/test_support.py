"""The points that support places: those of sorting all distances, in whatever order the places come."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.surface.support import LEAF, Support


def brute(points: np.ndarray, places: np.ndarray, count: int, radius: float) -> np.ndarray:
    """(M, count) distances of the nearest points within the radius, infinite where there are fewer."""
    away = np.sort(np.linalg.norm(places[:, None].astype(np.float64) - points[None], axis=2), axis=1)
    found = np.full((len(places), max(count, away.shape[1])), np.inf)
    found[:, : away.shape[1]] = np.where(away < radius, away, np.inf)
    return found[:, :count]


@pytest.mark.parametrize(("count", "radius"), [(1, np.inf), (8, 0.7), (32, 3.0)])
@pytest.mark.parametrize("points", [1, LEAF, 5 * LEAF + 3, 700])
@pytest.mark.parametrize("ordered", [True, False])
def test_they_are_the_nearest(count: int, radius: float, points: int, ordered: bool) -> None:
    rng = np.random.default_rng(points)
    cloud = (rng.normal(size=(points, 3)) * [4, 4, 0.2]).astype(np.float32)
    cloud[: points // 3] *= np.float32(0.1)
    axis = np.arange(-5, 5, 1.3)
    places = np.stack(np.meshgrid(axis, axis, axis / 4, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    if not ordered:
        places = rng.permutation(places)
    support = Support(cloud)
    np.testing.assert_array_equal(support.points, cloud[support.order])
    index, offset = support.of(places, count, radius)
    there = index >= 0
    away = np.where(there, np.linalg.norm(offset, axis=2), np.inf)
    expected = brute(cloud, places, count, radius)
    np.testing.assert_array_equal(np.isfinite(away), np.isfinite(expected))
    np.testing.assert_allclose(away, expected, atol=1e-5)
    query, _ = np.nonzero(there)
    np.testing.assert_array_equal(offset[there], places[query] - support.points[index[there]])
    assert (offset[~there] == 0).all()
    for row in np.where(there, index, -1 - np.arange(count)):
        assert len(set(row)) == count, "no point twice"


def test_points_in_one_spot_are_all_found_once() -> None:
    support = Support(np.zeros((50, 3), np.float32))
    index, _ = support.of(np.float32([[0.1, 0, 0]]), 32, 1.0)
    assert len(set(index[0])) == 32
    assert index.min() >= 0


def test_no_places() -> None:
    index, offset = Support(np.zeros((3, 3), np.float32)).of(np.zeros((0, 3), np.float32), 2, 1.0)
    assert index.shape == (0, 2)
    assert offset.shape == (0, 2, 3)
