"""Confusions and protocols, held against a slow implementation written from the definition."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError, UsageError
from app.core.evaluation.confusion import Confusion, confusion
from app.core.evaluation.protocols import PROTOCOLS, find, spvnas_train_ids
from app.core.label_sets import ASPRS_LAS, NUSCENES_LIDARSEG, SEMANTIC_KITTI, numbered

CLASSES = 6
PAIRS = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), max_size=60)
NAMES = ["none", *"abcde"]


def slow_iou(pairs: list[tuple[int, int]], absent: float) -> list[float]:
    """IoU of classes 1 … by sets of point numbers; points whose truth is 0 do not exist."""
    exist = [(i, p, t) for i, (p, t) in enumerate(pairs) if t != 0]
    values = []
    for c in range(1, CLASSES):
        predicted = {i for i, p, _ in exist if p == c}
        there = {i for i, _, t in exist if t == c}
        values.append(len(predicted & there) / len(predicted | there) if there else absent)
    return values


def counted(pairs: list[tuple[int, int]]) -> Confusion:
    table = Confusion(NAMES)
    ids = np.array(pairs, np.uint8).reshape(-1, 2)
    table.add(ids[:, 0], ids[:, 1])
    return table


@given(PAIRS)
def test_every_protocol_equals_the_definition(pairs) -> None:
    table = counted(pairs)
    for name, absent in (("semantickitti", 0.0), ("spvnas", 1.0), ("present", math.nan)):
        expected = np.array(slow_iou(pairs, absent))
        np.testing.assert_allclose(table.iou(name)[1:], expected, rtol=0, atol=1e-12)
        assert math.isnan(table.iou(name)[0])
        there = expected[~np.isnan(expected)]
        if len(there):
            assert table.miou(name) == pytest.approx(there.mean())
        else:
            assert math.isnan(table.miou(name))


@given(PAIRS)
def test_accuracy_recall_and_precision_equal_the_definition(pairs) -> None:
    table = counted(pairs)
    exist = [(p, t) for p, t in pairs if t != 0]
    right = [p for p, t in exist if p == t]
    assert table.points == len(exist)
    if exist:
        assert table.accuracy == pytest.approx(len(right) / len(exist))
    for c in range(1, CLASSES):
        there, said = sum(t == c for _, t in exist), sum(p == c for p, _ in exist)
        for value, whole in ((table.recall[c], there), (table.precision[c], said)):
            assert math.isnan(value) if not whole else value == pytest.approx(right.count(c) / whole)


@given(PAIRS, PAIRS)
def test_merging_is_adding(first, second) -> None:
    both = counted(first)
    both.merge(counted(second))
    np.testing.assert_array_equal(both.matrix, counted(first + second).matrix)


@given(PAIRS)
def test_json_round_trip(pairs) -> None:
    table = counted(pairs)
    again = Confusion.from_json(json.loads(json.dumps(table.to_json())))
    assert (again.classes, again.ignore) == (table.classes, table.ignore)
    np.testing.assert_array_equal(again.matrix, table.matrix)


def test_rows_are_predictions() -> None:
    table = confusion(np.array([2, 2, 1]), np.array([1, 1, 2]), 3)
    assert table.dtype == np.int64
    assert table[2, 1] == 2
    assert table[1, 2] == 1


def test_a_zero_predicted_is_a_miss_and_an_unlabelled_point_is_nothing() -> None:
    table = counted([(1, 1), (0, 1), (2, 0), (1, 0)])
    assert table.iou()[1] == pytest.approx(0.5)
    assert table.accuracy == 0.5
    assert table.points == 2


def test_unknown_counts_as_no_class() -> None:
    table = confusion(np.array([255, 1], np.uint8), np.array([1, 255], np.uint8), 20)
    assert table[0, 1] == table[1, 0] == 1


@pytest.mark.parametrize(
    ("pred", "true"), [([1, 2], [1]), ([6], [1]), ([1], [6]), ([-1], [1]), ([[1]], [[1]])], ids=str
)
def test_what_cannot_be_counted_is_refused(pred, true) -> None:
    with pytest.raises(ValueError, match=r"train ids|one length"):
        confusion(np.array(pred), np.array(true), CLASSES)


def test_the_official_mean_is_over_nineteen_classes() -> None:
    table = Confusion.of(SEMANTIC_KITTI)
    assert len(table.classes) == 20
    table.add(np.full(5, 9), np.full(5, 9))
    assert table.miou() == pytest.approx(1 / 19)
    assert table.miou("present") == pytest.approx(1)
    assert table.miou("spvnas") == pytest.approx(1)
    assert table.miou(among=("road", "car")) == pytest.approx(0.5)
    assert set(table.by_class(table.iou())) == {entry.name for entry in SEMANTIC_KITTI.classes[1:]}
    assert table.by_class(table.iou("present"))["car"] is None


def test_other_label_sets() -> None:
    assert Confusion.of(NUSCENES_LIDARSEG).counted.sum() == 16
    las = Confusion.of(ASPRS_LAS)  # has no class 1: 0 and 1 are both unclassified
    assert not las.counted[[0, 1]].any()
    assert Confusion.of(numbered()).matrix.shape == (255, 255)


def test_merging_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="different classes"):
        Confusion(["none", "a"]).merge(Confusion(["none", "b"]))


@pytest.mark.parametrize(
    "content",
    [{}, {"classes": ["a"], "ignore": 0, "matrix": [[1, 2]]}, {"classes": ["a"], "ignore": 0, "matrix": [[-1]]},
     {"classes": ["a"], "ignore": 5, "matrix": [[1]]}, {"classes": ["a"], "ignore": 0, "matrix": [["x"]]}],
)  # fmt: skip
def test_no_confusion_is_one_sentence(content) -> None:
    with pytest.raises(DataError, match="no confusion matrix"):
        Confusion.from_json(content)


def test_the_label_map_of_spvnas() -> None:
    raw = np.arange(1 << 16, dtype=np.uint32)
    ours, official = spvnas_train_ids(raw), SEMANTIC_KITTI.lut
    listed = np.flatnonzero(official != 255)
    differ = listed[ours[listed] != official[listed]]
    assert differ.tolist() == [13, 16, 60, 256, 257]
    assert not ours[differ].any()
    assert (ours[[2, 12, 100, 251]] == 1).all()
    assert not ours[260:].any()
    assert ours[259] == official[259] == 5


def test_a_protocol_takes_its_own_labels() -> None:
    raw = np.array([10, 13, 60, 123, 0], np.uint16)
    assert find("semantickitti").truth(raw, SEMANTIC_KITTI).tolist() == [1, 5, 9, 0, 0]
    assert find("present").truth(raw, SEMANTIC_KITTI).tolist() == [1, 5, 9, 0, 0]
    assert find("spvnas").truth(raw, SEMANTIC_KITTI).tolist() == [1, 0, 0, 1, 0]
    with pytest.raises(UsageError, match="nuScenes"):
        find("spvnas").truth(raw, NUSCENES_LIDARSEG)


def test_an_unknown_protocol_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        find("kitti")
    assert all(protocol.name in str(caught.value) for protocol in PROTOCOLS)
