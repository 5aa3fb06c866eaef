"""Points of later scans against a surface: near or not, seen before or not."""

from __future__ import annotations

import numpy as np

from app.core.surface import later
from app.core.surface.later import compare_later
from app.core.surface.measures import Scans
from app.core.surface.view import AWAY, FAIR, NEAR

FLOOR = np.array([[-5, -5, 0], [5, -5, 0], [5, 5, 0], [-5, 5, 0]], np.float32)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_shares_are_those_of_distances_and_of_what_was_unseen() -> None:
    observed = np.array([[0, 0, 0.0], [1, 0, 0.0]], np.float32)
    points = np.array([
        [0.1, 0, 0.05],  # seen, near
        [0.5, 0, 0.15],  # unseen, within reach, fair
        [1.0, 0.9, 0.5],  # unseen, out of reach, away
        [4, 4, 0.0],  # unseen, out of reach, near
    ], np.float32)  # fmt: skip
    found = compare_later(3, 2, Scans(points, "two scans"), observed, FLOOR, TRIANGLES, 0.1)
    np.testing.assert_allclose(found.distance, [0.05, 0.15, 0.5, 0.0], atol=1e-6)
    assert found.kind.tolist() == [NEAR, FAIR, AWAY, NEAR]
    assert found.unseen.tolist() == [False, True, True, True]
    assert (found.every.count, found.every.near, found.every.fair) == (4, 0.5, 0.75)
    assert (found.hidden.count, found.hidden.near, found.hidden.fair) == (3, 1 / 3, 2 / 3)
    assert (found.reachable.count, found.reachable.near, found.reachable.fair) == (1, 0.0, 1.0)
    assert (found.frame, found.later, found.step, found.about) == (3, 2, 0.1, "two scans")


def test_without_surface_or_points_nothing_is_near() -> None:
    points = np.zeros((2, 3), np.float32)
    found = compare_later(0, 1, Scans(points, ""), points[:0], FLOOR[:0], TRIANGLES[:0], 0.1)
    assert (found.every.near, found.every.fair) == (0.0, 0.0) and found.unseen.all()
    none = compare_later(0, 1, Scans(points[:0], ""), points, FLOOR, TRIANGLES, 0.1)
    assert none.every.count == 0 and np.isnan(none.every.near)


def test_many_points_are_thinned_and_that_is_told(monkeypatch) -> None:
    monkeypatch.setattr(later, "MOST_POINTS", 10)
    points = np.random.default_rng(0).uniform(-4, 4, (50, 3)).astype(np.float32)
    found = compare_later(0, 1, Scans(points, "a scan"), points, FLOOR, TRIANGLES, 0.1)
    assert len(found.points) == 10 and found.about == "a scan; 10 of 50"
    np.testing.assert_allclose(found.distance, np.abs(found.points[:, 2]), atol=1e-5)
