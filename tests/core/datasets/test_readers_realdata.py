"""The real scans: what their README states as checked facts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.datasets.report import describe

pytestmark = pytest.mark.realdata


def test_semantickitti(realdata: Path) -> None:
    sequence = open_dataset(realdata / "semantickitti").sequences[0]
    frames = [sequence.read(i) for i in range(len(sequence))]
    assert [len(frame) for frame in frames] == [124668, 124605, 124478, 124167, 123969, 123924]
    assert [frame.labels is not None for frame in frames] == [True] + [False] * 5
    assert frames[0].cameras[0].size == (1241, 376)
    assert frames[0].cameras[0].load_image().shape == (376, 1241, 3)
    assert sequence.poses is not None and len(sequence.poses) == 6
    assert sequence.poses[5, 0, 3] == pytest.approx(4.29, abs=0.05)  # the vehicle drives forward along x
    assert abs(sequence.poses[5, :3, 3][1:]).max() < 0.3
    said = " ".join(sequence.problems)
    assert "times.txt is missing" in said and "labels has no file for 5 of 6" in said
    assert describe(realdata / "semantickitti", frame=0)["frame"]["cameras"]["image_2"]["in_image"] == 19369


def test_real_poses_lay_the_sweeps_on_each_other(realdata: Path) -> None:
    """Things above the ground of two sweeps, four metres apart, fall together, and only with the right pose."""
    from scipy.spatial import cKDTree

    sequence = open_dataset(realdata / "semantickitti").sequences[0]
    first, last = sequence.read(0), sequence.read(5)
    assert last.world_from_sensor is not None
    points = last.points[::10].astype(np.float64)
    points = points[(np.linalg.norm(points, axis=1) < 30) & (points[:, 2] > -1.2)]
    tree = cKDTree(first.points)

    def apart(pose: np.ndarray) -> float:
        return float(np.median(tree.query(points @ pose[:3, :3].T + pose[:3, 3])[0]))

    as_camera_pose = np.eye(4)  # what one gets by forgetting that poses.txt is of the camera
    text = (realdata / "semantickitti/sequences/00/poses.txt").read_text().splitlines()[5]
    as_camera_pose[:3] = np.array(text.split(), float).reshape(3, 4)
    assert apart(last.world_from_sensor) < 0.2
    assert apart(last.world_from_sensor) < 0.5 * min(apart(np.eye(4)), apart(as_camera_pose))


def test_kitti_raw(realdata: Path) -> None:
    dataset = open_dataset(realdata / "kitti_raw")
    (sequence,) = dataset.sequences
    assert dataset.format == "kitti-raw" and len(sequence) == 8
    assert all(111_000 < len(sequence.read(i)) < 115_000 for i in range(8))
    frame = sequence.read(3)
    assert frame.cameras[0].size == (1242, 375) and not sequence.has_poses
    assert frame.cameras[0].load_image().shape == (375, 1242, 3)
    said = " ".join(sequence.problems)
    assert "has no oxts packets" in said and "timestamps.txt is missing" in said


def test_kitti_object(realdata: Path) -> None:
    dataset = open_dataset(realdata / "kitti_object")
    (sequence,) = dataset.sequences
    assert dataset.format == "kitti-object"
    assert [len(sequence.read(i)) for i in range(3)] == [115384, 120268, 126891]
    for i in range(3):
        frame = sequence.read(i)
        assert frame.boxes and len(frame.cameras) == 1
        for box in frame.boxes:
            inside = (abs((frame.points - box.center) @ box.rotation) <= np.array(box.size) / 2).all(axis=1)
            assert inside.sum() >= 9, f"{box.label} of frame {i} holds {inside.sum()} points"


def test_nuscenes(realdata: Path) -> None:
    dataset = open_dataset(realdata / "nuscenes")
    (sequence,) = dataset.sequences
    assert dataset.format == "nuscenes" and sequence.name == "scene-0061"
    frame = sequence.read(0)
    assert len(frame) == 34688 and len(frame.boxes) == 69
    assert frame.ring is not None and set(np.unique(frame.ring)) == set(range(32))
    cameras = describe(realdata / "nuscenes", frame=0)["frame"]["cameras"]
    assert {name: part["in_image"] for name, part in cameras.items()} == {
        "CAM_BACK": 4826,
        "CAM_BACK_LEFT": 4097,
        "CAM_BACK_RIGHT": 3379,
        "CAM_FRONT": 3067,
        "CAM_FRONT_LEFT": 3704,
        "CAM_FRONT_RIGHT": 3079,
    }


def test_nuscenes_boxes_hold_the_points_that_the_tables_count(realdata: Path) -> None:
    frame = open_dataset(realdata / "nuscenes").sequences[0].read(0)
    rows = json.loads((realdata / "nuscenes" / "v1.0-mini" / "sample_annotation.json").read_text())
    stated = {row["instance_token"]: row["num_lidar_pts"] for row in rows}
    counted = [
        int((abs((frame.points - box.center) @ box.rotation) <= np.array(box.size) / 2).all(axis=1).sum())
        for box in frame.boxes
    ]
    expected = [stated[box.instance] for box in frame.boxes]
    assert np.abs(np.subtract(counted, expected)).sum() < 0.05 * sum(expected)


@pytest.mark.realdata
def test_nuscenes_says_where_the_vehicle_faces(realdata: Path) -> None:
    frame = open_dataset(realdata / "nuscenes").sequences[0].read(0)
    front = frame.camera("CAM_FRONT").camera_from_sensor[2, :3]
    assert frame.heading == pytest.approx(np.arctan2(front[1], front[0]), abs=0.05)
    assert frame.heading == pytest.approx(np.pi / 2, abs=0.05)
