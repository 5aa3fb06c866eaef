"""Evaluating a drive: what is counted, what is left out and said, what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core.datasets import Sequence, open_dataset
from app.core.errors import DataError, UsageError
from app.core.evaluation.predictions import FilePredictions, Predictions, folder_of
from app.core.evaluation.regions import boundary, front_camera, range_bins, seen_by
from app.core.evaluation.scoring import Evaluation, Wanted, score
from app.core.label_sets import SEMANTIC_KITTI
from app.core.types import Frame


class Truthful(Predictions):
    """Says what the labels say, except that every ``wrong``-th point is a fence."""

    def __init__(self, wrong: int = 0) -> None:
        self.wrong = wrong

    def train_ids(self, sequence: str, frame: Frame) -> np.ndarray:
        ids = SEMANTIC_KITTI.train_ids(frame.labels)
        ids[ids == 255] = 0
        if self.wrong:
            ids[:: self.wrong] = 14
        return ids

    def about(self) -> Mapping[str, Any]:
        return {"from": "test"}


def run(drives: list[Sequence], predictions: Predictions, **wanted: Any) -> Evaluation:
    steps = score(drives, predictions, Wanted(**wanted))
    try:
        while True:
            done, total, text = next(steps)
            assert 0 <= done < total
            assert text
    except StopIteration as stop:
        return stop.value


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path, frames=3)


def sequences(drive: SmallDrive) -> list[Sequence]:
    return list(open_dataset(drive.root).sequences)


def test_what_is_right_everywhere_has_one_in_every_class_that_is_there(drive: SmallDrive) -> None:
    report = run(sequences(drive), Truthful()).report()
    assert report["miou"] == pytest.approx(3 / 19)
    assert report["present_miou"] == pytest.approx(1)
    assert report["accuracy"] == 1
    assert report["iou"]["car"] == pytest.approx(1)
    assert report["iou"]["truck"] == 0
    assert (report["frames"], report["points"]) == (3, 3 * (drive.points - 1))
    assert report["protocol"] == "semantickitti"
    assert report["from"] == "test"
    assert report["sequences"] == ["00"]
    json.dumps(report, allow_nan=False)


def test_the_protocols_differ_as_they_say(drive: SmallDrive) -> None:
    official = run(sequences(drive), Truthful(7)).report()
    spvnas = run(sequences(drive), Truthful(7), protocol="spvnas").report()
    assert spvnas["iou"]["truck"] == 1
    assert official["iou"]["truck"] == 0
    assert spvnas["points"] == official["points"] + 3  # the unlisted raw id of each frame is a car there
    assert any("123 (3 points)" in note and "cars" in note for note in spvnas["notes"])
    assert any("123 (3 points)" in note and "ignored" in note for note in official["notes"])


def test_regions_are_counted_as_they_are_defined(drive: SmallDrive) -> None:
    found = run(
        sequences(drive), Truthful(5), front_view=True, boundary=0.7, range_bins=True, unseen=("car", "truck")
    )
    expected = {"all": 0, "border": 0, "bins": [0] * 5}
    for index in range(3):
        frame = sequences(drive)[0].read(index)
        true = SEMANTIC_KITTI.train_ids(frame.labels)
        true[true == 255] = 0
        inside = seen_by(frame.points, front_camera(frame)) & (true != 0)
        expected["all"] += int(inside.sum())
        expected["border"] += int((inside & boundary(frame.points, true, 0.7)).sum())
        bins = range_bins(frame.points)
        expected["bins"] = [n + int((inside & (bins == i)).sum()) for i, n in enumerate(expected["bins"])]
    report = found.report()
    assert report["points"] == expected["all"] == report["boundary"]["points"] + report["inner"]["points"]
    assert 0 < report["boundary"]["points"] == expected["border"]
    assert [entry["points"] for entry in report["range_bins"]] == expected["bins"]
    assert (report["range_bins"][1]["from"], report["range_bins"][1]["to"]) == (10, 20)
    assert report["front_view"] == ["image_2"]
    assert report["hiou"] == pytest.approx(
        2 * report["seen_miou"] * report["unseen_miou"] / (report["seen_miou"] + report["unseen_miou"])
    )


def test_frames_without_labels_are_counted_and_said(drive: SmallDrive) -> None:
    labels = drive.root / "sequences/00/labels"
    (labels / "000001.label").unlink()
    (labels / "000002.label").write_bytes(b"12345678")
    report = run(sequences(drive), Truthful()).report()
    assert (report["frames"], report["frames_without_labels"]) == (1, 2)
    assert report["notes"][0] == "2 of 3 frames have no labels and are not counted."
    assert any("000002.label has 2 labels" in note for note in report["notes"])


def test_a_drive_without_labels_is_refused(tmp_path: Path) -> None:
    bare = write_small_drive(tmp_path, frames=2, labels=False)
    with pytest.raises(DataError, match="None of the 2 frames has labels"):
        run(sequences(bare), Truthful())


def test_a_front_view_without_that_camera_is_refused(drive: SmallDrive) -> None:
    with pytest.raises(DataError, match="None of the 3 labelled frames has a camera image_7"):
        run(sequences(drive), Truthful(), front_view=True, camera="image_7")


@pytest.mark.parametrize(
    "wanted", [{"boundary": 0.0}, {"boundary": -1.0}, {"protocol": "mine"}, {"unseen": ("tram",)}], ids=str
)
def test_what_cannot_be_wanted_is_refused_before_anything_is_read(drive: SmallDrive, wanted) -> None:
    class Never(Truthful):
        def train_ids(self, sequence: str, frame: Frame) -> np.ndarray:
            raise AssertionError

    with pytest.raises(UsageError):
        run(sequences(drive), Never(), **wanted)


def write_predictions(drive: SmallDrive, folder: Path, raw: int = 40) -> Path:
    folder.mkdir(parents=True)
    for index in range(drive.frames):
        np.full(drive.points, raw, "<u4").tofile(folder / f"{index:06d}.label")
    return folder


@pytest.mark.parametrize("inner", ["sequences/00/predictions", "00/predictions", "predictions", "anything"])
def test_prediction_files_are_found(drive: SmallDrive, tmp_path: Path, inner: str) -> None:
    root = tmp_path / "00" if inner == "predictions" else tmp_path / "said"
    write_predictions(drive, root / inner)
    where = root / inner if inner == "anything" else root
    found = run(sequences(drive), FilePredictions(where, SEMANTIC_KITTI, alone=True))
    assert found.table.recall[9] == 1
    assert found.table.recall[1] == 0


def test_loose_files_do_not_stand_for_every_sequence(drive: SmallDrive, tmp_path: Path) -> None:
    loose = write_predictions(drive, tmp_path / "loose")
    with pytest.raises(DataError, match="no predictions for sequence 00"):
        folder_of(loose, "00")


def test_a_labelled_frame_without_a_prediction_is_refused(drive: SmallDrive, tmp_path: Path) -> None:
    folder = write_predictions(drive, tmp_path / "said")
    (folder / "000001.label").unlink()
    with pytest.raises(DataError, match=r"000001\.label is missing"):
        run(sequences(drive), FilePredictions(folder, SEMANTIC_KITTI, alone=True))
    np.zeros(7, "<u4").tofile(folder / "000001.label")
    with pytest.raises(DataError, match="7 predictions for a scan of"):
        run(sequences(drive), FilePredictions(folder, SEMANTIC_KITTI, alone=True))


def test_train_ids_in_npz_files(drive: SmallDrive, tmp_path: Path) -> None:
    folder = tmp_path / "said"
    folder.mkdir()
    for index in range(drive.frames):
        np.savez_compressed(folder / f"{index:06d}.npz", prediction=np.full(drive.points, 9, np.uint8))
    predictions = FilePredictions(folder, SEMANTIC_KITTI, alone=True)
    assert run(sequences(drive), predictions).table.recall[9] == 1
    for bad, said in (
        ({"label": np.zeros(3)}, "found no such array"),
        ({"prediction": np.zeros(drive.points, np.int64)}, "found int64"),
        ({"prediction": np.full(drive.points, 20, np.uint8)}, "train id 20"),
        (
            {"prediction": np.ones(drive.points, np.uint8), "classes": np.array(["no", "tram"])},
            "other classes .tram",
        ),
    ):
        np.savez_compressed(folder / "000002.npz", **bad)
        with pytest.raises(DataError, match=said):
            run(sequences(drive), predictions)


def test_train_ids_in_the_files_are_misses_and_said(drive: SmallDrive, tmp_path: Path) -> None:
    folder = write_predictions(drive, tmp_path / "said", raw=9)
    report = run(sequences(drive), FilePredictions(folder, SEMANTIC_KITTI, alone=True)).report()
    assert report["accuracy"] == 0
    assert any("9 (" in note and "train ids" in note for note in report["notes"])


@pytest.mark.realdata
def test_the_real_drive_has_one_labelled_frame(realdata: Path) -> None:
    drives = list(open_dataset(realdata / "semantickitti").sequences)
    report = run(drives, Truthful(), range_bins=True, boundary=0.5).report()
    assert (report["frames"], report["frames_without_labels"], report["points"]) == (1, 5, 119_782)
    assert report["notes"][0].startswith("5 of 6 frames have no labels")
    assert report["present_miou"] == pytest.approx(1)
    assert report["boundary"]["points"] == 24_444
