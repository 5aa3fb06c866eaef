"""Scores of rows: cosines, rivals, relevancy, winners, histograms, ensemble, denoising."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.errors import UsageError
from app.core.language import scoring
from app.core.language.asking import Asked
from app.core.language.comparing import check_same_clip, compared, denoised, joined
from app.core.language.features import PointFeatures


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def features(table: np.ndarray, row: list[int] | np.ndarray, clip: str = "abc") -> PointFeatures:
    count = len(table)
    return PointFeatures(
        table.astype(np.float16), np.asarray(row, np.int32), np.ones(count, np.float32), "pixels", clip, "a fake"
    )


def asked(
    vectors: np.ndarray, negatives: np.ndarray, *, example: list[bool] | None = None, scale: float = 10
) -> Asked:
    marks = np.array(example or [False] * len(vectors))
    allowed = np.repeat(~marks[:, None], len(negatives), axis=1)
    names = tuple(f"n{i}" for i in range(len(negatives)))
    return Asked(unit(vectors), unit(negatives), names, allowed, marks, scale, (), 0.0)


@pytest.mark.parametrize("rows", [0, 1, 5, scoring.CHUNK + 1, 2 * scoring.CHUNK + 7])
def test_cosines_are_products_whatever_the_number_of_rows(rows: int) -> None:
    rng = np.random.default_rng(rows)
    table = unit(rng.normal(size=(rows, 16))) if rows else np.zeros((0, 16))
    words = unit(rng.normal(size=(3, 16)))
    found = scoring.cosines(table.astype(np.float16), words)
    assert found.dtype == np.float32
    assert found.shape == (rows, 3)
    np.testing.assert_allclose(found, table.astype(np.float16).astype(np.float64) @ words.T, atol=1e-5)


def test_relevancy_is_the_least_softmax_against_single_negatives() -> None:
    rng = np.random.default_rng(0)
    query, negatives = rng.uniform(-1, 1, 50).astype(np.float32), rng.uniform(-1, 1, (50, 4)).astype(np.float32)
    pairs = np.exp(10 * query)[:, None] / (np.exp(10 * query)[:, None] + np.exp(10 * negatives))
    rival = scoring.rivals(negatives, np.ones((1, 4), bool))
    found = scoring.relevancy(query[:, None], rival, 10)[:, 0]
    np.testing.assert_allclose(found, pairs.min(axis=1), rtol=1e-4)


def test_rivals_are_those_that_count_for_each_prompt() -> None:
    negatives = np.array([[0.1, 0.9, 0.5]], np.float32)
    allowed = np.array([[True, False, True], [True, True, True], [False] * 3, [True, False, True]])
    np.testing.assert_allclose(scoring.rivals(negatives, allowed), [[0.5, 0.9, -np.inf, 0.5]])


def test_without_a_negative_everything_is_relevant() -> None:
    cosine = np.array([[-1.0], [1.0]], np.float32)
    assert (scoring.relevancy(cosine, np.full((2, 1), -np.inf, np.float32), 100) == 1).all()


def test_winners_are_the_best_of_those_that_match() -> None:
    relevant = np.array([[0.9, 0.8], [0.2, 0.8], [0.4, 0.1]], np.float32)
    order = np.array([[0.1, 0.3], [0.9, 0.3], [0.5, 0.5]], np.float32)
    assert scoring.winners(relevant, order, 0.5).tolist() == [2, 2, 3]
    assert scoring.winners(relevant, order, 0.0).tolist() == [2, 1, 1]


def test_histograms_count_points_not_rows() -> None:
    counts = scoring.histogram(np.array([0.05, 0.95, np.nan, 2.0]), np.array([10, 3, 5, 1]), 0, 1, bins=10)
    assert counts[0] == 10
    assert counts[9] == 4
    assert counts.sum() == 14


def test_points_take_their_row_and_unknown_ones_none() -> None:
    found = scoring.spread(np.array([1, -1, 0]), np.array([5.0, 7.0], np.float32))
    np.testing.assert_array_equal(found, [7, np.nan, 5])
    assert np.isnan(scoring.spread(np.array([-1, -1]), np.zeros(0, np.float32))).all()


def test_what_a_frame_shows_on_average_counts_each_point() -> None:
    one = features(np.eye(2, 4), [0, 0, 0, 1, -1])
    np.testing.assert_allclose(scoring.mean_direction(one), np.array([3, 1, 0, 0]) / np.sqrt(10), atol=1e-6)
    nothing = features(np.zeros((0, 4)), [-1, -1])
    assert not scoring.mean_direction(nothing).any()


def test_examples_are_measured_against_the_frame_itself() -> None:
    table = unit(np.array([[1, 0, 0.1], [0.9, 0.1, 0.1], [0, 1, 0], [0, 1, 0.1]]))
    found = compared(features(table, [0, 1, 2, 3]), asked(table[:1], np.eye(3)[2:], example=[True], scale=20))
    assert (found.relevancy[:2] > 0.5).all()
    assert (found.relevancy[2:] < 0.5).all()


def test_the_ensemble_takes_the_surer_part_of_each_point() -> None:
    question = asked(np.eye(4)[:2], np.eye(4)[3:])
    first = compared(features(unit(np.array([[1, 0, 0, 0], [0.2, 0, 1, 0]])), [0, 1, -1, -1]), question)
    second = compared(features(unit(np.array([[0, 0.5, 1, 0], [0, 1, 0, 0]])), [0, 1, 1, -1]), question)
    both = joined([first, second])
    assert both.row.tolist() == [0, 3, 3, -1]
    assert both.starts == (0, 2)
    assert both.weight.tolist() == [1, 0, 0, 2]
    best = scoring.spread(both.row, both.cosine.max(axis=1))
    np.testing.assert_allclose(best[:3], [1, 1, 1], atol=1e-3)


def test_denoising_drops_prompts_nobody_is_sure_of_and_keeps_the_surest() -> None:
    table = unit(np.array([[1, 0.0, 0.1, 0], [0.8, 0.2, 0, 0]]))
    question = asked(np.eye(4)[:2], np.eye(4)[2:], scale=10)
    found = compared(features(table, [0, 1]), question)
    assert not denoised(found, question, 0.0).dropped.any()
    after = denoised(found, question, 0.9)
    assert after.dropped.tolist() == [False, True]
    assert (after.relevancy[:, 1] == 0).all()
    assert not found.dropped.any(), "what was compared before stays as it was"
    assert not denoised(found, question, 1.0).dropped.all()


def test_features_of_another_clip_are_refused() -> None:
    class Info:
        identity, title = "xyz", "Mine"

    with pytest.raises(UsageError, match="another CLIP than Mine"):
        check_same_clip(features(np.eye(2, 4), [0]), Info())  # type: ignore[arg-type]
