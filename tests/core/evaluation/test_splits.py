"""Seen and unseen classes: the harmonic mean, held against the figures that Affinity3D prints."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.errors import UsageError
from app.core.evaluation.confusion import Confusion
from app.core.evaluation.splits import UNSEEN, harmonic, split_scores, unseen_of
from app.core.label_sets import SEMANTIC_KITTI

# Tables 1 and 3 of the paper, in per cent: seen, unseen, hIoU
PRINTED = [(66.97, 60.35, 63.49), (61.41, 66.06, 63.65), (58.73, 62.83, 60.71), (62.31, 0, 0)]


@pytest.mark.parametrize(("seen", "unseen", "hiou"), PRINTED)
def test_the_paper(seen: float, unseen: float, hiou: float) -> None:
    assert harmonic(seen, unseen) == pytest.approx(hiou, abs=0.02)


def test_the_papers_split_is_fifteen_and_four_classes() -> None:
    """Its mIoU of all classes follows from those of the sides in table 1 (in table 3 it does not)."""
    unseen = UNSEEN["affinity3d"]
    seen = [entry.name for entry in SEMANTIC_KITTI.classes[1:] if entry.name not in unseen]
    assert (len(seen) * 66.97 + len(unseen) * 60.35) / 19 == pytest.approx(65.58, abs=0.01)


def test_two_zeros_are_no_division() -> None:
    assert harmonic(0.0, 0.0) == 0


def table() -> Confusion:
    """Cars right; of four trucks one right, one called car, two called nothing."""
    counts = Confusion.of(SEMANTIC_KITTI)
    counts.add(np.array([1, 1, 4, 1, 0, 0]), np.array([1, 1, 4, 4, 4, 4]))
    return counts


def test_scores_of_a_split() -> None:
    scores = split_scores(table(), UNSEEN["affinity3d"])
    assert scores.seen == pytest.approx(2 / 3 / 15)
    assert scores.unseen == pytest.approx(1 / 4 / 4)
    assert scores.hiou == pytest.approx(harmonic(scores.seen, scores.unseen))
    present = split_scores(table(), ("truck", "bicyclist"), "present")
    assert (present.seen, present.unseen) == (pytest.approx(2 / 3), pytest.approx(1 / 4))


def test_a_split_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no class 'tram'"):
        split_scores(table(), ("tram",))
    for unseen in ((), tuple(entry.name for entry in SEMANTIC_KITTI.classes[1:])):
        with pytest.raises(UsageError, match="seen and unseen"):
            split_scores(table(), unseen)


def test_a_split_is_named_or_listed() -> None:
    assert unseen_of("affinity3d") == ("motorcycle", "truck", "bicyclist", "traffic-sign")
    assert unseen_of("car, truck") == ("car", "truck")
