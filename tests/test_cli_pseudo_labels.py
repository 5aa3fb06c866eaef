"""``pseudo-label`` as a script uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_drive import SmallDrive, write_small_drive

from app.cli import main
from app.core.language.tiny_clip import write_tiny_clip

DONE, BAD_INPUT = 0, 2


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=3)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny").path)


def test_both_settings_with_the_names_that_scripts_rely_on(drive, clip, tmp_path: Path, capsys) -> None:
    words = ["pseudo-label", drive.root, "--out", tmp_path, "--clip", clip, "--frames", "0:2", "--json"]
    unseen = ["--unseen", "car", "--unseen", "building", "--scale", 3, "--queue", 50]
    assert main([str(word) for word in (*words, *unseen)]) == DONE
    found = json.loads(capsys.readouterr().out)
    assert {"accuracy_before", "accuracy_after", "superpoints", "flips"} <= found.keys()
    assert found["frames"] == 2 and found["superpoints"] > 0
    folder = Path(found["path"])
    assert folder == tmp_path / "zero-shot/sequences/00"
    assert len(list(folder.glob("labels/*.label"))) == 2
    held = json.loads((folder / "parameters.json").read_text())
    assert held["affinity"]["scale"] == 3 and held["queue"] == 50 and held["unseen"].keys() == {"car", "building"}

    more = ["--setting", "annotation-free", "--no-affinity", "--no-visibility", "--superpoints", "ground_hdbscan"]
    assert main([str(word) for word in (*words[:-1], *more)]) == DONE
    out = capsys.readouterr().out
    assert "annotation-free" in out and "accuracy of" in out and "0 flips" in out
    held = json.loads((tmp_path / "annotation-free/sequences/00/parameters.json").read_text())
    assert held["affinity"] is None and held["guard"] is False and held["superpoints"]["kind"] == "ground_hdbscan"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--frames", "first"], "--frames is A:B"),
        (["--setting", "few-shot"], "annotation-free"),
        (["--unseen", "unicorn"], "no class 'unicorn'"),
        (["--no-affinity", "--queue", "9"], "leave out --no-affinity"),
        (["--no-visibility", "--rule", "paper"], "leave out --no-visibility"),
        (["--rule", "guess"], "no visibility rule 'guess'"),
        (["--queue", "0"], "1 instance or more"),
    ],
)
def test_bad_arguments_are_one_sentence(
    drive, clip, tmp_path: Path, capsys, more: list[str], sentence: str
) -> None:
    words = ["pseudo-label", str(drive.root), "--out", str(tmp_path / "out"), "--clip", clip, *more]
    assert main(words) == BAD_INPUT
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_labels_are_inspected_as_a_script_asks(drive, clip, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "report"
    words = ["inspect-labels", drive.root, "--out", out, "--clip", clip, "--frames", "0:2", "--json"]
    words += ["--unseen", "car", "--unseen", "building", "--templates", "plain", "--superpoints", "dbscan"]
    assert main([str(word) for word in words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames_read"] == 2
    assert told["path"] == str(out)
    assert told["judged"] > 0
    assert (out / "report.md").exists()
