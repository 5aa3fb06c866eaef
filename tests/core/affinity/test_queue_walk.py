"""The walk of the inspector beside the one that labels are written by, whatever is kept between two looks."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.affinity import queue_walk
from app.core.affinity.affinity import AffinityOptions, propagate
from app.core.affinity.queue_walk import KEPT, blocks, walk
from app.core.tasks.context import ByteCache

CLASSES = 5


def frames(*counts: int, size: int = 16, seed: int = 0) -> list[np.ndarray]:
    """Unit features of frames, float16 as they are stored."""
    rng = np.random.default_rng(seed)
    made = [rng.normal(size=(count, size)) + 1 for count in counts]
    return [(rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16) for rows in made]


def shares(count: int) -> np.ndarray:
    return np.random.default_rng(1).dirichlet(np.ones(CLASSES), count).astype(np.float32)


def parts_of(features: list[np.ndarray]) -> list[queue_walk.Block]:
    return blocks(features, [str(place) for place in range(len(features))])


@pytest.mark.parametrize("counts", [(3, 0, 5), (700, 20, 600), (1,)])
@pytest.mark.parametrize("options", [AffinityOptions(8.0), AffinityOptions(30.0, 3.0, 2), AffinityOptions(0.0)])
def test_same_as_the_walk_of_written_labels(counts: tuple[int, ...], options: AffinityOptions) -> None:
    features, predictions = frames(*counts), shares(sum(counts))
    found = walk(parts_of(features), predictions, options, ByteCache(KEPT))
    assert np.abs(found - propagate(np.concatenate(features), predictions, options)).max() < 1e-5


def test_very_sharp_walks_lose_no_digits() -> None:
    features, predictions = frames(40), shares(40)
    options = AffinityOptions(1000.0, 100.0)
    found = walk(parts_of(features), predictions, options, ByteCache(KEPT))
    assert np.isfinite(found).all()
    assert np.abs(found - propagate(features[0], predictions, options)).max() < 1e-5


def test_identical_features_share_alike() -> None:
    features = [np.repeat(frames(1)[0], 7, axis=0)]
    predictions = shares(7)
    found = walk(parts_of(features), predictions, AffinityOptions(8.0), ByteCache(KEPT))
    assert np.allclose(found, predictions.mean(axis=0), atol=1e-5)


def test_no_instances_at_all() -> None:
    found = walk(parts_of(frames(0)), shares(0), AffinityOptions(8.0), ByteCache(KEPT))
    assert found.shape == (0, CLASSES)


def test_cosines_are_made_once_for_all_scales() -> None:
    features, cache = frames(600, 600), ByteCache(KEPT)
    walk(parts_of(features), shares(1200), AffinityOptions(8.0), cache)
    held = {key: cache.get(key) for key in list(cache._held)}
    walk(parts_of(features), shares(1200), AffinityOptions(9.0, 1.5), cache)
    assert len(held) == 3
    assert all(cache.get(key) is value for key, value in held.items())


def test_what_does_not_fit_is_made_again() -> None:
    features, predictions = frames(600, 600), shares(1200)
    cache = ByteCache(1000)
    found = walk(parts_of(features), predictions, AffinityOptions(8.0), cache)
    assert len(cache) == 0
    assert np.abs(found - propagate(np.concatenate(features), predictions, AffinityOptions(8.0))).max() < 1e-5
