"""Raw .bin: columns are stated or the file is not opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import OpenOptions, open_dataset
from app.core.errors import DataError, UsageError

STATED = OpenOptions(columns=("x", "y", "z", "intensity"))


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan 1.bin"
    np.arange(12, dtype="<f4").tofile(path)
    return path


def test_a_layout_is_never_guessed(scan: Path) -> None:
    """Twelve floats are three points of four columns or four of three: nothing in the file says which."""
    sequence = open_dataset(scan).sequences[0]
    with pytest.raises(
        DataError, match=r"does not say what its columns are, and a guess could be wrong; state them"
    ):
        sequence.read(0)
    assert "does not say what its columns are" in sequence.check_files(0)[0]


def test_columns_stated_when_opening(scan: Path) -> None:
    frame = open_dataset(scan, STATED).sequences[0].read(0)
    assert frame.points.tolist() == [[0, 1, 2], [4, 5, 6], [8, 9, 10]]
    assert frame.intensity is not None and frame.intensity.tolist() == [3, 7, 11]
    frame = open_dataset(scan, OpenOptions(columns=("z", "y", "x"))).sequences[0].read(0)
    assert frame.points[0].tolist() == [2, 1, 0]


def test_columns_stated_beside_the_file(scan: Path) -> None:
    (scan.parent / "columns.yaml").write_text("columns: [x, y, z, 'ring:uint16', 'label:uint16']")
    frame = open_dataset(scan).sequences[0].read(0)
    assert len(frame) == 3 and frame.ring is not None and frame.labels is not None


def test_stating_when_opening_wins_over_the_file(scan: Path) -> None:
    (scan.parent / "columns.yaml").write_text("columns: [x, y, z]")
    assert len(open_dataset(scan).sequences[0].read(0)) == 4
    assert len(open_dataset(scan, STATED).sequences[0].read(0)) == 3


def test_stated_columns_open_a_velodyne_folder_as_what_was_stated(tmp_path: Path) -> None:
    folder = tmp_path / "velodyne"
    folder.mkdir()
    np.zeros(30, "<f4").tofile(folder / "000000.bin")
    dataset = open_dataset(folder, OpenOptions(columns=("x", "y", "z", "intensity", "ring")))
    assert dataset.format == "bin" and len(dataset.sequences[0].read(0)) == 6


def test_a_size_that_is_no_multiple_of_the_record(scan: Path) -> None:
    scan.write_bytes(b"\0" * 50)
    sequence = open_dataset(scan, STATED).sequences[0]
    with pytest.raises(DataError, match=r"has 50 bytes, which is no whole number of 16-byte records"):
        sequence.read(0)
    assert "50 bytes" in sequence.check_files(0)[0]


def test_zero_bytes(scan: Path) -> None:
    scan.write_bytes(b"")
    frame = open_dataset(scan, STATED).sequences[0].read(0)
    assert len(frame) == 0 and "holds no points" in frame.notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "states no columns"),
        ("columns: x y z", "states no columns"),
        ("columns: [x, y]", "states no columns"),
        ("columns: [x, y, z", "is no readable YAML"),
        ("columns: [x, y, z, 4]", "'4' is no column"),
        ("columns: [x, y, z, 'a:float16']", "'a:float16' is no column"),
        ("columns: [a, b, c]", "columns must name x, y and z; they are a, b, c"),
        ("columns: [x, y, z, z]", "a column is named twice"),
        ("columns: !!python/object/apply:os.system ['exit']", "is no readable YAML"),
    ],
)
def test_a_columns_file_that_cannot_be(scan: Path, text: str, said: str) -> None:
    (scan.parent / "columns.yaml").write_text(text)
    with pytest.raises(DataError, match=r"columns\.yaml") as caught:
        open_dataset(scan).sequences[0].read(0)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_impossible_columns_when_opening_are_a_usage_error(scan: Path) -> None:
    with pytest.raises(UsageError, match="The stated columns: columns must name x, y and z"):
        open_dataset(scan, OpenOptions(columns=("a",))).sequences[0].read(0)
