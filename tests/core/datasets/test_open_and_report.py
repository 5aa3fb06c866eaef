"""Opening: what is not there, empty, unknown or forbidden; folders of files; what ``info`` says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import OpenOptions, open_dataset, readers
from app.core.datasets._examples import write_semantickitti
from app.core.datasets._files import natural_sorted
from app.core.datasets.report import describe, describe_steps
from app.core.errors import DataError, UsageError


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing here does not exist; check its spelling"):
        open_dataset(tmp_path / "nothing here")
    with pytest.raises(DataError, match="cannot be read"):
        open_dataset(tmp_path / ("n" * 300))
    with pytest.raises(DataError, match="does not exist"):
        open_dataset("a\0b")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is an empty folder; open the folder that holds the recording"):
        open_dataset(tmp_path)


def test_an_unknown_format_says_what_was_found_and_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "notes.docx").write_text("")
    with pytest.raises(
        DataError, match=r"of no known format; the folder holds notes.docx; expected one of: KITTI 3D"
    ):
        open_dataset(tmp_path)
    with pytest.raises(DataError, match=r"of no known format; it is a '.docx' file"):
        open_dataset(tmp_path / "notes.docx")


def test_something_that_is_neither_file_nor_folder() -> None:
    with pytest.raises(DataError, match="is neither a file nor a folder"):
        open_dataset("/dev/null")


def test_relative_paths_and_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_semantickitti(tmp_path)
    monkeypatch.chdir(tmp_path / "sequences" / "00" / "velodyne")
    assert open_dataset(".").sequences[0].name == "00"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_dataset("~").path == tmp_path


def test_natural_order() -> None:
    assert natural_sorted(["scan10.ply", "scan9.ply", "scan1.ply"]) == ["scan1.ply", "scan9.ply", "scan10.ply"]
    assert natural_sorted(["b2", "b10", "a", "10", "9", "²"]) == ["9", "10", "a", "b2", "b10", "²"]


def write_clouds(folder: Path, count: int) -> None:
    for i in range(count):
        np.save(folder / f"scan{i}.npy", np.full((2, 3), i, np.float32))


def test_a_folder_of_files_is_a_sequence_in_natural_order(tmp_path: Path) -> None:
    write_clouds(tmp_path, 12)
    (sequence,) = open_dataset(tmp_path, OpenOptions(rate=5)).sequences
    assert [sequence.read(i).points[0, 0] for i in range(12)] == list(range(12))
    assert (sequence.rate, sequence.name) == (5, tmp_path.name)


def test_poses_beside_the_files(tmp_path: Path) -> None:
    write_clouds(tmp_path, 3)
    (tmp_path / "poses.txt").write_text("1 0 0 5 0 1 0 6 0 0 1 7\n1 0 0 8 0 1 0 6 0 0 1 7\n")
    (sequence,) = open_dataset(tmp_path).sequences
    assert sequence.poses is not None and sequence.poses[:, 0, 3].tolist() == [5, 8]
    assert [sequence.read(i).world_from_sensor is not None for i in range(3)] == [True, True, False]
    assert "has 2 poses for 3 files" in sequence.problems[0]


def test_the_commonest_suffix_of_a_mixed_folder_wins(tmp_path: Path) -> None:
    write_clouds(tmp_path, 3)
    (tmp_path / "mesh.ply").write_text("")
    assert open_dataset(tmp_path).format == "npy"


def test_the_report_has_the_fields_that_scripts_rely_on(tmp_path: Path) -> None:
    report = describe(write_semantickitti(tmp_path), frame=1)
    assert report == {
        "format": "semantickitti",
        "sequences": [{"name": "00", "frames": 2, "cameras": ["image_2"], "has_labels": True, "has_poses": True}],
        "problems": [],
        "frame": {
            "points": 4,
            "labelled_points": 4,
            "classes": {"car": 2, "road": 1, "vegetation": 1},
            "cameras": {"image_2": {"in_image": 1}},
        },
    }
    assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize("name", sorted(readers()))
def test_every_example_is_described(name: str, tmp_path: Path) -> None:
    report = describe(readers()[name].write_example(tmp_path), frame=0)
    assert report["format"] == name and report["frame"]["points"] >= 3
    assert json.loads(json.dumps(report)) == report


def test_unlabelled_points_are_not_counted_as_labelled(tmp_path: Path) -> None:
    root = write_semantickitti(tmp_path)
    np.array([0, 1, 99, 40], "<u4").tofile(root / "sequences" / "00" / "labels" / "000000.label")
    part = describe(root, frame=0)["frame"]
    assert part["labelled_points"] == 1 and part["classes"] == {"unlabeled": 3, "road": 1}


def test_the_report_looks_at_every_file_and_says_so(tmp_path: Path) -> None:
    root = write_semantickitti(tmp_path)
    for i in range(2, 200):
        (root / "sequences" / "00" / "velodyne" / f"{i:06d}.bin").write_bytes(b"\0" * 15)
    steps = describe_steps(root)
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as stop:
            report = stop.value
            break
    assert [done for done, total, _ in events] == [0, 64, 128, 192] and {total for _, total, _ in events} == {200}
    short = [problem for problem in report["problems"] if "15 bytes" in problem]
    assert len(short) == 20
    assert "00: 178 more files are missing or broken in the same ways." in report["problems"]


def test_a_frame_or_sequence_that_is_not_there(tmp_path: Path) -> None:
    root = write_semantickitti(tmp_path)
    with pytest.raises(UsageError, match="There is no frame 2; sequence 00 has frames 0 to 1"):
        describe(root, frame=2)
    with pytest.raises(UsageError, match="no sequence '01'; there are: 00"):
        describe(root, frame=0, sequence="01")


def test_opening_loads_no_decoder(tmp_path: Path) -> None:
    """The window starts fast because decoders are imported by those who read such files."""
    root = write_semantickitti(tmp_path)
    code = (
        "import sys; from app.core.datasets import open_dataset; "
        f"open_dataset({str(root)!r}).sequences[0].read(0); "
        "heavy = {'laspy', 'lazrs', 'numba', 'PIL', 'yaml', 'scipy', 'open3d', 'torch'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    top = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=top, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
