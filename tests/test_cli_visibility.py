"""``visibility`` as a script uses it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive, write_truth

from app.cli import main
from app.core.geometry.visibility import RULES

DONE, BAD_INPUT = 0, 2


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=3)


def call(*words: object) -> int:
    return main([str(word) for word in ("visibility", *words)])


def test_the_names_that_scripts_rely_on(drive: SmallDrive, tmp_path: Path, capsys) -> None:
    write_truth(drive)
    masks = tmp_path / "masks.npz"
    assert call(drive.root, "--frame", 1, "--out", masks, "--json") == DONE
    found = json.loads(capsys.readouterr().out)
    camera = found["cameras"]["image_2"]
    assert {"visible", "hidden", "outside", "precision", "recall", "f1"} <= camera.keys()
    assert found["unknown"] == [] and 0 < camera["f1"] < 1 and camera["wrong_matches"] > 0
    with np.load(masks) as arrays:
        assert int(arrays["visible"].sum()) == camera["visible"]
        assert np.bincount(arrays["state"], minlength=3).tolist() == [
            camera["outside"], camera["visible"], camera["hidden"],
        ]  # fmt: skip
        inside = np.isfinite(arrays["surface_image_2"])
        hidden = arrays["depth_image_2"][inside] > arrays["limit_image_2"][inside]
        assert int(hidden.sum()) == camera["hidden"] == int((~arrays["visible_image_2"] & inside).sum())
        assert np.isin(arrays["match"], range(5)).all()


def test_what_is_not_known_on_recorded_drives_is_said(drive: SmallDrive, capsys) -> None:
    assert call(drive.root, "--json") == DONE
    found = json.loads(capsys.readouterr().out)
    assert found["cameras"]["image_2"]["f1"] is None and "f1" in found["unknown"]
    assert call(drive.root) == DONE
    printed = capsys.readouterr().out
    assert "unknown for image_2: precision, recall" in printed and "slope" in printed


def test_all_rules_over_several_frames_are_one_table(drive: SmallDrive, tmp_path: Path, capsys) -> None:
    write_truth(drive)
    words = (drive.root, "--rule", "all", "--frames", "0:3", "--t-d", 0.8, "--segments", 40)
    assert call(*words) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["rule", *RULES]
    assert len({len(line) for line in lines}) == 1, "columns stand below each other"
    assert call(*words, "--json") == DONE
    rules = {entry["rule"]: entry for entry in json.loads(capsys.readouterr().out)["rules"]}
    assert rules["paper"]["options"]["threshold"] == 0.8 and rules["paper"]["frames"] == 3
    assert rules["none"]["cameras"]["image_2"]["hidden"] == 0
    total = rules["none"]["cameras"]["image_2"]
    one = rules["paper"]["cameras"]["image_2"]
    assert one["visible"] + one["hidden"] == total["visible"] and one["outside"] == total["outside"]
    assert call(drive.root, "--frames", "0:2", "--out", tmp_path / "masks") == DONE
    assert sorted(file.name for file in (tmp_path / "masks").iterdir()) == ["000000.npz", "000001.npz"]


def test_figures_that_mean_nothing_are_null(drive: SmallDrive, capsys) -> None:
    write_truth(drive)
    assert call(drive.root, "--rule", "paper", "--t-d", 0, "--superpixels", "grid", "--json") == DONE
    found = json.loads(capsys.readouterr().out)
    camera = found["cameras"]["image_2"]
    assert camera["visible"] == 0 and camera["precision"] is None and camera["wrong_removed"] == 1
    assert found["unknown"] == ["precision"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rule", "guess"), "There is no visibility rule 'guess'"),
        (("--ratio", "0.2"), "--ratio is of the rules depth_ratio; add --rule depth_ratio."),
        (("--t-d", "1"), "--t-d is of the rules paper"),
        (("--rule", "paper", "--superpixels", "voronoi"), "There are no superpixels 'voronoi'"),
        (("--tolerance", "-1"), "'tolerance' of a visibility rule must be 0 or more"),
        (("--frame", "9"), "The sequence has frames 0 to 2"),
        (("--frames", "2:1"), "The sequence has frames 0 to 2"),
        (("--frames", "one"), "--frames is A:B"),
        (("--frame", "1", "--frames", "0:2"), "not both"),
        (("--out", "masks.png"), "masks.png must end in .npz"),
        (("--frames", "0:2", "--out", "masks.npz"), "masks.npz must be a folder"),
        (("--rule", "all", "--out", "masks.npz"), "Masks are of one rule"),
    ],
)
def test_bad_words_are_one_sentence(drive: SmallDrive, capsys, words: tuple[str, ...], said: str) -> None:
    assert call(drive.root, *words) == BAD_INPUT
    told = capsys.readouterr()
    assert said in told.err and not told.out and "Traceback" not in told.err


def test_frames_that_cannot_be_tested_are_left_out_and_said(drive: SmallDrive, capsys) -> None:
    (drive.root / "sequences/00/image_2/000001.png").write_bytes(b"no picture")
    assert call(drive.root, "--frames", "0:3", "--rule", "paper", "--segments", 40) == DONE
    assert "note: Frame 1 is left out: " in capsys.readouterr().out
    assert call(drive.root, "--frame", 1, "--rule", "paper") == BAD_INPUT
    assert "is not a whole image" in capsys.readouterr().err
    assert call(drive.root, "--frame", 1) == DONE, "the usual rule needs no picture"


def test_without_cameras_there_is_nothing_to_test(drive: SmallDrive, capsys) -> None:
    (drive.root / "sequences/00/calib.txt").unlink()
    assert call(drive.root) == BAD_INPUT
    assert "no calibrated camera" in capsys.readouterr().err


@pytest.mark.realdata
def test_real_scans_keep_their_road_by_the_usual_rule_alone(realdata: Path, capsys) -> None:
    assert call(realdata / "semantickitti", "--rule", "slope", "--rule", "paper", "--json") == DONE
    slope, paper = (entry["cameras"]["image_2"] for entry in json.loads(capsys.readouterr().out)["rules"])
    inside = slope["visible"] + slope["hidden"]
    assert slope["visible"] > 0.9 * inside and paper["visible"] < 0.4 * inside
    assert slope["f1"] is None
