"""What is said by hand: kept, found again, and never mixed with another scan."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.core.affinity import corrections as store
from app.core.affinity.corrections import Correction, Corrections, applied, corrected_labels, load, save
from app.core.errors import DataError
from app.core.label_sets import SEMANTIC_KITTI

CAR, TRUCK, IGNORE = 1, 4, 0
SIZE = 20


def said(points: list[int], action: str = "relabel", name: str = "truck", frame: str = "000001") -> Correction:
    return Correction(frame, SIZE, np.array(points, np.int32), action, name, "car", store.now())


def test_labels_follow_what_was_said_last() -> None:
    labels = np.full(SIZE, CAR, np.uint8)
    entries = [said([1, 2, 3]), said([3, 4], "reject", ""), said([9], "accept", "car")]
    found, touched = applied(labels, entries, SEMANTIC_KITTI)
    assert found[[1, 2, 3, 4, 9]].tolist() == [TRUCK, TRUCK, IGNORE, IGNORE, CAR]
    assert np.flatnonzero(touched).tolist() == [1, 2, 3, 4, 9]
    assert (labels == CAR).all()


def test_a_class_that_is_not_known_changes_nothing() -> None:
    found, touched = applied(np.full(SIZE, CAR, np.uint8), [said([1], name="dragon")], SEMANTIC_KITTI)
    assert (found == CAR).all()
    assert not touched.any()


def test_they_survive_a_restart(tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    book = Corrections((said([0, 7, 19]), said([5], "reject", "")))
    save(drive, "00", book, tmp_path)
    found, problem = load(drive, "00", tmp_path)
    assert not problem
    assert [(one.action, one.name, one.points.tolist()) for one in found.entries] == [
        ("relabel", "truck", [0, 7, 19]),
        ("reject", "", [5]),
    ]
    assert load(drive, "01", tmp_path)[0].entries == ()
    assert found.counts.relabelled == 1
    assert found.counts.total == 2


def test_what_is_said_again_takes_the_place_of_what_was_said() -> None:
    book = Corrections((said([1, 2]), said([7], frame="000002")))
    now = book.with_one(said([1, 2, 3], "reject", ""))
    assert [(one.frame, one.action) for one in now.entries] == [("000002", "relabel"), ("000001", "reject")]
    assert len(now.without("000001", np.array([3])).entries) == 1


def test_a_mark_is_found_under_other_superpoints() -> None:
    book = Corrections((said([1, 2, 3, 4]),))
    mark = book.mark("000001", SIZE, np.array([2, 3, 4, 5], np.int32), SEMANTIC_KITTI)
    assert mark is not None
    assert (mark.action, mark.label) == ("relabel", TRUCK)
    assert book.mark("000001", SIZE, np.array([4, 5, 6], np.int32), SEMANTIC_KITTI) is None
    assert book.mark("000001", SIZE + 1, np.array([2, 3], np.int32), SEMANTIC_KITTI) is None


def test_what_training_recipes_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path))
    labels = np.full(SIZE, CAR, np.uint8)
    save(tmp_path / "drive", "00", Corrections((said([3]),)))
    found, touched = corrected_labels(tmp_path / "drive", "00", "000001", labels, SEMANTIC_KITTI)
    assert found[3] == TRUCK
    assert touched.sum() == 1
    found, touched = corrected_labels(tmp_path / "drive", "00", "000002", labels, SEMANTIC_KITTI)
    assert (found == labels).all()
    assert not touched.any()


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"[]",
        json.dumps({"version": 1, "path": "p", "sequence": "00", "corrections": [{"frame": "a"}]}).encode(),
        json.dumps({
            "version": 1, "path": "p", "sequence": "00",
            "corrections": [
                {"frame": "a", "size": 3, "points": "AA==", "action": "accept", "name": "a", "said": "", "when": ""}
            ],
        }).encode(),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_and_left_alone(tmp_path: Path, broken: bytes, monkeypatch) -> None:
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path))
    file = store.file_of(tmp_path / "drive", "00")
    file.parent.mkdir(parents=True)
    file.write_bytes(broken)
    found, problem = load(tmp_path / "drive", "00")
    assert not len(found)
    assert str(file) in problem
    with pytest.raises(DataError, match="corrections"):
        corrected_labels(tmp_path / "drive", "00", "a", np.zeros(3, np.uint8), SEMANTIC_KITTI)
    assert file.read_bytes() == broken


def test_points_that_the_frame_has_not_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "drive", "00", Corrections((said([SIZE]),)), tmp_path)
    assert "not rows" in load(tmp_path / "drive", "00", tmp_path)[1]
