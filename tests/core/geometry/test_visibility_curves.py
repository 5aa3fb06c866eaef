"""Rules against their thresholds, and what superpixels look like: borders, outlines, depths."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.geometry.superpixels import borders, depths, grid, outline
from app.core.geometry.visibility import THRESHOLD, VisibilityOptions, depths_of, passes
from app.core.geometry.visibility_curves import curve, ladder, threshold_of, unit_of, with_threshold
from app.core.geometry.visibility_measures import KEPT, LOST, REMOVED, RIGHT, matches, score

SIZE = (120, 60)
RULES = pytest.mark.parametrize("rule", ["slope", "paper", "zbuffer", "depth_ratio"])


def picture(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, depths and a truth of points in a picture."""
    rng = np.random.default_rng(seed)
    pixel = rng.uniform(0, 1, (800, 2)).astype(np.float32) * np.float32(SIZE)
    return pixel, rng.uniform(3, 40, 800).astype(np.float32), rng.integers(1, 3, 800).astype(np.uint8)


@RULES
def test_a_curve_is_the_test_itself_at_every_threshold(rule: str) -> None:
    pixel, depth, truth = picture()
    options = VisibilityOptions(rule=rule)
    segments = grid(SIZE, segments=40)
    found = curve(pixel, depth, SIZE, truth, options, segments)
    assert found.thresholds == ladder(rule) and len(found.scores) == len(found.thresholds)
    assert found.present == threshold_of(options) and found.present in found.thresholds, "the usual one is on offer"
    for place in (0, 7, len(found.thresholds) - 1):
        at = with_threshold(options, found.thresholds[place])
        near, limit = depths_of(pixel, depth, SIZE, at, segments)
        assert found.scores[place] == score(passes(depth, limit, at), truth)
        assert (near <= depth).all()
    recalls = [one.recall for one in found.scores]
    assert recalls == sorted(recalls) and recalls[-1] > recalls[0], "the wider the threshold, the more is kept"


def test_thresholds_have_their_units_and_one_rule_has_none() -> None:
    assert {rule: unit_of(rule) for rule in THRESHOLD} == {
        "slope": "m", "zbuffer": "m", "paper": "m", "depth_ratio": "share",
    }  # fmt: skip
    none = VisibilityOptions(rule="none")
    assert threshold_of(none) == 0 and with_threshold(none, 3.0) == none
    assert with_threshold(VisibilityOptions(rule="paper"), 2.0).threshold == 2.0


def test_matches_are_what_is_counted() -> None:
    _pixel, depth, truth = picture()
    truth[:50] = 0
    visible = depth < 20
    counted = score(visible, truth)
    found = np.bincount(matches(visible, truth), minlength=5)
    assert found.tolist() == [
        50, counted.kept_right, counted.removed_wrong, counted.removed_right, counted.kept_wrong,
    ]  # fmt: skip
    assert (RIGHT, LOST, REMOVED, KEPT) == (1, 2, 3, 4)


def test_borders_are_where_neighbours_differ() -> None:
    segments = np.array([[0, 0, 1], [0, 0, 1], [2, 2, 2]], np.int32)
    assert borders(segments).tolist() == [1, 3, 4, 5]
    assert not len(borders(np.zeros((4, 5), np.int32)))


def test_an_outline_goes_round_one_superpixel() -> None:
    segments = np.array([[0, 0, 1], [0, 0, 1], [2, 2, 2]], np.int32)
    edges = outline(segments, 1)
    wanted = {(2, 0, 2, 1), (2, 1, 2, 2), (3, 0, 3, 1), (3, 1, 3, 2), (2, 0, 3, 0), (2, 2, 3, 2)}
    assert {tuple(edge) for edge in edges.astype(int).tolist()} == wanted
    assert outline(segments, 7).shape == (0, 4)


def test_the_depth_of_a_superpixel_is_that_of_its_nearest_point() -> None:
    pixel, depth, _truth = picture()
    segments = grid(SIZE, segments=60)
    segments[:10] = segments.max() + 1  # one that no point falls into
    pixel[:, 1] = np.maximum(pixel[:, 1], 10)
    found = depths(segments, pixel, depth)
    own = segments[pixel[:, 1].astype(int), pixel[:, 0].astype(int)]
    for number in range(segments.max() + 1):
        members = depth[own == number]
        assert found.points[number] == len(members)
        assert found.depth[number] == members.min() if len(members) else np.isnan(found.depth[number])
    assert np.isnan(found.depth[-1])
