"""The classes of a network and those of a data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.core.label_sets import NUSCENES_LIDARSEG, SEMANTIC_KITTI, numbered
from app.core.model_card import ModelCard, classes_of
from app.core.prediction.classes import label_set_of, same_classes, why_other
from app.core.prediction.scores import ScoreBook

CARD = ModelCard("minkunet", {}, classes=classes_of(SEMANTIC_KITTI))


def test_known_label_sets_keep_their_colours() -> None:
    assert label_set_of(CARD) is SEMANTIC_KITTI
    nuscenes = replace(CARD, label_set="nuscenes", classes=classes_of(NUSCENES_LIDARSEG))
    assert label_set_of(nuscenes) is NUSCENES_LIDARSEG


def test_other_classes_get_a_set_of_their_own() -> None:
    own = label_set_of(replace(CARD, label_set="mine", classes=("tree", "stone")))
    assert [own.class_name(i) for i in range(3)] == ["no class", "tree", "stone"]
    assert own.name == "mine"
    assert len({entry.color for entry in own.classes}) == 3
    assert label_set_of(replace(CARD, classes=CARD.classes[::-1])) is not SEMANTIC_KITTI


def test_classes_are_the_same_by_name_and_number() -> None:
    assert same_classes(CARD, SEMANTIC_KITTI)
    assert same_classes(CARD, replace(SEMANTIC_KITTI, name="mine, with the same classes"))
    for other in (NUSCENES_LIDARSEG, numbered(), None):
        assert not same_classes(CARD, other)
        assert why_other(CARD, other).endswith(".")
    assert "nuScenes" in why_other(CARD, NUSCENES_LIDARSEG)
    assert "SemanticKITTI" in why_other(CARD, NUSCENES_LIDARSEG)


def test_a_score_book_counts_every_frame_once() -> None:
    from pathlib import Path

    from app.core.prediction.result import PredictionReport

    def report(hits: int, identity: str = "a") -> PredictionReport:
        matrix = np.diag([0, hits, 1])
        return PredictionReport(matrix, "", ("none", "x", "y"), CARD, Path("f"), identity, 1, 0.1, "fp32", "cpu")

    book = ScoreBook()
    first = report(5)
    assert book.take("frame 0", first)
    assert not book.take("frame 0", first), "the same report is no news"
    assert book.take("frame 1", report(2))
    assert book.take("frame 0", report(5))
    assert (book.scores.frames, book.scores.total.points) == (2, 6 + 3)
    assert book.scores.frame.points == 6
    assert book.take("frame 2", replace(report(1), confusion=None, why="no labels"))
    assert (book.scores.frames, book.scores.frame) == (2, None)
    assert book.leave()
    assert not book.leave()
    assert book.scores.total.points == 9
    assert book.take("frame 0", report(4, "another file"))
    assert (book.scores.frames, book.scores.total.points) == (1, 5)
