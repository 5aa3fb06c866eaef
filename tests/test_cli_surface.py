"""The command mesh: files and JSON, and bad input in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trimesh
from small_drive import SmallDrive, write_small_drive
from surface_models import write_tiny_surface_model

from app.cli import main
from app.commands.surface import BUILT_IN


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=2, points=200)


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".glb"])
def test_a_baseline_written_and_measured(
    suffix: str, drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"mesh{suffix}"
    arguments = ["mesh", str(drive.root), "--frame", "1", "--out", str(out), "--baseline", "poisson", "--world"]
    assert main([*arguments, "--step", "0.4", "--color", "class", "--measure", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["path"] == str(out)
    assert said["triangles"] == len(trimesh.load(out, force="mesh", process=False).faces) > 0
    assert said["color"] == "class"
    assert set(said["measures"]["f_score"]) == {"0.1", "0.2"}
    assert 0 < said["measures"]["chamfer"] < 2
    assert "scans" in said["measures"]["reference"]


def test_a_checkpoint_in_a_box_told_in_lines(
    drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write_tiny_surface_model(tmp_path / "net")
    out = tmp_path / "mesh.ply"
    arguments = ["mesh", str(drive.root), "--out", str(out), "--checkpoint", str(weights), "--step", "0.8"]
    assert main([*arguments, "--box=5,-4,-3,12,4,1", "--threshold", "0.999", "--measure"]) == 0
    said = capsys.readouterr().out
    assert "tiny_surface.safetensors" in said
    assert "no surface at the threshold 0.999" in said
    assert out.is_file()


def test_what_comes_along_makes_it_where_nothing_is_named(
    drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mesh.ply"
    asked = ["mesh", str(drive.root), "--out", str(out), "--step", "0.8", "--box=5,-4,-3,12,4,1", "--json"]
    assert main(asked) == 0
    said = json.loads(capsys.readouterr().out)
    assert "demo_also.safetensors" in said["source"]
    assert said["notes"][0] == BUILT_IN
    assert out.is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--baseline", "tsdf", "--box", "1,2,3"], "x0,y0,z0,x1,y1,z1"),
        (["--baseline", "tsdf", "--box", "a,b,c,d,e,f"], "x0,y0,z0,x1,y1,z1"),
        (["--baseline", "tsdf", "--box=500,0,0,501,1,1"], "outside the frame"),
        (["--baseline", "tsdf", "--frame", "9"], "9"),
        (["--checkpoint", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--baseline", "tsdf", "--checkpoint", "DRIVE"], "name one of them"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], said: str, drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.replace("DRIVE", str(drive.root)) for argument in arguments]
    assert main(["mesh", str(drive.root), "--out", str(tmp_path / "a.ply"), *given]) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error
    assert not list(tmp_path.iterdir())


def test_another_suffix(drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mesh", str(drive.root), "--out", str(tmp_path / "a.stl"), "--baseline", "tsdf"]) == 2
    assert ".ply, .obj or .glb" in capsys.readouterr().err
