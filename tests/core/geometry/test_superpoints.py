"""Superpoints of scenes whose pieces are known, beside the libraries that do the same, and their measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, HDBSCAN

from app.core.datasets import open_dataset
from app.core.errors import UsageError
from app.core.geometry.ground import GroundOptions, ground, height_above_ground
from app.core.geometry.superpoints import KINDS, SuperpointOptions, superpoints
from app.core.geometry.superpoints_dbscan import dbscan
from app.core.geometry.superpoints_hdbscan import hdbscan
from app.core.geometry.superpoints_measures import boundary_recall, purity, score, undersegmentation
from app.core.geometry.supervoxels import supervoxels
from app.core.label_sets import SEMANTIC_KITTI

EACH = pytest.mark.parametrize("kind", KINDS)


def street(seed: int = 0, slope: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) float32 points and (N,) things: 1 ground, 2 a wall, 3 to 6 boxes that stand on it."""
    rng = np.random.default_rng(seed)
    flat = np.c_[rng.uniform(-20, 20, (6000, 2)), np.zeros(6000)]
    wall = np.c_[rng.uniform(-20, 20, 3000), np.full(3000, 21.0), rng.uniform(0.3, 5, 3000)]
    boxes = [
        rng.uniform(-1, 1, (400, 3)) * [2, 0.9, 0.5] + place
        for place in ([8, 4, 1], [-8, 4, 1], [8, -6, 1], [-6, -8, 1])
    ]
    points = np.concatenate([flat, wall, *boxes])
    points[:, 2] += slope * points[:, 0] + rng.normal(0, 0.01, len(points)) - 1.7
    things = np.repeat([1, 2, 3, 4, 5, 6], [6000, 3000, 400, 400, 400, 400])
    return points.astype(np.float32), things


@EACH
def test_every_kind_keeps_things_apart(kind: str) -> None:
    points, things = street()
    found = superpoints(points, SuperpointOptions(kind=kind))
    assert found.segment.dtype == np.int32
    assert found.sizes.sum() == (found.segment >= 0).sum()
    assert (found.sizes > 0).all()
    standing = (things > 2) & (found.segment >= 0)
    assert purity(found.segment[standing], things[standing]) > 0.99
    assert found.kind == kind


@EACH
def test_the_same_points_give_the_same_superpoints(kind: str) -> None:
    points, _ = street(1)
    options = SuperpointOptions(kind=kind)
    np.testing.assert_array_equal(superpoints(points, options).segment, superpoints(points, options).segment)


@EACH
@pytest.mark.parametrize("count", [0, 1, 2, 3, 30])
def test_small_and_bad_clouds(kind: str, count: int) -> None:
    rng = np.random.default_rng(count)
    points = rng.uniform(-1, 1, (count, 3)).astype(np.float32)
    bad = np.array([[np.nan, 0, 0], [0, np.inf, 0], [0, 0, 3e38], [1e20, 0, 0]], np.float32)
    found = superpoints(np.concatenate([points, bad]), SuperpointOptions(kind=kind))
    assert found.segment.shape == (count + 4,)
    assert (found.segment[count:] == -1).all()
    assert found.segment.max(initial=-1) + 1 == found.count == len(found.ground)


@EACH
def test_points_of_one_spot(kind: str) -> None:
    found = superpoints(np.full((500, 3), 2.0, np.float32), SuperpointOptions(kind=kind))
    assert (found.segment >= 0).all()
    assert found.count == 1 or kind != "dbscan"  # the others go by nearest neighbours, of which all are as near


@EACH
def test_a_cloud_far_from_its_origin_and_a_point_far_from_the_cloud(kind: str) -> None:
    points, things = street(2)
    shifted = points + np.array([4e5, -3e5, 0], np.float32)
    stray = np.array([[-4e5, -3e5, 0]], np.float32)
    found = superpoints(np.concatenate([shifted, stray]), SuperpointOptions(kind=kind))
    assert found.segment[-1] == -1
    standing = (things > 2) & (found.segment[:-1] >= 0)
    assert standing.sum() > 1500
    assert purity(found.segment[:-1][standing], things[standing]) > 0.98


def test_dbscan_says_when_a_cloud_is_too_wide() -> None:
    with pytest.raises(UsageError, match=r"0\.01 m around points that span 90000 m; choose a larger radius"):
        dbscan(np.array([[0, 0, 0], [9e4, 0, 0]], np.float32), eps=0.01)


def test_ground_is_in_patches_and_things_are_whole() -> None:
    points, things = street()
    found = superpoints(points)
    assert (found.segment >= 0).mean() > 0.99
    flat = found.ground[found.segment]
    assert flat[things == 1].mean() > 0.98
    assert 150 < found.ground.sum() < 800
    for thing in (3, 4, 5, 6):
        most = np.bincount(found.segment[(things == thing) & ~flat])
        assert most.max() > 0.9 * (things == thing).sum()


@pytest.mark.parametrize("slope", [0.0, 0.08])
def test_ground_on_the_flat_and_on_a_hill(slope: float) -> None:
    points, things = street(2, slope)
    found = ground(points)
    assert found[things == 1].mean() > 0.98
    assert found[things > 1].mean() < 0.05  # the foot of the wall, beyond which there is no ground


def test_reflections_from_below_the_street_do_not_pull_the_ground_down() -> None:
    points, things = street(3)
    below = np.array([[3, 3, -6], [3.2, 3, -5.5], [-15, 2, -7]], np.float32)
    found = ground(np.concatenate([points, below]))
    assert found[: len(points)][things == 1].mean() > 0.97
    assert not found[len(points) :].any()


def test_height_above_ground_is_metres() -> None:
    points, things = street(4, 0.05)
    above = height_above_ground(points, GroundOptions())
    box = things == 3
    assert np.median(above[box]) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(("eps", "least"), [(0.3, 3), (0.5, 10), (1.0, 5), (3.0, 40)])
def test_dbscan_is_that_of_scikit_learn(eps: float, least: int) -> None:
    rng = np.random.default_rng(5)
    centres = rng.uniform(-10, 10, (12, 3))
    points = np.concatenate([rng.normal(c, 0.4, (150, 3)) for c in centres] + [rng.uniform(-12, 12, (300, 3))])
    points = points.astype(np.float32)
    theirs = DBSCAN(eps=eps, min_samples=least).fit(points.astype(np.float64))
    ours = dbscan(points, eps=eps, least=least)
    np.testing.assert_array_equal(ours < 0, theirs.labels_ < 0)
    core = theirs.core_sample_indices_
    pairs = set(zip(ours[core].tolist(), theirs.labels_[core].tolist(), strict=True))
    assert len(pairs) == theirs.labels_.max() + 1 == ours.max() + 1


def test_hdbscan_finds_clusters_of_unlike_density() -> None:
    rng = np.random.default_rng(6)
    groups = [rng.normal(c, s, (200, 3)) for c, s in (([0, 0, 0], 0.1), ([5, 0, 0], 0.5), ([0, 9, 0], 1.0))]
    points = np.concatenate(groups).astype(np.float32)
    truth = np.repeat([0, 1, 2], 200)
    ours = hdbscan(points, least=20, samples=5)
    theirs = HDBSCAN(min_cluster_size=20, min_samples=5, copy=True).fit(points).labels_
    for labels in (ours, theirs):
        inside = labels >= 0
        assert labels.max() == 2
        assert inside.mean() > 0.8
        assert purity(labels[inside], truth[inside]) == 1


def test_hdbscan_of_a_wide_row_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(7)
    points = np.concatenate(
        [rng.normal([3 * k, 0, 0], 0.2 + 0.03 * k, (60, 3)) for k in range(8)] + [rng.uniform(-5, 30, (60, 3))]
    ).astype(np.float32)
    ours = hdbscan(points, least=15, samples=5, neighbours=40)
    theirs = HDBSCAN(min_cluster_size=15, min_samples=5, copy=True).fit(points).labels_
    assert ours.max() == theirs.max() == 7
    both = (ours >= 0) & (theirs >= 0)
    assert both.sum() > 0.95 * (theirs >= 0).sum()
    assert purity(ours[both], theirs[both]) == 1


def test_parts_nearer_than_wished_are_not_cut_apart() -> None:
    rng = np.random.default_rng(8)
    points = np.concatenate([rng.normal([x, 0, 0], 0.05, (100, 3)) for x in (0, 0.5, 6)]).astype(np.float32)
    assert hdbscan(points, least=20, samples=4, neighbours=120).max() + 1 == 3
    joined = hdbscan(points, least=20, samples=4, neighbours=120, never_within=1.0)
    assert joined[:200].max() == joined[:200].min() != joined[250]


def test_supervoxels_keep_borders_and_their_number() -> None:
    rng = np.random.default_rng(9)
    flat = np.c_[rng.uniform(0, 4, (3000, 2)), np.zeros(3000)]
    upright = np.c_[rng.uniform(0, 4, 3000), np.full(3000, 4.0), rng.uniform(0, 4, 3000)]
    points = np.concatenate([flat, upright]).astype(np.float32)
    found = supervoxels(points, resolution=1.0)
    assert 28 <= found.max() + 1 <= 46
    assert purity(found, np.repeat([1, 2], 3000)) > 0.99


def test_a_patch_of_road_is_a_patch_and_not_an_arc() -> None:
    y, x = np.meshgrid(np.arange(0, 6, 0.02), np.arange(0, 6, 0.4), indexing="ij")
    road = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1).astype(np.float32)
    lines = [_lines(road, supervoxels(road, resolution=1.0, spread=spread)) for spread in (False, True)]
    assert lines[0] < 1.3
    assert lines[1] > 2


def _lines(road: np.ndarray, segment: np.ndarray) -> float:
    """Scan lines that a point's supervoxel reaches, on average."""
    lines = np.round(road[:, 0] / 0.4).astype(int)
    reach = np.array([len(np.unique(lines[segment == k])) for k in range(segment.max() + 1)])
    return float(reach[segment].mean())


def test_measures_of_known_overlaps() -> None:
    things = np.repeat([1, 2], 100)
    exact = np.repeat([0, 1, 2, 3], 50)
    points = np.c_[np.arange(200), np.zeros((200, 2))].astype(np.float32)
    good = score(points, exact, things)
    assert (good.covered, good.purity, good.recall, good.error) == (1, 1, 1, 0)
    one = score(points, np.zeros(200, np.int32), things)
    assert (one.purity, one.recall, one.error) == (0.5, 0, 1)
    half = np.repeat([0, 1, -1], [50, 100, 50])
    assert score(points, half, things).covered == 0.75
    assert purity(half[:150], things[:150]) == pytest.approx(100 / 150)
    assert undersegmentation(half[:150], things[:150]) == pytest.approx((50 + 100 + 100) / 150 - 1)
    assert np.isnan(purity(half[:0], things[:0]))
    assert boundary_recall(points, np.repeat([0, 1], [102, 98]), things) > 0.5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "slices"}, "no superpoints of the kind 'slices'; there are: ground_hdbscan"),
        ({"least": 0}, "'least' of superpoints must be 1"),
        ({"neighbours": 1}, "'neighbours' of superpoints must be 2"),
        ({"resolution": float("nan")}, "'resolution' of superpoints must be 0.01"),
        ({"eps": 0}, "'eps' of superpoints must be 0.01"),
    ],
)
def test_options_that_make_no_sense(wrong: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        superpoints(np.zeros((4, 3), np.float32), SuperpointOptions(**wrong))


@pytest.mark.realdata
def test_supervoxels_of_the_real_scan(realdata: Path) -> None:
    frame = open_dataset(realdata / "semantickitti").sequences[0].read(0)
    classes = SEMANTIC_KITTI.train_ids(frame.labels)
    for spread in (False, True):
        found = supervoxels(frame.points, spread=spread)
        assert abs(int(found.max()) + 1 - 4403) < 20
        assert purity(found, classes) >= 0.965
        assert purity(found[classes > 0], classes[classes > 0]) >= 0.965
