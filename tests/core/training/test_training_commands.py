"""Training on the command line: results on standard output, one sentence for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from training_runs import train_arguments

from app.cli import main
from app.core.training import jobs
from app.core.training.folder import RunFolder


def test_train_and_list(drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*train_arguments(drive, tmp_path / "run", max_steps="2", validate_every="2"), "--json"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert (ended["state"], ended["step"], set(ended["scores"])) == (
        "finished", 2, {"miou", "miou_present", "accuracy"},
    )  # fmt: skip
    assert main(["runs", str(tmp_path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["runs"]
    assert (found["path"], found["state"], found["max_steps"]) == (str(tmp_path / "run"), "finished", 2)
    assert main(["resume", str(tmp_path / "run"), "--set", "max_steps=3"]) == 0
    assert "step 3" in capsys.readouterr().out
    assert RunFolder(tmp_path / "run").read_config()[1].max_steps == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "magic", "--data", "{drive}", "--out", "{out}"], "There is no recipe 'magic'"),
        (["train", "demo", "--data", "{drive}", "--out", "{out}", "--set", "seed"], "--set takes key=value"),
        (["train", "demo", "--data", "{drive}", "--out", "{out}", "--set", "seed=-1"], "seed must be at least 0"),
        (["train", "demo", "--data", "{out}/none", "--out", "{out}"], "does not exist"),
        (
            ["train", "demo", "--data", "{drive}", "--out", "{out}", "--set", "network=resnet"],
            "no network 'resnet'",
        ),
        (["train", "demo", "--data", "{drive}", "--out", "{out}", "--set", "network_fields.cr=9"], "cr is between"),
        (["resume", "{drive}"], "is no run"),
        (["stop", "{drive}"], "is no run"),
        (["describe", "resnet"], "no network, checkpoint or run 'resnet'"),
        (["describe", "minkunet", "--set", "width=3"], "width"),
    ],
)
def test_bad_input_is_one_sentence(
    drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    out = tmp_path / "run"
    assert main([part.format(drive=drive, out=out) for part in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert not out.exists()
    assert not (drive / "status.json").exists()


def test_fields_are_listed_with_their_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"supervised", "finetune", "demo"} <= set(said["recipes"]) == set(said["about"])
    assert said["about"]["supervised"] == "Learn the classes from labelled scans."
    assert all(sentence.endswith(".") and "`" not in sentence for sentence in said["about"].values())
    assert main(["recipes", "demo", "--json"]) == 0
    fields = {field["name"]: field for field in json.loads(capsys.readouterr().out)["fields"]}
    assert fields["voxel_size"]["range"] == "at least 0.005 and at most 5"
    assert fields["optimizer"]["choices"] == ["sgd", "adamw"]
    assert fields["optimizer"]["value"] == "adamw" != fields["optimizer"]["default"]
    assert main(["recipes", "finetune"]) == 0
    assert "new_classifier = false" in capsys.readouterr().out


def test_describe(drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "minkunet", "--set", "cr=0.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 5_449_267
    assert main(["describe", "minkunet", "--set", "cr=0.05", "--data", str(drive), "--voxel-size", "0.5"]) == 0
    assert "GMACs" in capsys.readouterr().out


def test_background(drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert main([*train_arguments(drive, out, max_steps="100000"), "--background", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "starting"
    jobs.wait(out, ("running",), 60)
    assert main(["stop", str(out)]) == 0
    assert jobs.wait(out, ("stopped",), 60).step > 0
