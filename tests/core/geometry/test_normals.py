"""Normals against planes that are known, and against a plain computation point by point."""

from __future__ import annotations

import numpy as np

from app.core.geometry import normals as module
from app.core.geometry.normals import normals


def plane(normal: np.ndarray, distance: float, count: int = 400, noise: float = 0.0) -> np.ndarray:
    """(N, 3) float32 points of the plane ``normal · p = distance``."""
    rng = np.random.default_rng(3)
    normal = normal / np.linalg.norm(normal)
    across = np.linalg.svd(normal[None])[2][1:]
    points = rng.uniform(-2, 2, (count, 2)) @ across + normal * distance
    return (points + normal * rng.normal(0, noise, (count, 1))).astype(np.float32)


def brute_force(points: np.ndarray, k: int) -> np.ndarray:
    result = []
    for p in points.astype(np.float64):
        nearest = np.argsort(((points - p) ** 2).sum(axis=1), kind="stable")[:k]
        q = points[nearest].astype(np.float64)
        axis = np.linalg.svd(q - q.mean(axis=0))[2][2]
        result.append(-axis if axis @ p > 0 else axis)
    return np.array(result)


def test_a_plane_has_one_normal_that_faces_the_sensor() -> None:
    direction = np.array([1.0, 2, -2]) / 3
    found = normals(plane(direction, 6.0))
    np.testing.assert_allclose(found, np.tile(-direction, (400, 1)), atol=1e-3)


def test_same_as_point_by_point() -> None:
    rng = np.random.default_rng(0)
    points = (rng.normal(size=(150, 3)) * [4, 4, 1] + [10, 0, 0]).astype(np.float32)
    found, expected = normals(points, neighbours=12), brute_force(points, 12)
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=1)), 1, atol=1e-4)
    assert ((found * points).sum(axis=1) <= 1e-6).all()


def test_unit_length_and_chunks_join(monkeypatch) -> None:
    points = plane(np.array([0, 0, 1.0]), -1.7, noise=0.02)
    whole = normals(points)
    monkeypatch.setattr(module, "CHUNK", 37)
    np.testing.assert_array_equal(normals(points), whole)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)


def test_bad_points_are_unknown_and_do_not_disturb_others() -> None:
    good = plane(np.array([0, 0, 1.0]), -1.7)
    mixed = np.insert(good, [0, 200], [[np.nan] * 3, [np.inf] * 3], axis=0)
    found = normals(mixed)
    bad = ~np.isfinite(mixed).all(axis=1)
    assert np.isnan(found[bad]).all()
    np.testing.assert_array_equal(found[~bad], normals(good))


def test_a_line_and_a_spot_define_no_plane() -> None:
    line = np.stack([np.linspace(1, 5, 50), np.zeros(50), np.zeros(50)], axis=1).astype(np.float32)
    assert np.isnan(normals(line)).all()
    assert np.isnan(normals(np.ones((20, 3), np.float32))).all()


def test_too_few_points() -> None:
    assert normals(np.empty((0, 3), np.float32)).shape == (0, 3)
    assert np.isnan(normals(np.ones((2, 3), np.float32))).all()
