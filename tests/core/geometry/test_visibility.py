"""The visibility rules on a wall before a wall, on a road, and beside each other; superpixels; measures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.errors import UsageError
from app.core.geometry.superpixels import WAYS, grid, superpixels
from app.core.geometry.superpoints import KINDS
from app.core.geometry.visibility import (
    RULES,
    VisibilityOptions,
    check,
    depths_of,
    describe,
    sight,
    window,
)
from app.core.geometry.visibility_measures import VisibilityScore, score
from app.core.types import CameraView

SIZE = (200, 100)
INTRINSICS = np.array([[100.0, 0, 100], [0, 100, 50], [0, 0, 1]])
AXES = np.array([[0, -1.0, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
CAMERA = CameraView("front", SIZE, AXES, INTRINSICS, None)
TESTS = pytest.mark.parametrize("rule", ["slope", "zbuffer", "depth_ratio", "paper"])


def wall(x: float, y: tuple[float, float], z: tuple[float, float], step: float = 2.0) -> np.ndarray:
    """Points of an upright wall at ``x`` metres, every so many pixels as CAMERA sees it."""
    gap = x * step / 100
    ys, zs = np.meshgrid(np.arange(*y, gap), np.arange(*z, gap))
    return np.stack([np.full(ys.size, x), ys.ravel(), zs.ravel()], axis=1).astype(np.float32)


@TESTS
def test_a_wall_behind_a_wall_is_hidden_and_what_stands_beside_is_not(rule: str) -> None:
    near, far = wall(5, (-2, 2), (-2, 2)), wall(20, (-18, 18), (-3, 3))
    points = np.concatenate([near, far])
    options = VisibilityOptions(rule=rule)
    seen = sight(points, CAMERA, options, grid(SIZE, segments=800))
    assert seen.visible[: len(near)][seen.inside[: len(near)]].all()
    behind = (np.abs(far[:, 1]) < 7.4) & seen.inside[len(near) :]
    beside = (np.abs(far[:, 1]) > 9) & seen.inside[len(near) :]
    assert behind.sum() > 500
    assert beside.sum() > 500
    assert seen.visible[len(near) :][behind].mean() < 0.02
    assert seen.visible[len(near) :][beside].all()
    hidden = ~seen.visible & seen.inside
    np.testing.assert_allclose(seen.surface[hidden], 5, atol=1e-4)
    assert np.isnan(seen.surface[~seen.inside]).all()
    assert (seen.depth[seen.inside & ~hidden] <= seen.limit[seen.inside & ~hidden]).all()


def road() -> np.ndarray:
    """Scan lines on a flat road 1.7 m below, as a LiDAR of 0.4 degrees would leave them."""
    lines = []
    for angle in np.radians(np.arange(3, 20, 0.4)):
        far = 1.7 / np.tan(angle)
        turn = np.radians(np.arange(-40, 40, 0.2))
        lines.append(np.stack([far * np.cos(turn), far * np.sin(turn), np.full(len(turn), -1.7)], axis=1))
    return np.concatenate(lines).astype(np.float32)


def test_slope_keeps_the_road_that_the_papers_rule_loses() -> None:
    points = road()
    shares = {}
    for rule in RULES:
        seen = sight(points, CAMERA, VisibilityOptions(rule=rule), grid(SIZE, segments=100))
        shares[rule] = seen.visible.sum() / seen.inside.sum()
    assert shares["slope"] == shares["none"] == 1
    assert shares["paper"] < 0.6


def test_the_papers_rule_is_equations_9_and_10() -> None:
    rng = np.random.default_rng(0)
    pixel = np.stack([rng.uniform(0, 200, 3000), rng.uniform(0, 100, 3000)], axis=1).astype(np.float32)
    depth = rng.uniform(2, 6, 3000).astype(np.float32)
    segments = rng.integers(0, 37, (100, 200)).astype(np.int32)
    own = segments[pixel[:, 1].astype(int), pixel[:, 0].astype(int)]
    least = np.array([depth[own == k].min() if (own == k).any() else np.inf for k in range(37)])
    near, limit = depths_of(pixel, depth, SIZE, VisibilityOptions(rule="paper", threshold=0.7), segments)
    np.testing.assert_array_equal(near, least[own].astype(np.float32))
    np.testing.assert_array_equal(limit, near + np.float32(0.7))


def test_the_papers_threshold_is_strict() -> None:
    points = np.array([[2.0, 0, 0], [2.5, 0.001, 0]], np.float32)
    options = VisibilityOptions(rule="paper", threshold=0.5)
    whole = np.zeros(SIZE[::-1], np.int32)
    assert sight(points, CAMERA, options, whole).visible.tolist() == [True, False]
    assert sight(points, CAMERA, replace(options, threshold=0.501), whole).visible.all()


@pytest.mark.parametrize("radius", [0, 1, 2.5, 4])
def test_the_z_buffer_holds_the_least_depth_within_its_radius(radius: float) -> None:
    rng = np.random.default_rng(1)
    pixel = np.stack([rng.uniform(0, 200, 900), rng.uniform(0, 100, 900)], axis=1).astype(np.float32)
    depth = rng.uniform(2, 60, 900).astype(np.float32)
    near, _ = depths_of(pixel, depth, SIZE, VisibilityOptions(rule="zbuffer", radius=radius))
    cells = np.floor(pixel)
    apart = ((cells[:, None] - cells[None]) ** 2).sum(axis=2) <= radius**2
    np.testing.assert_array_equal(near, np.where(apart, depth[None], np.inf).min(axis=1))


def test_both_sides_are_looked_for_by_brute_force() -> None:
    rng = np.random.default_rng(2)
    pixel = np.stack([rng.uniform(0, 200, 800), rng.uniform(0, 100, 800)], axis=1).astype(np.float32)
    depth = rng.uniform(2, 60, 800).astype(np.float32)
    across, along = 3.0, 9.0
    options = VisibilityOptions(across=across, along=along)
    near, _ = depths_of(pixel, depth, SIZE, options)
    du, dv = (pixel[None, :, k] - pixel[:, None, k] for k in (0, 1))

    def least(mask: np.ndarray) -> np.ndarray:
        return np.minimum(np.where(mask, depth[None], np.inf).min(axis=1), depth)

    column = (np.abs(du) <= across) & (np.abs(dv) <= along)
    row = (np.abs(du) <= 2.6 * across) & (np.abs(dv) <= along / 3)
    upright = np.maximum(least(column & (dv <= 0)), least(column & (dv >= 0)))
    level = np.maximum(least(row & (du <= 0)), least(row & (du >= 0)))
    np.testing.assert_array_equal(near, np.minimum(upright, level))


def test_the_window_follows_the_spacing_of_the_points() -> None:
    u, v = np.meshgrid(np.arange(2, 198, 3.0), np.arange(2, 98, 8.0))
    pixel = np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float32)
    assert window(pixel, SIZE, VisibilityOptions()) == pytest.approx((2.7, 12.8))
    assert window(pixel, SIZE, VisibilityOptions(across=1.5)) == pytest.approx((1.5, 12.8))
    assert window(pixel[:1], SIZE, VisibilityOptions()) == pytest.approx((1.98, 8.0))


@pytest.mark.parametrize("rule", RULES)
def test_points_that_are_none_are_in_no_picture(rule: str) -> None:
    points = np.array([[np.nan, 0, 0], [np.inf, 0, 0], [-5, 0, 0], [0, 0, 0], [3e38, 0, 0]], np.float32)
    seen = sight(points, CAMERA, VisibilityOptions(rule=rule), grid(SIZE, segments=9))
    assert not seen.inside[:4].any()
    empty = sight(points[:0], CAMERA, VisibilityOptions(rule=rule), grid(SIZE, segments=9))
    assert empty.visible.shape == (0,)


@pytest.mark.parametrize("way", WAYS)
def test_superpixels_cover_the_picture(way: str) -> None:
    image = np.zeros((60, 90, 3), np.uint8)
    image[:, 45:] = 200
    found = superpixels(image, way=way, segments=24)
    assert found.shape == (60, 90)
    assert found.dtype == np.int32
    assert sorted(np.unique(found)) == list(range(found.max() + 1))
    if way != "felzenszwalb":
        assert 12 <= found.max() + 1 <= 40


def test_pictures_of_one_pixel_and_strange_wishes() -> None:
    assert grid((1, 1), segments=700).tolist() == [[0]]
    with pytest.raises(UsageError, match="1 superpixel or more; 0 were"):
        grid((4, 4), segments=0)
    with pytest.raises(UsageError, match="no superpixels of the kind 'watershed'"):
        superpixels(np.zeros((4, 4, 3), np.uint8), way="watershed")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rule": "guess"}, "no visibility rule 'guess'; there are: slope"),
        ({"radius": -1}, "'radius' of a visibility rule must be 0 or more"),
        ({"threshold": float("nan")}, "'threshold' of a visibility rule"),
        ({"segments": 0}, "'segments' of a visibility rule must be 1"),
        ({"superpixels": "none"}, "no superpixels 'none'"),
    ],
)
def test_options_that_make_no_sense(wrong: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check(VisibilityOptions(**wrong))


def test_the_papers_rule_asks_for_superpixels() -> None:
    with pytest.raises(UsageError, match="needs the superpixels"):
        sight(np.array([[5.0, 0, 0]], np.float32), CAMERA, VisibilityOptions(rule="paper"))


def test_every_rule_and_kind_is_described_differently() -> None:
    assert len({describe(VisibilityOptions(rule=rule)) for rule in RULES}) == len(RULES)
    assert len(set(KINDS)) == 4


def test_scores() -> None:
    truth = np.array([0, 1, 1, 1, 1, 2, 2, 2])
    visible = np.array([False, True, True, True, False, True, False, False])
    found = score(visible, truth)
    assert found == VisibilityScore(3, 1, 2, 1)
    assert (found.precision, found.recall, found.f1) == (0.75, 0.75, 0.75)
    assert found.removed == pytest.approx(2 / 3)
    assert found.hidden_precision == pytest.approx(2 / 3)
    assert found.hidden_f1 == pytest.approx(2 / 3)
    assert found + found == VisibilityScore(6, 2, 4, 2)
    assert np.isnan(score(visible[:0], truth[:0]).precision)


@pytest.mark.realdata
def test_on_the_real_scan_the_default_keeps_the_road_and_the_papers_rule_does_not(realdata: Path) -> None:
    frame = open_dataset(realdata / "semantickitti").sequences[0].read(0)
    camera = frame.cameras[0]
    segments = superpixels(camera.load_image())
    road = frame.labels == 40
    shares = {}
    for rule in ("slope", "paper"):
        seen = sight(frame.points, camera, VisibilityOptions(rule=rule), segments)
        assert seen.inside.sum() == 19369
        shares[rule] = seen.visible[road].sum() / seen.inside[road].sum()
    assert shares["slope"] > 0.99
    assert shares["paper"] < 0.4
