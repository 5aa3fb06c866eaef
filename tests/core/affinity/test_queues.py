"""Queues of adjacent frames."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.affinity.queues import queues


def test_a_queue_is_emptied_once_it_is_full() -> None:
    assert queues([3, 3, 4, 9, 1, 0, 2], 6) == [range(2), range(2, 4), range(4, 7)]
    assert queues([10, 10], 10) == [range(1), range(1, 2)]


def test_a_queue_larger_than_the_sequence_holds_all() -> None:
    assert queues([3, 0, 4], 1000) == [range(3)]
    assert queues([], 5) == []


@pytest.mark.parametrize("size", [1, 7, 40, 10_000])
def test_every_frame_is_in_exactly_one(size: int) -> None:
    counts = np.random.default_rng(size).integers(0, 20, 50).tolist()
    found = queues(counts, size)
    assert [place for queue in found for place in queue] == list(range(50))
    for queue in found[:-1]:
        assert sum(counts[place] for place in queue) >= size
        assert sum(counts[place] for place in queue[:-1]) < size
