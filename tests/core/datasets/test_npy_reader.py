"""NumPy files: names of columns, archives, and nothing that runs or reserves what is not there."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.datasets import OpenOptions, open_dataset
from app.core.errors import DataError, UsageError
from app.core.types import Frame

XYZ = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


def read(path: Path, *columns: str) -> Frame:
    return open_dataset(path, OpenOptions(columns=columns or None)).sequences[0].read(0)


def test_three_columns_are_x_y_z(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", XYZ)
    assert read(tmp_path / "a.npy").points.tolist() == XYZ.tolist()


@pytest.mark.parametrize("array", [np.asfortranarray(XYZ), XYZ.astype(">f8"), XYZ.astype(np.int16)])
def test_orders_and_types(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    assert read(tmp_path / "a.npy").points.tolist() == XYZ.tolist()


def test_more_columns_must_be_stated(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.c_[XYZ, [0.5, 0.25]])
    with pytest.raises(
        DataError, match=r"has 4 columns without names; state them, as 'columns: \[x, y, z, intensity\]'"
    ):
        read(path)
    frame = read(path, "x", "y", "z", "intensity")
    assert frame.intensity is not None and frame.intensity.tolist() == [0.5, 0.25]
    (tmp_path / "columns.yaml").write_text("columns: [y, x, z, label]")
    assert read(path).points[0].tolist() == [2, 1, 3]
    with pytest.raises(DataError, match=r"has 4 columns where 3 are stated \(x, y, z\)"):
        read(path, "x", "y", "z")


def test_structured_arrays_name_their_columns(tmp_path: Path) -> None:
    rows = np.zeros(2, [("xyz", "<f4", (3,)), ("rgb", "u1", (3,)), ("Intensity", "<f4"), ("feature", "<f4", (2,))])
    rows["xyz"], rows["rgb"], rows["feature"] = XYZ, [[1, 2, 3], [4, 5, 6]], [[7, 8], [9, 10]]
    np.save(tmp_path / "a.npy", rows)
    frame = read(tmp_path / "a.npy")
    assert frame.points.tolist() == XYZ.tolist()
    assert frame.colors is not None and frame.colors[1].tolist() == [4, 5, 6]
    assert frame.intensity is not None
    assert {name: values.tolist() for name, values in frame.extra.items()} == {
        "feature_0": [7, 9],
        "feature_1": [8, 10],
    }


def test_archives_hold_one_array_for_each_thing(tmp_path: Path) -> None:
    np.savez_compressed(
        tmp_path / "a.npz",
        points=XYZ,
        intensity=[1.0, 2.0],
        labels=np.array([3, 4], np.int64),
        instances=[0, 5],
        colors=np.array([[255, 0, 0], [0, 255, 0]], np.uint8),
        normals=np.eye(3)[:2],
        seed=7,
        other=np.zeros(5),
    )
    frame = read(tmp_path / "a.npz")
    assert frame.labels is not None and frame.labels.tolist() == [3, 4]
    assert frame.instances is not None and frame.instances.tolist() == [0, 5]
    assert frame.colors is not None and frame.colors[0].tolist() == [255, 0, 0]
    assert set(frame.extra) == {"normals_0", "normals_1", "normals_2"}
    assert [note.split("'")[1] for note in frame.notes] == ["seed", "other"]


def test_archives_of_single_coordinates(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=XYZ[:, 0], y=XYZ[:, 1], z=XYZ[:, 2])
    assert read(tmp_path / "a.npz").points.tolist() == XYZ.tolist()


def test_archives_without_points_say_what_they_hold(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", similarity=[1.0])
    with pytest.raises(DataError, match=r"has no array named points, xyz.*; its arrays are similarity"):
        read(tmp_path / "a.npz")


def test_coordinates_of_different_lengths(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=[1.0, 2.0], y=[1.0, 2.0], z=[1.0])
    with pytest.raises(DataError, match="has no numbers named x, y and z"):
        read(tmp_path / "a.npz")


class Trap:
    """Unpickling one would raise; a reader that never unpickles never meets it."""

    def __reduce__(self) -> Any:
        return (exec, ("raise AssertionError('code from data has run')",))


def test_no_code_runs_from_data(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([Trap()], object))
    np.savez(tmp_path / "b.npz", points=np.array([Trap()], object))
    for name in ("a.npy", "b.npz"):
        with pytest.raises(DataError, match="holds pickled Python objects, which are never loaded"):
            read(tmp_path / name)


def npy(shape: str, descr: str = "'<f4'", data: bytes = b"\0" * 24) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no NPY array"),
        (npy("(2, 3)")[:40], "has a broken NPY header"),
        (npy("(2, 3)")[:-1], "has 23 bytes of data where its header claims 6 × 4"),
        (npy("(1000000000000, 3)"), "where its header claims 3000000000000 × 4"),
        (npy("(-2, 3)"), "has a broken NPY header"),
        (npy("(2.0, 3)"), "has a broken NPY header"),
        (npy("__import__('os')"), "has a broken NPY header"),
        (npy("(2, 3)", "'<f99'"), "has a broken NPY header"),
        (npy("(2, 3)", "'V0'"), "holds values of zero bytes"),
        (npy("(" * 5000), "has a broken NPY header"),
        (npy("(2, 3)", "'<M8[s]'", b"\0" * 48), "has no numbers named x, y and z"),
        (npy("(6,)"), "has an array of shape (6,) where (points, 3 or more) belongs"),
        (npy("(12, 2)", data=b"\0" * 96), "has an array of shape (12, 2)"),
    ],
)
def test_broken_arrays_are_one_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.npy")
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_lying_header_reserves_nothing(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.npy", npy("(500000000, 3)"))
    (tmp_path / "a.npz").write_bytes(buffer.getvalue())
    (tmp_path / "a.npy").write_bytes(npy("(500000000, 3)"))
    for name in ("a.npz", "a.npy"):
        sequence = open_dataset(tmp_path / name).sequences[0]
        tracemalloc.start()
        with pytest.raises(DataError, match="where its header claims 1500000000 × 4"):
            sequence.read(0)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1 << 20


def test_stated_columns_must_be_possible(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", XYZ)
    for columns, said in (
        (("x", "y"), "columns must name x, y and z; they are x, y"),
        (("x", "y", "z", "x"), "a column is named twice"),
        (("x", "y", "z:complex"), "'z:complex' is no column"),
    ):
        with pytest.raises(UsageError, match=said):
            read(tmp_path / "a.npy", *columns)
