"""``query``, ``search``, ``index`` and ``clip`` as a script uses them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.cli import main
from app.core.language.tiny_clip import write_tiny_clip

DONE, BAD_INPUT = 0, 2


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=2)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny").path)


def said(capsys: pytest.CaptureFixture[str], *words: object) -> dict:
    assert main([str(word) for word in words]) == DONE
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([str(word) for word in words]) == BAD_INPUT
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    return err


def test_query_tells_points_and_writes_one_value_a_point(drive, clip, tmp_path: Path, capsys) -> None:
    out = tmp_path / "car.npz"
    words = ("query", drive.root, "--frame", 1, "--text", "car", "--clip", clip, "--out", out, "--json")
    found = said(capsys, *words, "--threshold", 0.2)
    with np.load(out) as saved:
        assert saved["similarity"].shape == (drive.points,)
        assert found["prompts"]["car"]["points"] == int(saved["mask"].sum())
        assert found["known"] == int(np.isfinite(saved["similarity"]).sum())
        best = found["prompts"]["car"]["best"]
        assert best == pytest.approx(float(np.nanmax(saved["similarity"])), abs=1e-4)
    assert found["prompts"]["car"]["threshold"] == 0.2
    region = found["prompts"]["car"]["regions"][0]
    assert region["camera"] and len(region["box"]) == 4 and len(region["center"]) == 3
    assert found["seconds"] > 0
    assert found["path"] == str(out)


def test_several_prompts_and_examples(drive, clip, tmp_path: Path, capsys) -> None:
    out = tmp_path / "all.npz"
    found = said(
        capsys, "query", drive.root, "--text", "car", "--text", "road", "--box", "image_2:10,5,60,35",
        "--clip", clip, "--out", out, "--json",
    )  # fmt: skip
    assert len(found["prompts"]) == 3
    with np.load(out) as saved:
        assert saved["similarity"].shape == (drive.points, 3)


@pytest.mark.parametrize("suffix", ["ply", "label"])
def test_other_formats(drive, clip, tmp_path: Path, capsys, suffix: str) -> None:
    out = tmp_path / f"car.{suffix}"
    assert main(["query", str(drive.root), "--text", "car", "--clip", clip, "--out", str(out)]) == DONE
    assert "car: " in capsys.readouterr().out
    assert out.stat().st_size >= 4 * drive.points


def test_long_prompts_head_a_line_by_their_beginning(drive, clip, capsys) -> None:
    assert main(["query", str(drive.root), "--text", "car " * 60, "--clip", clip]) == DONE
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("car car") and " …: " in line and len(line) < 140


def test_what_does_nothing_is_refused(drive, clip, capsys) -> None:
    assert "weights file on this machine" in refused(capsys, "clip", "--clip-model", "ViT-B-32")
    assert "state no model" in refused(capsys, "clip", clip, "--clip-model", "ViT-B-32")
    assert "--network" in refused(capsys, "index", drive.root, "--clip", clip, "--way", "network")


def test_a_layer_of_a_query_that_is_not_asked_says_how_to_ask(drive, clip, tmp_path: Path, capsys) -> None:
    draw = ("render", drive.root, "--out", tmp_path / "x.png", "--layer")
    assert "name it with --text" in refused(capsys, *draw, "text_match")
    asked = ("--text", "car", "--clip", clip)
    assert "add --layer text_similarity" in refused(capsys, *draw, "height", *asked)
    assert "--negative is of a question" in refused(capsys, *draw, "zero_shot", "--negative", "sky")
    assert "--way is of a question" in refused(capsys, *draw, "height", "--way", "pixels")
    assert "add --way pixels" in refused(capsys, *draw, "text_match", *asked, "--smooth", "0.5")


@pytest.mark.parametrize("layer", ["zero_shot", "zero_shot_confidence", "zero_shot_error"])
def test_known_classes_are_drawn_and_written(drive, clip, tmp_path: Path, capsys, layer: str) -> None:
    out, file = tmp_path / "x.png", tmp_path / "x.npz"
    how = ("--layer", layer, "--clip", clip, "--way", "pixels", "--templates", "plain", "--size", "64x48")
    assert main(["render", str(drive.root), "--out", str(out), *how]) == DONE
    assert out.stat().st_size > 0
    assert main(["export", str(drive.root), "--out", str(file), *how[:-2]]) == DONE
    capsys.readouterr()
    found = said(capsys, "classes", drive.root, *how[2:-2], "--out", tmp_path / "y.npz", "--json")
    with np.load(file) as ours, np.load(tmp_path / "y.npz") as theirs:
        if layer == "zero_shot":
            assert (ours[layer] == theirs["train_ids"]).all() and found
        else:
            assert ours[layer].shape == theirs["train_ids"].shape


def test_a_search_says_what_the_clip_has_never_read(drive, capsys) -> None:
    main(["index", str(drive.root)])
    capsys.readouterr()
    found = said(capsys, "search", drive.root, "--text", "zebra", "--json")
    assert any("zebra" in sentence for sentence in found["notes"])
    assert main(["search", str(drive.root), "--text", "zebra"]) == DONE
    assert "note: Demo CLIP was not trained on" in capsys.readouterr().out


def test_bad_input_is_one_sentence(drive, clip, tmp_path: Path, capsys) -> None:
    ask = ("query", drive.root, "--clip", clip)
    assert "prompt is empty" in refused(capsys, *ask, "--text", "  ")
    assert "at most 500 characters; this one has 9999" in refused(capsys, *ask, "--text", "car " * 2500)
    assert "cannot be seen" in refused(capsys, *ask, "--text", "\u200b")
    assert "Say what to look for" in refused(capsys, *ask)
    assert "no way 'magic'" in refused(capsys, *ask, "--text", "car", "--way", "magic")
    assert "no mode 'magic'" in refused(capsys, *ask, "--text", "car", "--mode", "magic")
    assert "--network" in refused(capsys, *ask, "--text", "car", "--way", "network")
    assert "CAMERA:x0,y0,x1,y1" in refused(capsys, *ask, "--box", "image_2:1,2,3")
    assert ".label" in refused(capsys, *ask, "--text", "car", "--out", tmp_path / "car.txt")
    assert "no templates 'mine'" in refused(capsys, *ask, "--text", "car", "--templates", "mine")
    assert "NAME:TAG" in refused(capsys, "query", drive.root, "--text", "car", "--clip", "elsewhere/clip")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\0" * 64)
    assert "bad.safetensors" in refused(capsys, "query", drive.root, "--text", "car", "--clip", bad)
    assert not (tmp_path / "car.txt").exists()


def test_without_a_camera_query_says_what_works(tmp_path: Path, clip: str, capsys) -> None:
    drive = write_small_drive(tmp_path / "blind", frames=1)
    for image in (drive.root / "sequences/00/image_2").iterdir():
        image.unlink()
    sentence = refused(capsys, "query", drive.root, "--text", "car", "--clip", clip)
    assert "camera" in sentence
    assert "network" in sentence


def test_a_sequence_is_indexed_once_and_searched(drive, clip, capsys) -> None:
    assert "run 'index'" in refused(capsys, "search", drive.root, "--text", "car", "--clip", clip)
    first = said(capsys, "index", drive.root, "--clip", clip, "--json")
    assert (first["frames"], first["computed"]) == (2, 2)
    assert said(capsys, "index", drive.root, "--clip", clip, "--json")["computed"] == 0
    found = said(
        capsys, "search", drive.root, "--text", "car", "--text", "road", "--clip", clip, "--top", 3, "--json"
    )
    assert found["indexed"] == found["frames"] == 2
    assert len(found["prompts"]["car"]["regions"]) == 3
    assert len(found["prompts"]["road"]["frames"]) == 2
    assert main(["search", str(drive.root), "--text", "car", "--clip", clip]) == DONE
    assert "frame " in capsys.readouterr().out


def test_clip_describes_itself(clip: str, capsys) -> None:
    found = said(capsys, "clip", clip, "--json")
    assert (found["embed_dim"], found["resolution"], found["downloaded"]) == (16, [32, 32], True)
    assert found["vocabulary"] is None
    assert main(["clip", clip]) == DONE
    assert "licence: not stated" in capsys.readouterr().out


def test_classes_are_found_by_their_words(drive, clip, tmp_path: Path, capsys) -> None:
    out = tmp_path / "found.label"
    found = said(capsys, "classes", drive.root, "--clip", clip, "--out", out, "--json")
    raw = np.fromfile(out, "<u4")
    assert len(raw) == drive.points
    assert np.count_nonzero(raw) == found["known"] == sum(found["drove"].values())
    assert set(found["iou"]) <= {"road", "building", "car"}
    assert 0 <= found["accuracy"] <= 1
    assert main(["classes", str(drive.root), "--clip", clip, "--out", str(tmp_path / "found.npz")]) == DONE
    assert "accuracy over those points" in capsys.readouterr().out
    with np.load(tmp_path / "found.npz") as saved:
        assert np.isfinite(saved["confidence"]).sum() == found["known"]
    assert ".label" in refused(capsys, "classes", drive.root, "--clip", clip, "--out", tmp_path / "x.txt")


def test_layers_of_a_query_are_exported_and_drawn(drive, clip, tmp_path: Path, capsys) -> None:
    out = tmp_path / "layers.npz"
    ask = ("--text", "car", "--clip", clip)
    found = said(capsys, "export", drive.root, "--layer", "text_winner", *ask, "--out", out, "--json")
    assert found["layers"] == ["text_winner"]
    with np.load(out) as saved:
        assert set(np.unique(saved["text_winner"])) <= {0, 1, 2}
    assert "Query panel" in refused(capsys, "export", drive.root, "--layer", "text_winner", "--out", out)


def test_templates_of_ones_own_are_written_used_and_deleted(drive, clip, capsys) -> None:
    night = ("a {} at night.", "the dark {}")
    found = said(capsys, "templates", "night", "--sentence", night[0], "--sentence", night[1], "--json")
    assert found["night"] == {"title": "night", "own": True, "templates": list(night)}
    assert main(["templates"]) == DONE
    listed = capsys.readouterr().out
    assert "night: night, your own" in listed and "imagenet80: ImageNet (80)" in listed
    said(capsys, "query", drive.root, "--text", "car", "--clip", clip, "--templates", "night", "--json")
    assert main(["templates", "night", "--delete"]) == DONE
    assert "night" not in capsys.readouterr().out
    assert "no templates 'night'" in refused(capsys, "query", drive.root, "--text", "car", "--templates", "night")


def test_templates_that_cannot_be_used_are_refused(capsys) -> None:
    assert "needs one {}" in refused(capsys, "templates", "night", "--sentence", "a car")
    assert "stands twice" in refused(capsys, "templates", "night", "--sentence", "{}", "--sentence", "{}")
    assert "taken" in refused(capsys, "templates", "street", "--sentence", "{}")
    assert "not both" in refused(capsys, "templates", "night", "--sentence", "{}", "--delete")
    assert "Name the set" in refused(capsys, "templates", "--delete")
    assert "none yet" in refused(capsys, "templates", "night", "--delete")


def test_the_demo_clip_brings_its_network(drive, clip, capsys) -> None:
    found = said(capsys, "query", drive.root, "--text", "car", "--way", "network", "--json")
    assert found["known"] == found["points"], "a network has something to say of every point"
    assert "distilled from this CLIP" in refused(
        capsys, "query", drive.root, "--text", "car", "--clip", clip, "--way", "network"
    )
