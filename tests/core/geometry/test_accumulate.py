"""The share of points that is drawn: uniform, the same every time, nested, within the budget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.geometry.accumulate import kept_rows, ranks, within_budget


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.9])
def test_the_share_is_kept_and_spread_evenly(share: float) -> None:
    rows = kept_rows(100_000, 7, share)
    assert abs(len(rows) - 100_000 * share) < 5 * np.sqrt(100_000 * share)
    tenths = np.bincount(rows // 10_000, minlength=10)
    assert (np.abs(tenths - len(rows) / 10) < 6 * np.sqrt(len(rows) / 10)).all()


def test_the_same_points_every_time_and_others_in_other_frames() -> None:
    first, again, other = (kept_rows(10_000, frame, 0.1) for frame in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    both = np.intersect1d(first, other)
    assert len(both) < 0.3 * len(first)  # 10 % would be chance


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6))
@settings(max_examples=40)
def test_a_smaller_share_is_a_subset(a: float, b: float, frame: int) -> None:
    small, large = sorted((a, b))
    assert set(kept_rows(3000, frame, small)) <= set(kept_rows(3000, frame, large))


def test_a_longer_frame_keeps_the_same_rows() -> None:
    short, long = kept_rows(5000, 2, 0.3), kept_rows(6000, 2, 0.3)
    np.testing.assert_array_equal(long[long < 5000], short)


def test_the_ends() -> None:
    np.testing.assert_array_equal(kept_rows(5, 0, 1.0), np.arange(5))
    np.testing.assert_array_equal(kept_rows(5, 0, 7.0), np.arange(5))
    assert len(kept_rows(5, 0, 0.0)) == len(kept_rows(0, 0, 0.5)) == 0


def test_ranks_are_a_permutation_of_distinct_numbers() -> None:
    assert len(np.unique(ranks(100_000, 5))) == 100_000


def test_within_budget_gives_up_the_same_points_as_a_smaller_share() -> None:
    frame_of = np.repeat(np.array([4, 5], np.int32), [600, 400])
    row_of = np.concatenate([np.arange(600), np.arange(400)]).astype(np.int32)
    keep = within_budget(frame_of, row_of, 300)
    assert keep is not None
    assert keep.sum() == 300
    for frame, count in ((4, 600), (5, 400)):
        mine = row_of[keep & (frame_of == frame)]
        order = ranks(count, frame)
        given_up = np.setdiff1d(np.arange(count), mine)
        assert order[mine].max() <= order[given_up].min()


def test_nothing_is_given_up_when_all_fit() -> None:
    rows = np.arange(10, dtype=np.int32)
    assert within_budget(np.zeros(10, np.int32), rows, 10) is None
