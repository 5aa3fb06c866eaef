"""Networks on the command line: predict, and the layers of predictions in render and export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.cli import main
from app.core.label_sets import SEMANTIC_KITTI
from app.core.methods.predict import write_tiny


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny(tmp_path_factory.mktemp("net") / "tiny.safetensors"))


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=3, points=100)


def test_predict_writes_raw_ids_that_evaluate_reads_back(
    drive: SmallDrive, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["predict", weights, "--data", str(drive.root), "--out", str(out), "--votes", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["frames"] == 3
    assert said["votes"] == 2
    assert "tiny.safetensors" in said["source"]
    files = sorted((out / "sequences/00/predictions").iterdir())
    assert [file.name for file in files] == ["000000.label", "000001.label", "000002.label"]
    raw = np.fromfile(files[0], "<u4")
    assert len(raw) == drive.points
    assert set(raw.tolist()) <= set(SEMANTIC_KITTI.inverse[1:20].tolist())
    results = []
    for predictions in (str(out), weights):
        arguments = ["evaluate", predictions, "--data", str(drive.root), "--json"]
        assert main(arguments + (["--votes", "2"] if predictions == weights else [])) == 0
        results.append(json.loads(capsys.readouterr().out))
    assert results[0]["iou"] == results[1]["iou"]


def test_predict_one_frame_as_npz(drive: SmallDrive, weights: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["predict", weights, "--data", str(drive.root), "--out", str(out), "--frame", "1", "--format", "npz"]
    assert main(command) == 0
    (file,) = (out / "sequences/00/predictions").iterdir()
    assert file.name == "000001.npz"
    with np.load(file) as arrays:
        assert arrays["prediction"].dtype == np.uint8
        assert arrays["prediction"].shape == arrays["confidence"].shape == (drive.points,)
        assert arrays["classes"][1] == "car"


def test_render_and_export_show_predictions(drive: SmallDrive, weights: str, tmp_path: Path) -> None:
    picture, table = tmp_path / "x.png", tmp_path / "x.npz"
    common = [str(drive.root), "--checkpoint", weights]
    assert main(["render", *common, "--layer", "features", "--out", str(picture), "--size", "80x60"]) == 0
    assert picture.stat().st_size > 100
    names = ["prediction", "entropy", "feature_similarity"]
    layers = [part for name in names for part in ("--layer", name)]
    assert main(["export", *common, *layers, "--similar-to", "40", "--votes", "2", "--out", str(table)]) == 0
    with np.load(table) as arrays:
        assert set(arrays) == {"points", *names}
        assert arrays["feature_similarity"][40] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "nowhere", "--data", "DRIVE", "--out", "OUT"], "nowhere"),
        (["predict", "WEIGHTS", "--data", "DRIVE", "--out", "DRIVE/predictions"], "never written"),
        (["predict", "WEIGHTS", "--data", "DRIVE", "--out", "OUT", "--frame", "9"], "0 to 2"),
        (["predict", "WEIGHTS", "--data", "DRIVE", "--out", "OUT", "--format", "csv"], "label, npz"),
        (["predict", "WEIGHTS", "--data", "DRIVE", "--out", "OUT", "--sequence", "77"], "77"),
        (["predict", "WEIGHTS", "--data", "DRIVE", "--out", "OUT", "--precision", "fp8"], "fp8"),
        (["predict", "DRIVE", "--data", "DRIVE", "--out", "OUT"], "no checkpoint"),
        (["render", "DRIVE", "--layer", "prediction", "--out", "OUT.png"], "Choose a checkpoint"),
        (["render", "DRIVE", "--votes", "3", "--out", "OUT.png"], "--checkpoint"),
        (
            ["render", "DRIVE", "--checkpoint", "WEIGHTS", "--layer", "feature_similarity", "--similar-to", "9999",
             "--out", "OUT.png"],
            "9999",
        ),
        (
            ["export", "DRIVE", "--checkpoint", "WEIGHTS", "--layer", "feature_similarity", "--out", "OUT.npz"],
            "Pick a point",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(
    arguments: list[str],
    said: str,
    drive: SmallDrive,
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = {"WEIGHTS": weights, "DRIVE": str(drive.root), "OUT": str(tmp_path / "out")}
    for name, value in known.items():
        arguments = [argument.replace(name, value) for argument in arguments]
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error
    assert not (tmp_path / "out").exists()
