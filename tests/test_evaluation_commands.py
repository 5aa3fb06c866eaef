"""``evaluate``, ``export-submission`` and ``check-submission``: what they print and refuse."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.cli import main
from app.core.datasets.base import OpenOptions
from app.core.errors import Cancelled
from app.core.label_sets import SEMANTIC_KITTI
from app.core.methods.predict import write_tiny
from app.core.model_card import load_model
from app.core.prediction.predictor import Predictor
from app.core.tasks.base import Progress
from app.core.tasks.context import Context
from app.core.tasks.engine import LocalEngine


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=3)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Runs the command line; gives (status, standard output, standard error)."""

    def call(*argv: object) -> tuple[int, str, str]:
        status = main([str(part) for part in argv])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def said(drive: SmallDrive, tmp_path: Path) -> Path:
    """Predictions in files: the labels, but every car a truck."""
    folder = tmp_path / "said"
    shutil.copytree(drive.root / "sequences/00/labels", folder / "sequences/00/predictions")
    for path in (folder / "sequences/00/predictions").iterdir():
        raw = np.fromfile(path, "<u4") & 0xFFFF
        raw[raw == 10] = 18
        raw.tofile(path)
    return folder


def test_the_json_has_the_names_that_scripts_rely_on(run, drive: SmallDrive, said: Path) -> None:
    (drive.root / "sequences/00/labels/000002.label").unlink()
    status, out, _ = run("evaluate", said, "--data", drive.root, "--json")
    report = json.loads(out)
    assert status == 0
    assert report["protocol"] == "semantickitti"
    assert report["miou"] == pytest.approx(2 / 19)
    assert report["present_miou"] == pytest.approx(2 / 3)
    assert set(report["iou"]) == {entry.name for entry in SEMANTIC_KITTI.classes[1:]}
    assert report["iou"]["car"] == 0
    assert report["iou"]["road"] == pytest.approx(1)
    assert (report["frames"], report["points"]) == (2, 2 * (drive.points - 1))
    assert report["frames_without_labels"] == 1
    assert report["folder"] == str(said)
    assert report["data"] == str(drive.root)


def test_the_options_reach_the_evaluation(run, drive: SmallDrive, said: Path) -> None:
    options = ("--protocol", "spvnas", "--camera", "image_2", "--boundary", 0.5, "--range-bins", "--unseen", "car")
    report = json.loads(run("evaluate", said, "--data", drive.root, *options, "--json")[1])
    assert report["protocol"] == "spvnas"
    assert report["front_view"] == ["image_2"]
    assert report["boundary"]["radius"] == 0.5
    assert len(report["range_bins"]) == 5
    assert report["unseen_miou"] == report["hiou"] == 0


def test_in_words(run, drive: SmallDrive, said: Path) -> None:
    status, out, _ = run(
        "evaluate", said, "--data", drive.root, "--front-view", "--boundary", 0.5, "--range-bins", "--unseen", "car"
    )
    assert status == 0
    for part in ("mIoU 10.53 %", "66.67 %", "truck", "no labelled point", "hIoU 0.00 %", "40 to 50 m", "image_2"):
        assert part in out
    assert "note: The labels hold raw ids" in out


def test_a_network_is_what_the_predictor_says(run, drive: SmallDrive, tmp_path: Path) -> None:
    checkpoint = write_tiny(tmp_path / "tiny.safetensors")
    status, out, _ = run("evaluate", checkpoint, "--data", drive.root, "--precision", "fp32", "--json")
    assert status == 0
    report = json.loads(out)
    frame = Context().dataset(drive.root, OpenOptions()).sequences[0].read(1)
    ids = Predictor(load_model(checkpoint), precision="fp32").predict(frame).train_ids
    true = SEMANTIC_KITTI.train_ids(frame.labels)
    alone = json.loads(
        run("evaluate", checkpoint, "--data", drive.root / "sequences/00/velodyne/000001.bin", "--precision",
            "fp32", "--json")[1]
    )  # fmt: skip
    assert alone["frames"] == 1
    assert alone["accuracy"] == pytest.approx(np.mean(ids[1:] == true[1:]))
    assert (report["frames"], report["votes"], report["precision"]) == (3, 1, "fp32")
    assert report["checkpoint"] == str(checkpoint)
    assert report["seconds_per_frame"] > 0


def test_a_run_folder_is_its_best_checkpoint(run, drive: SmallDrive, tmp_path: Path) -> None:
    (tmp_path / "run/checkpoints").mkdir(parents=True)
    write_tiny(tmp_path / "run/checkpoints/best.safetensors")
    report = json.loads(run("evaluate", tmp_path / "run", "--data", drive.root, "--votes", 2, "--json")[1])
    assert report["checkpoint"].endswith("best.safetensors")
    assert report["votes"] == 2


def test_an_evaluation_is_cancelled_between_frames(drive: SmallDrive, said: Path) -> None:
    engine, heard, outcome = LocalEngine(), [], []

    def on_event(event: Progress) -> None:
        heard.append(event.text)
        if "frame 1" in event.text:
            engine.cancel(1)

    engine.submit(
        "evaluate", predictions=said, data=drive.root, on_event=on_event, on_error=outcome.append,
        on_result=outcome.append,
    )  # fmt: skip
    assert isinstance(outcome[0], Cancelled)
    assert heard[-2:] == ["sequence 00, frame 0", "sequence 00, frame 1"]


def test_sequences_without_labels_are_left_out_and_said(run, drive: SmallDrive, said: Path, tmp_path: Path) -> None:
    other = write_small_drive(tmp_path / "other", frames=2, labels=False)
    shutil.move(other.root / "sequences/00", drive.root / "sequences/01")
    report = json.loads(run("evaluate", said, "--data", drive.root, "--json")[1])
    assert report["sequences"] == ["00"]
    assert "Sequences without labels are left out: 01." in report["notes"]


BAD = {
    "no protocol 'mine'": ("--protocol", "mine"),
    "no sequence '07'": ("--sequence", "07"),
    "no class 'tram'": ("--unseen", "tram"),
    "above 0 and at most 10": ("--boundary", "-1"),
    "camera image_9": ("--camera", "image_9"),
}


@pytest.mark.parametrize("sentence", BAD)
def test_bad_wishes_are_one_sentence(run, drive: SmallDrive, said: Path, sentence: str) -> None:
    status, out, err = run("evaluate", said, "--data", drive.root, *BAD[sentence])
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_bad_paths_are_one_sentence(run, drive: SmallDrive, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.safetensors").write_bytes(b"nonsense")
    for path in ("absent", "empty", "broken.safetensors"):
        status, out, err = run("evaluate", tmp_path / path, "--data", drive.root)
        assert (status, out) == (2, "")
        assert path in err
        assert err.count("\n") == 1
    assert run("evaluate", tmp_path / "empty", "--data", tmp_path / "nowhere")[0] == 2


def test_a_submission_is_written_and_checked(run, drive: SmallDrive, said: Path, tmp_path: Path) -> None:
    for path in (said / "sequences/00/predictions").iterdir():
        raw = np.fromfile(path, "<u4")
        raw[0] = 40  # the drive's labels hold one raw id that SemanticKITTI does not list
        raw.tofile(path)
    out = tmp_path / "mine.zip"
    (tmp_path / "about.txt").write_text("method name: mine\n")
    only = ("--data", drive.root, "--sequence", "00")
    status, text, _ = run(
        "export-submission", said, "--out", out, *only, "--description", tmp_path / "about.txt", "--json"
    )
    assert status == 0
    assert json.loads(text) == {"path": str(out), "scans": 3, "sequences": 1}
    assert json.loads(run("check-submission", out, *only, "--json")[1]) == {
        "path": str(out), "ready": True, "problems": [],
    }  # fmt: skip
    status, text, _ = run("check-submission", out, "--data", drive.root, "--json")
    assert status == 2
    assert "lacks the velodyne folder of 11, 12" in json.loads(text)["problems"][0]
    assert run("check-submission", out, "--data", drive.root)[0] == 2


def test_a_network_writes_raw_ids(run, drive: SmallDrive, tmp_path: Path) -> None:
    checkpoint = write_tiny(tmp_path / "tiny.safetensors")
    out = tmp_path / "mine.zip"
    options = ("--data", drive.root, "--sequence", "00", "--precision", "fp32")
    assert run("export-submission", checkpoint, "--out", out, *options)[0] == 0
    frame = Context().dataset(drive.root, OpenOptions()).sequences[0].read(2)
    ids = Predictor(load_model(checkpoint), precision="fp32").predict(frame).train_ids
    with zipfile.ZipFile(out) as archive:
        raw = np.frombuffer(archive.read("sequences/00/predictions/000002.label"), "<u4")
    np.testing.assert_array_equal(raw, SEMANTIC_KITTI.inverse[ids])
    assert (raw > 9).all()


def test_an_incomplete_test_split_is_refused(run, drive: SmallDrive, said: Path, tmp_path: Path) -> None:
    status, _, err = run("export-submission", said, "--data", drive.root, "--out", tmp_path / "mine.zip")
    assert status == 2
    assert "is not written" in err
    assert not (tmp_path / "mine.zip").exists()


@pytest.mark.realdata
def test_the_real_scan_is_evaluated_and_the_others_are_counted(run, realdata: Path, tmp_path: Path) -> None:
    checkpoint = write_tiny(tmp_path / "tiny.safetensors")
    status, out, _ = run("evaluate", checkpoint, "--data", realdata / "semantickitti", "--json")
    report = json.loads(out)
    assert status == 0
    assert (report["frames"], report["frames_without_labels"], report["points"]) == (1, 5, 119_782)
    assert report["notes"][0] == "5 of 6 frames have no labels and are not counted."
