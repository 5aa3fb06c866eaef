"""PCD: its three kinds of data, padding, repeated fields, packed colours, and headers that lie."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.datasets._lzf import decompress
from app.core.errors import DataError
from app.core.types import Frame


def head(points: object = 2, data: str = "ascii", **changes: str) -> bytes:
    """A header of x, y, z as float32 with some lines changed or, where empty, left out."""
    lines = {
        "VERSION": "0.7",
        "FIELDS": "x y z",
        "SIZE": "4 4 4",
        "TYPE": "F F F",
        "COUNT": "1 1 1",
        "WIDTH": str(points),
        "HEIGHT": "1",
        "POINTS": str(points),
        **changes,
        "DATA": data,
    }
    return "".join(f"{key} {value}\n" for key, value in lines.items() if value).encode()


def read(path: Path, data: bytes) -> Frame:
    path.write_bytes(data)
    return open_dataset(path).sequences[0].read(0)


def pack(data: bytes) -> bytes:
    """LZF of literals only, which every LZF reader must take."""
    return b"".join(bytes([len(data[i : i + 32]) - 1]) + data[i : i + 32] for i in range(0, len(data), 32))


def packed(data: bytes) -> bytes:
    body = pack(data)
    return len(body).to_bytes(4, "little") + len(data).to_bytes(4, "little") + body


def test_the_three_kinds_hold_the_same(tmp_path: Path) -> None:
    points = np.array([[1, 2, 3], [4, 5, 6.5]], "<f4")
    ascii_ = read(tmp_path / "a.pcd", head() + b"1 2 3\n4 5 6.5\n")
    binary = read(tmp_path / "b.pcd", head(data="binary") + points.tobytes())
    compressed = read(tmp_path / "c.pcd", head(data="binary_compressed") + packed(points.T.tobytes()))
    for frame in (ascii_, binary, compressed):
        assert np.array_equal(frame.points, points)


@pytest.mark.parametrize("write_ascii", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_what_open3d_writes(tmp_path: Path, write_ascii: bool, compressed: bool) -> None:
    import open3d as o3d

    rng = np.random.default_rng(0)
    points = np.repeat(rng.normal(size=(200, 3)), 5, axis=0)  # repetition, so that LZF copies
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    cloud.colors = o3d.utility.Vector3dVector(np.tile([[1.0, 0.5, 0.0]], (1000, 1)))
    path = tmp_path / "a.pcd"
    assert o3d.io.write_point_cloud(str(path), cloud, write_ascii=write_ascii, compressed=compressed)
    frame = open_dataset(path).sequences[0].read(0)
    assert np.allclose(frame.points, points, atol=1e-5)
    assert frame.colors is not None and np.abs(frame.colors.astype(int) - [255, 128, 0]).max() <= 1


def test_padding_and_repeated_fields(tmp_path: Path) -> None:
    dtype = [
        ("x", "<f4"),
        ("y", "<f4"),
        ("z", "<f4"),
        ("pad", "V4"),
        ("h", "<f4", (3,)),
        ("label", "u1"),
        ("end", "V3"),
    ]
    data = np.zeros(2, dtype)
    data["x"], data["h"], data["label"] = [1, 2], [[1, 2, 3], [4, 5, 6]], [7, 9]
    changes = {
        "FIELDS": "x y z _ h label _",
        "SIZE": "4 4 4 1 4 1 1",
        "TYPE": "F F F U F U U",
        "COUNT": "1 1 1 4 3 1 3",
    }
    frame = read(tmp_path / "a.pcd", head(data="binary", **changes) + data.tobytes())
    assert frame.points[:, 0].tolist() == [1, 2]
    assert {name: column.tolist() for name, column in frame.extra.items()} == {
        "h_0": [1, 4],
        "h_1": [2, 5],
        "h_2": [3, 6],
    }
    assert frame.labels is not None and frame.labels.tolist() == [7, 9]


def test_a_viewpoint_is_said_and_not_applied(tmp_path: Path) -> None:
    frame = read(tmp_path / "a.pcd", head(VIEWPOINT="1 0 0 1 0 0 0") + b"1 2 3\n4 5 6\n")
    assert frame.points[0].tolist() == [1, 2, 3] and frame.world_from_sensor is None
    assert "states the viewpoint 1 0 0 1 0 0 0" in frame.notes[0]


def test_organised_clouds_count_width_times_height(tmp_path: Path) -> None:
    frame = read(tmp_path / "a.pcd", head(POINTS="", WIDTH="1", HEIGHT="2") + b"1 2 3\nnan nan nan\n")
    assert len(frame) == 2 and frame.valid.tolist() == [True, False]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no PCD file"),
        (b"VERSION 0.7\n" * 6000, "has no DATA line within 64 KB"),
        (head(data="zip"), "data of the unknown kind 'zip'"),
        (head(TYPE="F F Q"), "field 'z' has the unknown type Q of 4 bytes"),
        (head(SIZE="4 4 3"), "field 'z' has the unknown type F of 3 bytes"),
        (head(COUNT="1 1 0"), "0 times"),
        (head(COUNT="1 1 99999999"), "claims points of more than 16384 bytes"),
        (head(SIZE="4 4"), "FIELDS, SIZE, TYPE and COUNT of its header do not agree"),
        (head(FIELDS="x y x"), "names the field 'x' twice"),
        (head(POINTS="3"), "claims 3 points but 2 × 1; its header lies"),
        (head(POINTS="many"), "are no counts"),
        (head(POINTS="", WIDTH=""), "are no counts"),
        (head(10**12) + b"1 2 3\n", "claims 1000000000000 points in its header but has 6 bytes"),
        (head(3) + b"1 2 3\n4 5 6      \n", "claims 3 points in its header but has 2 lines"),
        (head() + b"1 2 3\n4 5   \n", "no row of numbers"),
        (
            head(data="binary") + b"\0" * 23,
            "claims 2 points in its header but has 23 bytes of data where 24 belong",
        ),
        (head(data="binary_compressed") + b"\x05\0\0", "was cut short or its header lies"),
        (head(data="binary_compressed") + b"\x05\0\0\0\xff\xff\xff\x7f\0\0\0\0\0", "2147483647 bytes unpacked"),
        (head(data="binary_compressed") + b"\x02\0\0\0\x18\0\0\0\x00a", "does not unpack to the 24 bytes"),
        (head(data="binary_compressed") + packed(b"\0" * 24)[:-1], "was cut short or its header lies"),
        (head(FIELDS="a b c"), "was cut short or its header lies"),
        (head(FIELDS="a b c") + b"1 2 3\n4 5 6\n", "has no numbers named x, y and z; its columns are a, b, c"),
    ],
)
def test_headers_that_lie_are_one_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.pcd", data)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_lzf_copies_that_overlap_what_they_write() -> None:
    assert decompress(b"\x00a" + bytes([7 << 5, 20, 0]), 30, "it").tobytes() == b"a" * 30
    assert decompress(b"\x02abc" + bytes([4 << 5, 2]), 9, "it").tobytes() == b"abcabcabc"


@pytest.mark.parametrize(
    "data", [b"\x1f", b"\xe0", b"\xe0\x01", b"\x20", bytes([1 << 5, 0]), b"\x00a" + bytes([1 << 5, 5])]
)
def test_lzf_that_ends_or_points_outside(data: bytes) -> None:
    with pytest.raises(DataError, match="it does not unpack to the 8 bytes"):
        decompress(data, 8, "it")


def test_lzf_refuses_a_size_that_cannot_be_before_it_reserves_anything() -> None:
    tracemalloc.start()
    with pytest.raises(DataError, match="does not unpack to the 4000000000 bytes"):
        decompress(b"\x00a" * 1000, 4_000_000_000, "it")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_lzf_stops_at_the_claimed_size() -> None:
    """A thousand bytes that would unpack to 88 times as many give up as soon as it is too much."""
    bomb = b"\x00a" + bytes([7 << 5, 255, 0]) * 1000
    with pytest.raises(DataError, match="does not unpack to the 100 bytes"):
        decompress(bomb, 100, "it")
