"""nuScenes: ego motion between sweep and pictures, boxes, labels, and tables that lead nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.datasets._nuscenes_example import write_nuscenes
from app.core.datasets._nuscenes_tables import quaternion_matrix
from app.core.errors import DataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_nuscenes(tmp_path)


def edit(root: Path, table: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    path = root / "v1.0-mini" / f"{table}.json"
    rows = json.loads(path.read_text())
    change(rows)
    path.write_text(json.dumps(rows))


def test_a_scene_gives_keyframes_and_sweeps(root: Path) -> None:
    for path in (root, root / "v1.0-mini"):
        keyframes, sweeps = open_dataset(path).sequences
        assert (keyframes.name, len(keyframes), keyframes.rate) == ("scene-0001", 2, 2.0)
        assert (sweeps.name, len(sweeps), sweeps.rate) == ("scene-0001 sweeps", 3, 4.0)
        assert sweeps.times is not None and sweeps.times.tolist() == [0.0, 0.25, 0.5]


def test_without_sweep_files_there_are_only_keyframes(root: Path) -> None:
    for path in (root / "sweeps" / "LIDAR_TOP").iterdir():
        path.unlink()
    dataset = open_dataset(root)
    assert [s.name for s in dataset.sequences] == ["scene-0001"]
    assert "scene-0001: 1 sweeps are in the tables but not in" in dataset.problems[0]


def test_world_from_sensor_goes_through_the_vehicle(root: Path) -> None:
    frame = open_dataset(root).sequences[0].read(1)
    assert frame.world_from_sensor is not None
    assert frame.world_from_sensor[:3, 3].tolist() == [103.0, 50.0, 1.8]  # ego at 102, sensor one metre ahead


def test_the_camera_contains_the_ego_motion_between_the_two_times(root: Path) -> None:
    """The picture was taken when the vehicle had driven two metres further than at the sweep."""
    edit(
        root,
        "ego_pose",
        lambda rows: rows.append({"token": "later", "translation": [102, 50, 0], "rotation": [1, 0, 0, 0]}),
    )

    def later(rows: list[dict[str, Any]]) -> None:
        next(row for row in rows if row["token"] == "c0")["ego_pose_token"] = "later"

    edit(root, "sample_data", later)
    view = open_dataset(root).sequences[0].read(0).cameras[0]
    in_sensor = np.array([19.0, 0.0, 0.0, 1.0])  # sensor at x 101 in the world, so the point is at x 120
    in_camera = view.camera_from_sensor @ in_sensor
    assert in_camera[2] == pytest.approx(120 - 102 - 1.5)  # depth before a camera 1.5 m ahead of the ego at 102
    assert in_camera[:2] == pytest.approx([0, 1.5 - 1.8])


def test_a_sweep_takes_the_nearest_picture(root: Path) -> None:
    view = open_dataset(root).sequences[1].read(1).cameras[0]
    assert view.image_path is not None and view.image_path.parent.parent.name == "sweeps"


def test_a_picture_that_is_too_far_in_time_is_none(root: Path) -> None:
    edit(root, "sample_data", lambda rows: rows.remove(next(row for row in rows if row["token"] == "c0")))

    def late(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["token"].startswith("c"):
                row["timestamp"] += 600_000

    edit(root, "sample_data", late)
    frame = open_dataset(root).sequences[0].read(0)
    assert frame.cameras == () and frame.notes == ("CAM_FRONT has no picture within 0.25 s of this sweep.",)


def test_ring_and_labels(root: Path) -> None:
    sequence = open_dataset(root).sequences[0]
    frame = sequence.read(0)
    assert frame.ring is not None and frame.ring.tolist() == [0, 1, 2, 3]
    assert frame.labels is not None and sequence.label_set is not None
    names = [sequence.label_set.class_name(i) for i in sequence.label_set.train_ids(frame.labels)]
    assert names == ["driveable_surface", "car", "car", "vegetation"]
    assert open_dataset(root).sequences[1].read(1).labels is None


def test_boxes_are_in_the_sensor_frame_with_velocity(root: Path) -> None:
    (box,) = open_dataset(root).sequences[0].read(0).boxes
    assert box.label == "vehicle.car" and box.instance == "i0"
    assert box.center == pytest.approx([11, 0, -0.8])
    assert box.size == (4.0, 2.0, 1.5)
    assert box.velocity == pytest.approx([2, 0, 0])  # one metre in half a second
    assert open_dataset(root).sequences[1].read(1).boxes == ()


def test_a_velocity_that_is_no_number_is_none_with_a_note(root: Path) -> None:
    edit(root, "sample_annotation", lambda rows: rows[0].update(velocity=[float("nan"), float("nan")]))
    frame = open_dataset(root).sequences[0].read(0)
    assert frame.boxes[0].velocity is None
    assert frame.notes == ("1 boxes have a velocity that is no number; they are shown without one.",)


def test_an_object_that_was_seen_once_has_no_velocity(root: Path) -> None:
    edit(root, "sample_annotation", lambda rows: rows.pop())
    (box,) = open_dataset(root).sequences[0].read(0).boxes
    assert box.velocity is None


def test_quaternions_are_w_first() -> None:
    half = np.sqrt(0.5)
    assert np.allclose(quaternion_matrix([half, 0, 0, half]) @ [1, 0, 0], [0, 1, 0])
    assert np.allclose(quaternion_matrix([2, 0, 0, 2]), quaternion_matrix([half, 0, 0, half]))


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        (
            "sample_data",
            "sample_token",
            "sample_data.json: 6 rows have a sample_token that is in no table (first 'gone')",
        ),
        ("sample_data", "ego_pose_token", "rows have a ego_pose_token that is in no table"),
        ("sample_data", "calibrated_sensor_token", "rows have a calibrated_sensor_token that is in no table"),
        ("calibrated_sensor", "sensor_token", "2 rows have a sensor_token that is in no table"),
        ("sample", "scene_token", "rows have a scene_token that is in no table"),
    ],
)
def test_tokens_that_lead_nowhere_everywhere_are_one_sentence(root: Path, table: str, key: str, said: str) -> None:
    edit(root, table, lambda rows: [row.update({key: "gone"}) for row in rows])
    with pytest.raises(DataError, match="none of the LIDAR_TOP scans") as caught:
        open_dataset(root)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("sample_annotation", "instance_token"),
        ("instance", "category_token"),
        ("sample_annotation", "sample_token"),
    ],
)
def test_boxes_that_lead_nowhere_are_counted_and_left_out(root: Path, table: str, key: str) -> None:
    edit(root, table, lambda rows: rows[0].update({key: "gone"}))
    dataset = open_dataset(root)
    assert f"{table}.json: 1 rows have a {key} that is in no table (first 'gone')" in dataset.problems[0]
    assert dataset.sequences[0].read(0).boxes == ()


def test_one_row_that_leads_nowhere_costs_one_frame(root: Path) -> None:
    edit(root, "sample_data", lambda rows: rows[0].update(ego_pose_token="gone"))
    dataset = open_dataset(root)
    assert [len(s) for s in dataset.sequences] == [1, 2]
    assert "1 rows have a ego_pose_token" in dataset.problems[0]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("ego_pose", {"rotation": [0, 0, 0, 0]}),
        ("ego_pose", {"translation": [1, 2]}),
        ("ego_pose", {"translation": [1, 2, float("nan")]}),
        ("ego_pose", {"translation": [1, 2, 10**400]}),
        ("sample_data", {"timestamp": "soon"}),
        ("sample_data", {"filename": "../../outside.bin"}),
        ("sample_data", {"filename": "/etc/passwd"}),
    ],
)
def test_rows_that_cannot_be_used_are_counted(root: Path, table: str, change: dict[str, Any]) -> None:
    edit(root, table, lambda rows: rows[0].update(change))
    dataset = open_dataset(root)
    assert [len(s) for s in dataset.sequences] == [1, 2]
    assert f"{table}.json: 1 rows lack a usable" in dataset.problems[0]


@pytest.mark.parametrize("text", ["", "[1, 2", "{}", "null", "[" * 100_000])
def test_a_table_that_is_no_list_is_one_sentence(root: Path, text: str) -> None:
    (root / "v1.0-mini" / "ego_pose.json").write_text(text)
    with pytest.raises(DataError, match=r"ego_pose.json (is no readable JSON|holds no list of rows)"):
        open_dataset(root)


def test_broken_tables_of_boxes_leave_the_scans(root: Path) -> None:
    (root / "v1.0-mini" / "sample_annotation.json").write_text("[")
    dataset = open_dataset(root)
    assert "sample_annotation.json is no readable JSON" in dataset.problems[0]
    assert len(dataset.sequences[0].read(0)) == 4


def test_a_camera_without_a_matrix_is_left_out(root: Path) -> None:
    edit(root, "calibrated_sensor", lambda rows: rows[1].update(camera_intrinsic=[[0, 0, 0]] * 3))
    dataset = open_dataset(root)
    assert "of CAM_FRONT has no usable camera matrix" in dataset.problems[0]
    assert dataset.sequences[0].camera_names == ()


def test_labels_of_another_count_are_a_note(root: Path) -> None:
    (root / "lidarseg" / "v1.0-mini" / "l0_lidarseg.bin").write_bytes(b"\1\2")
    frame = open_dataset(root).sequences[0].read(0)
    assert frame.labels is None and "has 2 labels for a scan of 4 points" in frame.notes[0]


def test_a_missing_picture_is_a_note(root: Path) -> None:
    next((root / "samples" / "CAM_FRONT").iterdir()).unlink()
    frames = [open_dataset(root).sequences[0].read(i) for i in range(2)]
    (without,) = [frame for frame in frames if frame.cameras[0].image_path is None]
    assert "is missing; the camera is shown without it" in without.notes[0]


def test_two_versions_in_one_root_keep_their_names_apart(root: Path) -> None:
    (root / "v1.0-test").mkdir()
    for table in (root / "v1.0-mini").iterdir():
        (root / "v1.0-test" / table.name).write_bytes(table.read_bytes())
    names = [s.name for s in open_dataset(root).sequences]
    assert names[0] == "v1.0-mini/scene-0001" and names[2] == "v1.0-test/scene-0001"
