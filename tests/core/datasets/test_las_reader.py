"""LAS and LAZ: map coordinates, classes, colours, and files that are cut short or lie."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import laspy
import numpy as np
import pytest

from app.core.datasets import open_dataset, readers
from app.core.errors import DataError
from app.core.types import Frame


def write(path: Path, point_format: int = 3, version: str = "1.2", **dimensions: object) -> Path:
    header = laspy.LasHeader(point_format=point_format, version=version)
    header.scales, header.offsets = np.full(3, 0.001), np.zeros(3)
    tile = laspy.LasData(header)
    for name, values in {"x": [1, 2, 3], "y": [4, 5, 6], "z": [7, 8, 9], **dimensions}.items():
        setattr(tile, name, np.asarray(values))
    tile.write(path)
    return path


def read(path: Path) -> Frame:
    return open_dataset(path).sequences[0].read(0)


@pytest.mark.parametrize("suffix", ["las", "laz"])
@pytest.mark.parametrize(("point_format", "version"), [(0, "1.2"), (3, "1.2"), (6, "1.4"), (8, "1.4")])
def test_formats_and_versions(tmp_path: Path, suffix: str, point_format: int, version: str) -> None:
    path = write(tmp_path / f"a.{suffix}", point_format, version, classification=[2, 6, 1], intensity=[1, 2, 65535])
    frame = read(path)
    assert frame.points.tolist() == [[1, 4, 7], [2, 5, 8], [3, 6, 9]]
    assert frame.labels is not None and frame.labels.tolist() == [2, 6, 1]
    assert frame.intensity is not None and frame.intensity.tolist() == [1, 2, 65535]
    assert frame.world_from_sensor is not None and np.array_equal(frame.world_from_sensor, np.eye(4))


def test_map_coordinates_go_through_the_pose(tmp_path: Path) -> None:
    tiles = readers()["las"].write_example(tmp_path)
    sequence = open_dataset(tiles).sequences[0]
    frame = sequence.read(1)
    assert frame.world_from_sensor is not None and sequence.poses is not None
    world = frame.points.astype(np.float64) + frame.world_from_sensor[:3, 3]
    assert world[0] == pytest.approx([500_020.125, 5_000_001.0, 100.0], abs=1e-6)
    assert np.array_equal(frame.world_from_sensor[:3, 3] % 1, [0, 0, 0])
    assert np.abs(frame.points).max() < 10


def test_bounds_that_lie_do_not_cost_precision(tmp_path: Path) -> None:
    path = write(tmp_path / "a.las", x=[500_000.125, 500_001.5, 500_002], y=[4, 5, 6])
    data = bytearray(path.read_bytes())
    struct.pack_into("<6d", data, 179, *([0.0] * 6))
    path.write_bytes(data)
    frame = read(path)
    assert frame.world_from_sensor is not None
    assert float(frame.points[0, 0]) + frame.world_from_sensor[0, 3] == 500_000.125


def test_the_standards_columns_are_kept(tmp_path: Path) -> None:
    frame = read(
        write(tmp_path / "a.las", gps_time=[1.0, 2.0, 3.5], return_number=[1, 2, 1], number_of_returns=[2, 2, 1])
    )
    assert frame.extra["gps_time"].tolist() == [1, 2, 3.5]
    assert frame.extra["return_number"].tolist() == [1, 2, 1]
    assert frame.extra["number_of_returns"].tolist() == [2, 2, 1]


@pytest.mark.parametrize("suffix", ["las", "laz"])
@pytest.mark.parametrize("point_format", [3, 10])
def test_columns_that_wait_are_those_of_the_library(tmp_path: Path, suffix: str, point_format: int) -> None:
    """Every dimension is there, whether a frame takes it or not, and survives a journey to another process."""
    version = "1.2" if point_format < 6 else "1.4"
    path = write(tmp_path / f"a.{suffix}", point_format, version, return_number=[3, 1, 2], withheld=[0, 1, 0],
                 user_data=[9, 8, 7], gps_time=[1.5, 2, 3])  # fmt: skip
    peer = laspy.read(path)
    extra = read(path).extra
    taken = {"X", "Y", "Z", "intensity", "classification", "red", "green", "blue"}
    assert set(extra) == set(peer.point_format.dimension_names) - taken
    assert len(extra) == len(list(extra))
    for name, values in extra.items():
        assert np.array_equal(values, np.asarray(peer[name])), name
    assert extra["withheld"] is extra["withheld"]
    assert "tram" not in extra
    again = pickle.loads(pickle.dumps(read(path).extra))
    assert type(again) is dict and again.keys() == extra.keys()


def test_a_point_of_another_length_is_not_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.las", 0)
    data = path.read_bytes()
    path.write_bytes(change(data, 105, struct.pack("<H", 19)))
    with pytest.raises(DataError) as caught:
        read(path)
    assert "19" in str(caught.value) or "no whole LAS" in str(caught.value)


def test_colours_of_16_and_of_8_bits(tmp_path: Path) -> None:
    wide = read(write(tmp_path / "a.las", red=[0, 65535, 256], green=[0, 0, 0], blue=[0, 0, 0]))
    assert wide.colors is not None and wide.colors[:, 0].tolist() == [0, 255, 1] and wide.notes == ()
    narrow = read(write(tmp_path / "b.las", red=[0, 255, 1], green=[0, 0, 0], blue=[0, 0, 0]))
    assert narrow.colors is not None and narrow.colors[:, 0].tolist() == [0, 255, 1]
    assert "keeps colours as bytes where the standard has 16 bits" in narrow.notes[0]


def test_extra_dimensions_are_columns(tmp_path: Path) -> None:
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.add_extra_dim(laspy.ExtraBytesParams("height_above_ground", np.float32))
    tile = laspy.LasData(header)
    tile.x = tile.y = tile.z = np.arange(3)
    tile.height_above_ground = np.array([0.5, 1, 2], np.float32)
    tile.write(tmp_path / "a.las")
    assert read(tmp_path / "a.las").extra["height_above_ground"].tolist() == [0.5, 1, 2]


def test_classes_have_the_standards_names(tmp_path: Path) -> None:
    sequence = open_dataset(write(tmp_path / "a.las", 6, "1.4", classification=[2, 0, 70])).sequences[0]
    assert sequence.label_set is not None
    labels = sequence.read(0).labels
    assert labels is not None
    assert [sequence.label_set.raw_name(i) for i in labels] == ["ground", "never classified", "unknown"]
    assert "Label ids that ASPRS LAS does not list: 70 (1 points)" in sequence.notes(sequence.read(0))[0]


def test_no_points(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "a.las", x=[], y=[], z=[]))
    assert len(frame) == 0 and "holds no points" in frame.notes[0]


def change(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize("suffix", ["las", "laz"])
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda data: b"", "is no LAS or LAZ file"),
        (lambda data: data[:100], "is no LAS or LAZ file"),
        (lambda data: b"nonsense" * 100, "is no LAS or LAZ file"),
        (lambda data: data[:-7], ""),
        (lambda data: change(data, 107, b"\xff\xff\xff\x7f"), "claims 2147483647 points in its header"),
        (lambda data: change(data, 96, b"\xff\xff\xff\x7f"), "the sizes in its header do not fit"),
        (lambda data: change(data, 100, b"\xff\xff\xff\x7f"), "the sizes in its header do not fit"),
        (lambda data: change(data, 131, struct.pack("<d", 0)), "the scales or offsets of its header"),
        (lambda data: change(data, 155, struct.pack("<d", float("nan"))), "the scales or offsets of its header"),
        (lambda data: change(data, 104, bytes([data[104] & 0xC0 | 40])), "is no whole LAS or LAZ file"),
    ],
)
def test_broken_files_are_one_sentence(tmp_path: Path, suffix: str, broken, said: str) -> None:  # type: ignore[no-untyped-def]
    path = write(tmp_path / f"a.{suffix}")
    path.write_bytes(broken(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        read(path)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_chunk_table_that_lies_reserves_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.laz")
    data = path.read_bytes()
    start = struct.unpack_from("<I", data, 96)[0]
    (table,) = struct.unpack_from("<q", data, start)
    for broken in (
        change(data, start, struct.pack("<q", 1 << 40)),
        change(data, start, struct.pack("<q", -5)),
        change(data, table + 4, b"\xff\xff\xff\xff"),
    ):
        path.write_bytes(broken)
        with pytest.raises(DataError, match="table of compressed chunks is broken"):
            read(path)
