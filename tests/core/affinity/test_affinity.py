"""The random walk against the paper's formulas, written out densely in float64."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from app.core.affinity import affinity
from app.core.affinity.affinity import AffinityOptions, check, neighbours, propagate, propagating, weights_of
from app.core.errors import UsageError


def unit(count: int, size: int, seed: int = 0, spread: float = 1.0) -> np.ndarray:
    """Unit rows about a few directions, as CLIP's are."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(6, size))
    rows = centers[rng.integers(6, size=count)] + spread * rng.normal(size=(count, size))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def shares(count: int, classes: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), count).astype(np.float32)


def dense(features: np.ndarray, options: AffinityOptions) -> np.ndarray:
    """T by equations 6 and 7, letter by letter."""
    rows = features.astype(np.float64)
    product = options.scale * rows @ rows.T
    raised = np.exp(product - product.max(axis=1, keepdims=True))
    softmax = raised / raised.sum(axis=1, keepdims=True)
    power = softmax**options.beta
    return np.asarray(power / power.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("scale", [0.0, 5.0, 20.0, 100.0])
@pytest.mark.parametrize("beta", [1.0, 2.0, 3.5])
def test_equal_to_the_dense_formula(scale: float, beta: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affinity, "ROWS", 64)
    monkeypatch.setattr(affinity, "COLUMNS", 100)  # 333 is a multiple of neither
    features, labels = unit(333, 48), shares(333, 7)
    options = AffinityOptions(scale, beta)
    wanted = dense(features, options) @ labels.astype(np.float64)
    found = propagate(features, labels, options)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_rows_of_clip_as_they_are_stored() -> None:
    """float16 rows are only nearly of unit length; the formula takes them as they are."""
    features, labels = unit(700, 128, spread=0.3).astype(np.float16), shares(700, 19)
    options = AffinityOptions(50.0, 2.0)
    wanted = dense(features, options) @ labels.astype(np.float64)
    np.testing.assert_allclose(propagate(features, labels, options), wanted, atol=1e-5)


def test_walks_are_repeated() -> None:
    features, labels = unit(150, 16), shares(150, 4)
    once = dense(features, AffinityOptions(8.0, 2.0))
    wanted = once @ once @ once @ labels.astype(np.float64)
    np.testing.assert_allclose(propagate(features, labels, AffinityOptions(8.0, 2.0, walks=3)), wanted, atol=1e-5)


def test_a_wrong_one_among_its_like_is_corrected() -> None:
    rng = np.random.default_rng(3)
    sign = rng.normal(size=32)
    rows = sign + 0.1 * rng.normal(size=(20, 32))
    features = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    labels = np.tile(np.float32([0.9, 0.1]), (20, 1))
    labels[7] = 0.1, 0.9
    assert (propagate(features, labels, AffinityOptions(10.0)).argmax(axis=1) == 0).all()
    kept = propagate(features, labels, AffinityOptions(1000.0)).argmax(axis=1)
    assert kept[7] == 1  # so sharp that an instance hears itself alone


def test_identical_features_share_one_answer_and_one_instance_keeps_its_own() -> None:
    same = np.repeat(unit(1, 8), 5, axis=0)
    labels = shares(5, 3)
    np.testing.assert_allclose(
        propagate(same, labels, AffinityOptions(100.0)), np.tile(labels.mean(axis=0), (5, 1)), atol=1e-5
    )
    np.testing.assert_allclose(propagate(same[:1], labels[:1], AffinityOptions(20.0)), labels[:1], atol=1e-6)
    assert propagate(same[:0], labels[:0], AffinityOptions(20.0)).shape == (0, 3)


def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = unit(6000, 16), shares(6000, 5)
    tracemalloc.start()
    propagate(features, labels, AffinityOptions(20.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20  # T alone would be 144 MB


def test_it_can_be_given_up_between_two_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affinity, "ROWS", 10)
    work = propagating(unit(100, 8), shares(100, 3), AffinityOptions(20.0))
    assert next(work) == (1, 10)
    assert next(work) == (2, 10)
    work.close()


def test_neighbours_are_the_greatest_of_their_row() -> None:
    features, options = unit(90, 16), AffinityOptions(12.0, 2.0)
    row = dense(features, options)[17]
    np.testing.assert_allclose(weights_of(features, 17, options), row, atol=1e-6)
    found = neighbours(features, 17, options, most=5)
    assert found.rows.tolist() == np.argsort(-row, kind="stable")[:5].tolist()
    assert found.rows[0] == 17
    np.testing.assert_allclose(found.weights, row[found.rows], atol=1e-6)
    assert found.rest == pytest.approx(1 - row[found.rows].sum(), abs=1e-5)
    assert len(neighbours(features[:3], 0, options, most=5).rows) == 3


def test_bad_numbers() -> None:
    check(AffinityOptions(20.0))
    for options in (
        AffinityOptions(scale=-1),
        AffinityOptions(20.0, beta=float("nan")),
        AffinityOptions(20.0, walks=0),
    ):
        with pytest.raises(UsageError):
            check(options)
    with pytest.raises(ValueError, match="predictions"):
        propagate(unit(3, 4), shares(2, 2), AffinityOptions(20.0))
