"""The command line: what it prints where, its exit statuses, one sentence for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_drive import SmallDrive, write_small_drive

from app import cli
from app.cli import main
from app.core.state import OpenOptions

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "a dri\u00e4ve", frames=4)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Runs the command line; gives (status, standard output, standard error)."""

    def call(*argv: object) -> tuple[int, str, str]:
        status = main([str(part) for part in argv])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_info_has_the_names_that_scripts_rely_on(run, drive: SmallDrive) -> None:
    status, out, _ = run("info", drive.root, "--json")
    report = json.loads(out)
    assert status == 0
    assert report["format"] == "semantickitti"
    assert report["sequences"] == [
        {"name": "00", "frames": 4, "cameras": ["image_2"], "has_labels": True, "has_poses": True}
    ]
    assert isinstance(report["problems"], list)
    assert "frame" not in report


def test_info_of_a_frame(run, drive: SmallDrive) -> None:
    frame = json.loads(run("info", drive.root, "--frame", 1, "--json")[1])["frame"]
    assert frame["points"] == drive.points
    assert frame["classes"]["car"] == 100
    assert frame["classes"]["road"] == 399
    assert set(frame["cameras"]) == {"image_2"}
    assert 0 < frame["cameras"]["image_2"]["in_image"] < drive.points


def test_info_in_words_names_what_is_broken(run, drive: SmallDrive) -> None:
    (drive.root / "sequences/00/labels/000002.label").unlink()
    status, out, _ = run("info", drive.root, "--frame", 1)
    assert status == 0
    assert "4 frames" in out
    assert "car: 100" in out
    assert "problem:" in out
    assert "000002" in out


BAD_INPUT = [
    ("info",),
    ("info", "DRIVE", "--frame", "four"),
    ("info", "/no/such/place"),
    ("info", "DRIVE", "--frame", 99),
    ("info", "DRIVE", "--frame", 0, "--sequence", "42"),
    ("info", "DRIVE", "--no-such-option"),
    ("open", "/no/such/place"),
    ("no-such-command",),
    ("bench", "no_such_benchmark"),
    ("export", "DRIVE", "--out", "OUT.csv"),
    ("export", "DRIVE", "--out", "OUT.ply", "--layer", "nope"),
    ("export", "DRIVE", "--out", "OUT.ply", "--layer", "time"),
    ("export", "DRIVE", "--out", "OUT.ply", "--frame", 4),
    ("export", "DRIVE", "--out", "OUT.ply", "--before", -1),
    ("render", "DRIVE"),
    ("render", "DRIVE", "--out", "OUT.jpg"),
    ("render", "DRIVE", "--out", "OUT.png", "--size", "big"),
    ("render", "DRIVE", "--out", "OUT.png", "--size", "0x10"),
    ("render", "DRIVE", "--out", "OUT.png", "--size", "99999x10"),
    ("render", "DRIVE", "--out", "OUT.png", "--layer", "nope"),
    ("render", "DRIVE", "--out", "OUT.png", "--view", "sideways"),
    ("render", "DRIVE", "--out", "OUT.png", "--show", "ghosts"),
    ("tour", "/no/such/place", "--out", "OUT"),
    ("demo", "--frames", "0", "--no-window"),
]


@pytest.mark.parametrize("argv", BAD_INPUT, ids=lambda argv: " ".join(map(str, argv)))
def test_bad_input_is_one_sentence_and_status_two(run, drive: SmallDrive, tmp_path: Path, argv) -> None:
    words = {"DRIVE": str(drive.root)}
    parts = [words.get(str(part), str(part).replace("OUT", str(tmp_path / "out"))) for part in argv]
    status, out, err = run(*parts)
    assert status == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert not list(tmp_path.glob("out*")), "nothing was written"


def test_a_fault_of_ours_is_status_one(run, drive: SmallDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(cli, "run_here", broken)
    status, out, _ = run("info", drive.root)
    assert status == 1
    assert out == ""


def test_an_interrupt_is_status_130(run, drive: SmallDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run_here", interrupted)
    assert run("info", drive.root)[0] == 130


def test_render_draws_the_points(run, drive: SmallDrive, tmp_path: Path) -> None:
    for view in ("orbit", "top", "ego", "camera:image_2"):
        out = tmp_path / f"{view.replace(':', '_')}.png"
        status, printed, err = run(
            "render",
            drive.root,
            "--frame",
            2,
            "--layer",
            "label",
            "--out",
            out,
            "--view",
            view,
            "--size",
            "320x200",
        )
        assert (status, printed.strip()) == (0, str(out)), err
        picture = np.asarray(Image.open(out))
        assert picture.shape == (200, 320, 3)
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5, f"{view} shows something"
        road = (picture[..., 0] > 120) & (picture[..., 1] < 60) & (picture[..., 2] > 120)
        assert road.any(), f"{view} shows the road in its colour"


def test_render_of_accumulated_frames(run, drive: SmallDrive, tmp_path: Path) -> None:
    out = tmp_path / "age.png"
    assert run("render", drive.root, "--layer", "frame_age", "--after", 2, "--out", out)[0] == 0
    assert out.is_file()
    assert run("render", drive.root, "--layer", "frame_age", "--out", out)[0] == 2


def test_export_prints_what_it_wrote(run, drive: SmallDrive, tmp_path: Path) -> None:
    out = tmp_path / "frame.npz"
    status, printed, _ = run("export", drive.root, "--out", out, "--layer", "label", "--layer", "normals", "--json")
    assert status == 0
    assert json.loads(printed) == {"path": str(out), "points": drive.points, "layers": ["label", "normals"]}
    with np.load(out) as arrays:
        assert arrays["normals"].shape == (drive.points, 3)


def test_columns_are_stated_not_guessed(run, tmp_path: Path) -> None:
    scan = tmp_path / "scan.bin"
    np.arange(50, dtype="<f4").tofile(scan)
    assert "columns" in run("info", scan)[1].lower()
    status, _, err = run("export", scan, "--out", tmp_path / "x.ply")
    assert status == 2
    assert "columns" in err.lower()
    status, out, _ = run("info", scan, "--columns", "x,y,z,intensity,ring", "--frame", 0, "--json")
    assert status == 0
    assert json.loads(out)["frame"]["points"] == 10


class Window:
    """Stands for the window's module and remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def run(self, *args: Any, **kwargs: Any) -> int:
        self.calls.append((args, kwargs))
        return 0


def test_window_commands(run, drive: SmallDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window()
    monkeypatch.setattr(cli, "_application", lambda: window)
    assert run()[0] == 0
    assert run("open", drive.root, "--frame", 3)[0] == 0
    assert run("demo", "--frames", 7, "--seed", 3, "--out", drive.root)[0] == 0
    assert window.calls == [
        ((), {}),
        ((drive.root,), {"frame": 3, "options": OpenOptions()}),
        ((drive.root,), {"demo_seed": 3, "demo_frames": 7}),
    ]


def test_window_commands_fit_the_window() -> None:
    import inspect

    from app.ui import application

    signature = inspect.signature(application.run)
    signature.bind()
    signature.bind(Path("x"), frame=3)
    signature.bind(None, demo_seed=3, demo_frames=7)


def test_without_a_screen_the_window_says_so(run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    status, _, err = run()
    assert status == 2
    assert "screen" in err


def test_json_is_all_there_is_on_standard_output(drive: SmallDrive) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "info", str(drive.root), "--json"],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    json.loads(done.stdout)


def test_help_starts_without_heavy_imports() -> None:
    code = (
        "import sys; from app.cli import main; main(['--help']); "
        "heavy = {'numpy', 'torch', 'open3d', 'PySide6', 'scipy', 'pydantic'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_every_command_explains_itself(run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for name in ("open", "demo", "info", "render", "export", "tour", "bench"):
        assert name in out
        status, text, _ = run(name, "--help")
        assert status == 0
        assert "Usage" in text
