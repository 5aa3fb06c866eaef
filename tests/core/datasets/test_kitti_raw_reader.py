"""KITTI raw: where it opens, its poses from oxts packets, and what of it can be missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.datasets._examples import write_kitti_raw
from app.core.datasets._oxts import EARTH_RADIUS, world_from_imu
from app.core.datasets.base import Sequence
from app.core.errors import DataError

DRIVE = "2011_09_26_drive_0001_sync"


@pytest.fixture
def date(tmp_path: Path) -> Path:
    return write_kitti_raw(tmp_path)


def first(path: Path) -> Sequence:
    return open_dataset(path).sequences[0]


@pytest.mark.parametrize("path", ["..", ".", DRIVE, f"{DRIVE}/velodyne_points", f"{DRIVE}/velodyne_points/data"])
def test_it_opens_from_each_of_its_folders(date: Path, path: str) -> None:
    dataset = open_dataset(date / path)
    assert dataset.format == "kitti-raw"
    assert [(s.name, len(s)) for s in dataset.sequences] == [(DRIVE, 2)]


def test_one_scan_keeps_its_pose_and_picture(date: Path) -> None:
    frame = first(date / DRIVE / "velodyne_points" / "data" / "0000000001.bin").read(0)
    assert frame.name == "0000000001" and frame.world_from_sensor is not None
    assert frame.cameras[0].image_path is not None and frame.cameras[0].image_path.stem == "0000000001"
    assert frame.timestamp == pytest.approx(0.1)


def test_mercator_agrees_with_metres_on_the_ground() -> None:
    """A thousandth of a degree north and east at 49° is that arc of the Earth, within a part in ten thousand."""
    step = np.radians(1e-3)
    packets = np.array([[49.0, 8.0, 100, 0, 0, 0], [49.001, 8.0, 100, 0, 0, 0], [49.0, 8.001, 107, 0, 0, 0]])
    poses = world_from_imu(packets)
    assert np.allclose(poses[0], np.eye(4))
    assert poses[1, :3, 3] == pytest.approx([0, EARTH_RADIUS * step, 0], rel=1e-4, abs=1e-6)
    assert poses[2, :3, 3] == pytest.approx(
        [EARTH_RADIUS * step * np.cos(np.radians(49)), 0, 7], rel=1e-4, abs=1e-6
    )


def test_yaw_turns_counter_clockwise_and_pitch_lowers_the_nose() -> None:
    poses = world_from_imu(
        np.array([[49.0, 8, 0, 0, 0, 0], [49.0, 8, 0, 0, 0, np.pi / 2], [49.0, 8, 0, 0, 0.1, 0]])
    )
    assert np.allclose(poses[1, :3, :3] @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    assert (poses[2, :3, :3] @ [1, 0, 0])[2] == pytest.approx(-np.sin(0.1))


def test_the_sensor_pose_contains_its_place_on_the_vehicle(date: Path) -> None:
    poses = first(date).poses
    assert poses is not None
    assert poses[0, :3, 3] == pytest.approx([0.8, -0.3, 0.8])


def test_cameras_are_the_rectified_ones(date: Path) -> None:
    (date / "calib_cam_to_cam.txt").write_text(
        "R_rect_00: 0 -1 0 1 0 0 0 0 1\nS_rect_02: 120 40\nP_rect_02: 700 0 60 70 0 700 20 0 0 0 1 0\n"
    )
    view = first(date).read(0).cameras[0]
    velodyne = np.array([[0, -1, 0, 0.01], [0, 0, -1, -0.08], [1, 0, 0, -0.27], [0, 0, 0, 1]])
    rectify, baseline = np.eye(4), np.eye(4)
    rectify[:2, :2], baseline[0, 3] = [[0, -1], [1, 0]], 0.1
    assert np.allclose(view.camera_from_sensor, baseline @ rectify @ velodyne)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("calib_cam_to_cam.txt", "calib_cam_to_cam.txt is missing"),
        ("calib_velo_to_cam.txt", "calib_velo_to_cam.txt is missing"),
        ("calib_imu_to_velo.txt", "calib_imu_to_velo.txt is missing"),
        (f"{DRIVE}/velodyne_points/timestamps.txt", "timestamps.txt is missing"),
        (f"{DRIVE}/oxts/data/0000000001.txt", "has no packet 0000000001.txt; poses end there"),
        (f"{DRIVE}/image_02/data/0000000001.png", "has no file for 1 of 2 scans (0000000001)"),
    ],
)
def test_what_is_missing_is_said_and_points_still_come(date: Path, file: str, said: str) -> None:
    (date / file).unlink()
    sequence = first(date)
    assert said in " ".join(sequence.problems)
    assert len(sequence.read(1)) == 4


def test_without_oxts_there_are_no_poses(date: Path) -> None:
    for packet in (date / DRIVE / "oxts" / "data").iterdir():
        packet.unlink()
    sequence = first(date)
    assert not sequence.has_poses and sequence.read(0).world_from_sensor is None
    assert "has no oxts packets, so the frames have no poses" in " ".join(sequence.problems)


@pytest.mark.parametrize("packet", ["", "49 8 110 0 0", "49 8 110 0 0 x", "91 8 110 0 0 0", "nan 8 110 0 0 0"])
def test_a_broken_packet_ends_the_poses(date: Path, packet: str) -> None:
    (date / DRIVE / "oxts" / "data" / "0000000001.txt").write_text(packet)
    sequence = first(date)
    assert sequence.poses is not None and len(sequence.poses) == 1
    assert "0000000001.txt is no oxts packet" in " ".join(sequence.problems)


@pytest.mark.parametrize("line", ["yesterday", "2011-13-26 13:02:25.9", "2011-09-26T13:02:25+02:00", "13:02"])
def test_a_line_that_is_no_time_ends_the_times(date: Path, line: str) -> None:
    (date / DRIVE / "velodyne_points" / "timestamps.txt").write_text(f"2011-09-26 13:02:25.900000000\n{line}\n")
    sequence = first(date)
    assert sequence.times is not None and len(sequence.times) == 1
    assert "line 2 is no time like" in " ".join(sequence.problems)


def test_a_part_of_a_drive_keeps_its_times(date: Path) -> None:
    (date / DRIVE / "velodyne_points" / "data" / "0000000000.bin").unlink()
    frame = first(date).read(0)
    assert frame.timestamp == pytest.approx(0.1) and frame.world_from_sensor is not None


def test_a_drive_without_scans_is_one_sentence(date: Path) -> None:
    for scan in (date / DRIVE / "velodyne_points" / "data").iterdir():
        scan.unlink()
    with pytest.raises(DataError, match=r"velodyne_points/data holds no .bin scans"):
        open_dataset(date)
