"""The neighbour search finds what scipy finds; normals and spread neighbours are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from app.core.geometry.neighbours import neighbourhoods, spread_index, surface_normals
from app.core.geometry.neighbours_grid import numbered


def cloud(kind: str, count: int) -> np.ndarray:
    rng = np.random.default_rng(count)
    if kind == "scattered":
        return rng.normal(0, 10, (count, 3)).astype(np.float32)
    if kind == "one spot":
        return np.full((count, 3), 3.5, np.float32)
    return np.repeat(rng.normal(0, 3, (-(-count // 4), 3)), 4, axis=0)[:count].astype(np.float32)


@pytest.mark.parametrize("kind", ["scattered", "one spot", "four of each"])
@pytest.mark.parametrize("count", [1, 2, 9, 40, 3000, 9000])
def test_neighbours_are_the_nearest(kind: str, count: int) -> None:
    points = cloud(kind, count)
    hoods = neighbourhoods(points, count=7, workers=2)
    k = min(7, count)
    assert hoods.index.shape == (count, k)
    assert sorted(hoods.order) == list(range(count))
    np.testing.assert_array_equal(hoods.points, points[hoods.order])
    wanted, _ = cKDTree(points).query(points, k=range(1, k + 1))
    np.testing.assert_allclose(np.sqrt(hoods.given(hoods.squared)), wanted, atol=1e-5)
    away = np.linalg.norm(hoods.points[hoods.index] - hoods.points[:, None], axis=2)
    np.testing.assert_allclose(away**2, hoods.squared, atol=1e-4)
    assert all(len(set(row)) == k for row in hoods.index.tolist())


def test_no_points_have_no_neighbours() -> None:
    assert neighbourhoods(np.zeros((0, 3), np.float32)).index.shape == (0, 0)
    assert len(numbered(np.zeros((0, 3), np.float32), 1.0)[0]) == 0


@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 0, 0), (0, 1, 0), (0.6, 0, 0.8), (0.48, 0.6, 0.64)])
def test_normals_of_planes(normal: tuple[float, ...]) -> None:
    axis = np.array(normal)
    across = np.linalg.svd(axis[None])[2][1:]
    rng = np.random.default_rng(1)
    points = (rng.uniform(-3, 3, (500, 2)) @ across + [5, -2, 1]).astype(np.float32)
    hoods = neighbourhoods(points, count=15)
    found, flat = surface_normals(hoods.points, hoods.index)
    np.testing.assert_allclose(np.abs(found @ axis), 1, atol=1e-4)
    assert np.median(flat) > 0.3


@pytest.mark.parametrize("along", [(1, 0, 0), (0, 0, 1), (0.6, 0.8, 0), (0.48, 0.6, 0.64)])
def test_on_a_line_normals_are_across_it_and_flatness_is_none(along: tuple[float, ...]) -> None:
    points = (np.arange(100)[:, None] * 0.1 * np.array(along)).astype(np.float32)
    hoods = neighbourhoods(points, count=9)
    found, flat = surface_normals(hoods.points, hoods.index)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(found @ np.array(along), 0, atol=1e-2)
    assert flat.max() < 1e-3


def test_normals_agree_with_the_eigenvectors() -> None:
    points = np.random.default_rng(2).normal(0, [3, 2, 1], (2000, 3)).astype(np.float32)
    hoods = neighbourhoods(points, count=15)
    found, flat = surface_normals(hoods.points, hoods.index)
    around = hoods.points[hoods.index].astype(np.float64)
    around -= around.mean(axis=1, keepdims=True)
    spread, axes = np.linalg.eigh(np.einsum("mki,mkj->mij", around, around))
    assert np.quantile(np.abs(np.einsum("mi,mi->m", axes[:, :, 0], found)), 0.01) > 0.999
    np.testing.assert_allclose(flat, spread[:, 1] / spread[:, 2], atol=1e-4)


def rings() -> np.ndarray:
    """Scan lines on the ground, 0.4 m apart, with a point every 2 cm."""
    y, x = np.meshgrid(np.arange(0, 4, 0.02), np.arange(0, 4, 0.4), indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1).astype(np.float32)


def test_spread_neighbours_reach_the_next_scan_line() -> None:
    hoods = neighbourhoods(rings(), count=15)
    _, flat = surface_normals(hoods.points, hoods.index)
    own = hoods.points[:, None, 0]
    assert not (np.abs(hoods.points[hoods.index][..., 0] - own) > 0.1).any()
    index = spread_index(hoods, flat, 1.0)
    other = (np.abs(hoods.points[index][..., 0] - own) > 0.1).any(axis=1)
    assert other.mean() > 0.95
    assert (index[:, 0] == np.arange(len(index))).all()
    assert all(len(set(row)) == 15 for row in index.tolist())


def test_cells_are_those_of_a_raster() -> None:
    points = np.random.default_rng(3).uniform(-50, 50, (5000, 3)).astype(np.float32)
    cell, first = numbered(points, 2.0)
    places = np.floor((points.astype(np.float64) - points.min(axis=0)) / 2).astype(int)
    _, wanted = np.unique(places, axis=0, return_inverse=True)
    assert len(first) == wanted.max() + 1
    assert len(np.unique(np.stack([cell, wanted.ravel()]), axis=1)[0]) == len(first)
    np.testing.assert_array_equal(cell[first], np.arange(len(first)))


def test_a_cloud_wider_than_any_grid_still_has_cells() -> None:
    points = np.array([[0, 0, 0], [9e5, 0, 0], [-9e5, 5, 5]], np.float32)
    assert len(numbered(points, 0.001)[1]) == 3
