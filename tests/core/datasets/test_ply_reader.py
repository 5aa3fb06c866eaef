"""PLY: byte orders, names, and headers that lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.errors import DataError
from app.core.types import Frame

XYZ = "property float x\nproperty float y\nproperty float z\n"


def write(path: Path, header: str, data: bytes, kind: str = "ascii") -> Path:
    path.write_bytes(f"ply\nformat {kind} 1.0\n{header}end_header\n".encode() + data)
    return path


def read(path: Path) -> Frame:
    return open_dataset(path).sequences[0].read(0)


@pytest.mark.parametrize(("kind", "order"), [("binary_little_endian", "<"), ("binary_big_endian", ">")])
def test_both_byte_orders(tmp_path: Path, kind: str, order: str) -> None:
    dtype = np.dtype([("x", f"{order}f8"), ("y", f"{order}f4"), ("z", f"{order}f4"), ("k", f"{order}i4")])
    data = np.array([(1.5, 2, 3, -7), (4, 5, 6, 70_000)], dtype)
    header = "element vertex 2\nproperty double x\nproperty float y\nproperty float z\nproperty int32 k\n"
    frame = read(write(tmp_path / "a.ply", header, data.tobytes(), kind))
    assert frame.points.tolist() == [[1.5, 2, 3], [4, 5, 6]]
    assert frame.extra["k"].tolist() == [-7, 70_000] and frame.extra["k"].dtype.isnative


def test_names_mean_what_the_manual_says(tmp_path: Path) -> None:
    names = "float scalar_Intensity|uchar red|uchar green|uchar blue|int label|uint instance"
    names += "|float time|short ring|float nx"
    header = f"element vertex 2\n{XYZ}" + "".join(f"property {name}\n" for name in names.split("|"))
    frame = read(
        write(tmp_path / "a.ply", header, b"1 2 3 0.5 9 8 7 40 3 10.5 5 1\n1 2 3 0.25 6 5 4 41 4 10 6 0\n")
    )
    assert frame.intensity is not None and frame.intensity.tolist() == [0.5, 0.25]
    assert frame.colors is not None and frame.colors.tolist() == [[9, 8, 7], [6, 5, 4]]
    assert frame.labels is not None and frame.labels.tolist() == [40, 41]
    assert frame.instances is not None and frame.instances.tolist() == [3, 4]
    assert frame.time is not None and frame.time.tolist() == [0.5, 0]
    assert frame.ring is not None and frame.ring.tolist() == [5, 6]
    assert set(frame.extra) == {"nx"}


@pytest.mark.parametrize(
    ("prop", "values", "name"),
    [
        ("int label", (-1, 5), "label"),
        ("int label", (0, 70_000), "label"),
        ("float label", (0.5, 1), "label"),
        ("float class", (float("nan"), 1), "class"),
        ("int ring", (0, 40_000), "ring"),
        ("uint time", (0, 1), "time"),
    ],
)
def test_values_that_a_name_does_not_allow_stay_a_column(
    tmp_path: Path, prop: str, values: tuple[float, float], name: str
) -> None:
    data = "".join(f"1 2 3 {value}\n" for value in values).encode()
    frame = read(write(tmp_path / "a.ply", f"element vertex 2\n{XYZ}property {prop}\n", data))
    assert frame.labels is None and frame.ring is None and frame.time is None
    assert np.array_equal(frame.extra[name], values, equal_nan=True)
    assert f"column '{name}' holds values that are no" in frame.notes[0]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("float", "0 0.5 1", [0, 128, 255]),
        ("ushort", "0 32768 65535", [0, 128, 255]),
        ("int", "0 128 255", [0, 128, 255]),
    ],
)
def test_colours_of_other_types(tmp_path: Path, kind: str, values: str, expected: list[int]) -> None:
    header = f"element vertex 1\n{XYZ}" + "".join(f"property {kind} {c}\n" for c in ("red", "green", "blue"))
    frame = read(write(tmp_path / "a.ply", header, f"1 2 3 {values}\n".encode()))
    assert frame.colors is not None and frame.colors.tolist() == [expected]


def test_colours_of_no_known_range_are_not_guessed(tmp_path: Path) -> None:
    header = f"element vertex 1\n{XYZ}" + "".join(f"property float {c}\n" for c in ("red", "green", "blue"))
    frame = read(write(tmp_path / "a.ply", header, b"1 2 3 100 200 300\n"))
    assert frame.colors is None and set(frame.extra) == {"red", "green", "blue"}
    assert "neither bytes, 16 bits nor 0 to 1" in frame.notes[0]


def test_large_doubles_keep_their_millimetres_through_the_pose(tmp_path: Path) -> None:
    header = "element vertex 2\n" + "".join(f"property double {axis}\n" for axis in "xyz")
    frame = read(write(tmp_path / "a.ply", header, b"500000.123 5000000.001 1\n500001.125 5000002.002 2\n"))
    assert frame.world_from_sensor is not None
    world = frame.points.astype(np.float64) @ frame.world_from_sensor[:3, :3].T + frame.world_from_sensor[:3, 3]
    assert world == pytest.approx(np.array([[500000.123, 5000000.001, 1], [500001.125, 5000002.002, 2]]), abs=1e-6)
    assert np.array_equal(frame.world_from_sensor[:3, 3] % 1, [0, 0, 0])


def test_large_floats_are_said_to_be_coarse(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "a.ply", f"element vertex 1\n{XYZ}", b"500000.1 0 0\n"))
    assert "float32 keeps them to within 0.031 m" in frame.notes[0]


def test_faces_after_and_small_elements_before_the_vertices(tmp_path: Path) -> None:
    header = (
        f"element camera 1\nproperty float a\nelement vertex 1\n{XYZ}element face 1\nproperty list uchar int v\n"
    )
    assert read(write(tmp_path / "a.ply", header, b"9\n1 2 3\n3 0 0 0\n")).points.tolist() == [[1, 2, 3]]
    data = np.array([9, 1, 2, 3], "<f4").tobytes() + b"\x00"
    assert read(write(tmp_path / "b.ply", header, data, "binary_little_endian")).points.tolist() == [[1, 2, 3]]


def test_a_mesh_of_another_program_opens(tmp_path: Path) -> None:
    import trimesh

    box = trimesh.creation.box()
    (tmp_path / "box.ply").write_bytes(box.export(file_type="ply"))
    assert np.allclose(read(tmp_path / "box.ply").points, box.vertices)


@pytest.mark.parametrize(
    ("header", "data", "kind", "said"),
    [
        (
            f"element vertex 1000000000000\n{XYZ}",
            b"\0" * 36,
            "binary_little_endian",
            "claims 1000000000000 vertices in its",
        ),
        (f"element vertex 4\n{XYZ}", b"\0" * 47, "binary_little_endian", "was cut short or its header lies"),
        (
            f"element vertex 1000000000000\n{XYZ}",
            b"1 2 3\n",
            "ascii",
            "claims 1000000000000 vertices in its header",
        ),
        (
            f"element vertex 3\n{XYZ}",
            b"1 2 3\n4 5 6         \n",
            "ascii",
            "claims 3 points in its header but has 2 lines",
        ),
        ("element vertex 1\nproperty quad x\n", b"", "ascii", "unknown type 'property quad x'; known: char, uchar"),
        (f"element vertex 1\n{XYZ}property float x\n", b"1 2 3 4\n", "ascii", "names 'x' twice"),
        ("element face 1\nproperty float x\n", b"1\n", "ascii", "has no vertices in its header"),
        (f"element vertex -1\n{XYZ}", b"", "ascii", "is 'element vertex -1', which is no PLY"),
        (f"element vertex 1\n{XYZ}", b"1 2 car\n", "ascii", "holds a line that is no row of numbers"),
        (f"element vertex 1\n{XYZ}", b"1 2 3 4\n", "ascii", "has 4 numbers a line where its header names 3"),
        (
            f"element vertex 1\n{XYZ}property uchar red\n",
            b"1 2 3 300\n",
            "ascii",
            "'red' holds values that are no uint8",
        ),
        (
            "element vertex 1\nproperty float a\n",
            b"1\n",
            "ascii",
            "has no numbers named x, y and z; its columns are a",
        ),
        ("element vertex 1\n", b"", "ascii", "its columns are none"),
        (
            f"element vertex 1\n{XYZ}property list uchar int k\n",
            b"1 2 3 0\n",
            "ascii",
            "keeps lists in its vertices",
        ),
        (
            f"element face 1\nproperty list uchar int v\nelement vertex 1\n{XYZ}",
            b"\0" * 40,
            "binary_little_endian",
            "has 'face' before its vertices",
        ),
        (f"element vertex 1\n{XYZ}", b"1 2 3\n", "binary_middle_endian", "is 'format binary_middle_endian 1.0'"),
    ],
)
def test_headers_that_lie_are_one_sentence(tmp_path: Path, header: str, data: bytes, kind: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(write(tmp_path / "a.ply", header, data, kind))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_no_header_at_all(tmp_path: Path) -> None:
    for data in (b"", b"ply\n", b"solid\n", b"ply\nformat ascii 1.0\n" + b"comment x\n" * 10_000):
        (tmp_path / "a.ply").write_bytes(data)
        with pytest.raises(DataError, match="is no PLY file, or its header has no end within 64 KB"):
            read(tmp_path / "a.ply")


def test_zero_vertices_are_a_frame_with_a_note(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "a.ply", f"element vertex 0\n{XYZ}", b""))
    assert len(frame) == 0 and frame.notes == (f"{tmp_path / 'a.ply'} holds no points.",)


def test_windows_line_ends(tmp_path: Path) -> None:
    text = f"ply\nformat ascii 1.0\nelement vertex 1\n{XYZ}end_header\n1 2 3\n".replace("\n", "\r\n")
    (tmp_path / "a.ply").write_bytes(text.encode())
    assert read(tmp_path / "a.ply").points.tolist() == [[1, 2, 3]]
