"""SemanticKITTI: where it opens, what its poses and cameras mean, and every file of it that can be bad."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.datasets._examples import PROJECTION, SENSOR_TO_CAMERA, write_png, write_semantickitti
from app.core.datasets.base import Sequence
from app.core.datasets.report import describe, points_in_image
from app.core.errors import DataError

P2 = np.array(PROJECTION.split(), float).reshape(3, 4)
TR = np.vstack([np.array(SENSOR_TO_CAMERA.split(), float).reshape(3, 4), [0, 0, 0, 1]])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_semantickitti(tmp_path)


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "sequences" / "00"


def first(path: Path) -> Sequence:
    return open_dataset(path).sequences[0]


@pytest.mark.parametrize("path", [".", "sequences", "sequences/00", "sequences/00/velodyne"])
def test_it_opens_from_each_of_its_folders(root: Path, path: str) -> None:
    dataset = open_dataset(root / path)
    assert dataset.format == "semantickitti"
    assert [(s.name, len(s), s.has_labels, s.has_poses) for s in dataset.sequences] == [("00", 2, True, True)]


def test_the_unpacked_archives_dataset_folder_opens_too(tmp_path: Path) -> None:
    write_semantickitti(tmp_path / "dataset")
    assert len(first(tmp_path)) == 2


def test_one_scan_keeps_its_labels_pose_and_picture(folder: Path) -> None:
    sequence = first(folder / "velodyne" / "000001.bin")
    frame = sequence.read(0)
    assert (len(sequence), frame.name) == (1, "000001")
    assert frame.labels is not None
    assert frame.world_from_sensor is not None and frame.world_from_sensor[0, 3] == pytest.approx(1.5)
    assert frame.cameras[0].image_path == folder / "image_2" / "000001.png"


def test_labels_split_into_class_and_instance(folder: Path) -> None:
    frame = first(folder).read(0)
    assert frame.labels is not None and frame.labels.tolist() == [40, 10, 252, 70]
    assert frame.instances is not None and frame.instances.tolist() == [0, 7, 8, 0]


def test_poses_are_turned_from_camera_to_sensor(folder: Path) -> None:
    """One and a half metres along the camera's z is one and a half metres along the sensor's x."""
    (folder / "poses.txt").write_text("1 0 0 0 0 1 0 0 0 0 1 0\n0 0 1 0 0 1 0 0 -1 0 0 1.5\n")
    poses = first(folder).poses
    assert poses is not None
    assert np.allclose(poses[0], np.eye(4))
    quarter_turn_about_z = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]  # camera y points down: its turn is the other way
    assert np.allclose(poses[1, :3, :3], np.transpose(quarter_turn_about_z))
    pose = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 1.5], [0, 0, 0, 1.0]])
    assert np.allclose(poses[1], np.linalg.inv(TR) @ pose @ TR)


def test_a_scans_number_is_its_row_of_poses_and_times(folder: Path) -> None:
    """A folder that holds a part of a drive keeps the right poses."""
    (folder / "velodyne" / "000000.bin").unlink()
    sequence = first(folder)
    frame = sequence.read(0)
    assert (frame.index, frame.name, frame.timestamp) == (0, "000001", 0.1)
    assert frame.world_from_sensor is not None and frame.world_from_sensor[0, 3] == pytest.approx(1.5)
    assert sequence.poses is not None and len(sequence.poses) == 1


def test_kitti_odometry_keeps_poses_beside_the_sequences(root: Path, folder: Path) -> None:
    (root / "poses").mkdir()
    (folder / "poses.txt").rename(root / "poses" / "00.txt")
    assert first(root).has_poses
    assert not first(root).problems


def test_the_baseline_of_a_camera_moves_it(folder: Path) -> None:
    """K [I | t]: projecting by the split camera equals projecting by P2 @ Tr."""
    view = first(folder).read(0).cameras[0]
    assert np.allclose(view.intrinsics @ view.camera_from_sensor[:3], P2 @ TR)
    assert view.size == (120, 40)


def test_points_and_intensity_share_one_buffer(folder: Path) -> None:
    frame = first(folder).read(0)
    assert frame.intensity is not None and frame.points.base is frame.intensity.base


def test_predictions_and_truth_come_as_extra_columns(folder: Path) -> None:
    (folder / "predictions").mkdir()
    np.array([10, 10, 10, 70], "<u4").tofile(folder / "predictions" / "000000.label")
    (folder / "truth").mkdir()
    np.savez_compressed(
        folder / "truth" / "000000.npz",
        visible=np.array([True, False, True, True]),
        flow=np.arange(12.0).reshape(4, 3),
        seed=np.array(7),
        wrong=np.zeros(3),
    )
    sequence = first(folder)
    frame = sequence.read(0)
    assert set(frame.extra) == {"prediction", "truth_visible", "truth_flow_x", "truth_flow_y", "truth_flow_z"}
    assert frame.extra["prediction"].tolist() == [10, 10, 10, 70]
    assert frame.extra["truth_flow_y"].tolist() == [1, 4, 7, 10]
    assert next(note for note in frame.notes if "truth" in note).endswith(
        "has 3 values for 4 points and is left out."
    )
    assert "predictions has no file for 1 of 2 scans (000001)" in " ".join(sequence.problems)


def test_rate_follows_the_times_then_the_user(folder: Path) -> None:
    assert first(folder).rate == pytest.approx(10)
    (folder / "times.txt").write_text("0\n0.05\n")
    assert first(folder).rate == pytest.approx(20)


# ---------------------------------------------------------------- everything that can be missing or broken


def test_a_size_that_is_no_multiple_of_the_record_is_refused(folder: Path) -> None:
    (folder / "velodyne" / "000001.bin").write_bytes(b"\0" * 60)
    sequence = first(folder)
    with pytest.raises(DataError, match=r"000001.bin has 60 bytes, which is no whole number of 16-byte records"):
        sequence.read(1)
    assert len(sequence.read(0)) == 4
    assert any("60 bytes" in sentence for sentence in sequence.check_files(1))


def test_a_zero_byte_scan_is_a_frame_without_points(folder: Path) -> None:
    (folder / "velodyne" / "000001.bin").write_bytes(b"")
    sequence = first(folder)
    frame = sequence.read(1)
    assert frame.points.shape == (0, 3)
    assert "holds no points (zero bytes)" in frame.notes[0]
    assert describe(folder, frame=1)["frame"]["points"] == 0
    assert points_in_image(frame, frame.cameras[0]) == 0


def test_nan_and_infinite_points_are_kept_and_counted(folder: Path) -> None:
    rows = np.zeros((5, 4), "<f4")
    rows[1, 0], rows[3, 2] = np.nan, np.inf
    rows.tofile(folder / "velodyne" / "000000.bin")
    (folder / "labels" / "000000.label").unlink()
    sequence = first(folder)
    frame = sequence.read(0)
    assert len(frame) == 5 and frame.valid.tolist() == [True, False, True, False, True]
    assert "2 of 5 points are NaN or infinite; they are kept but cannot be drawn." in sequence.notes(frame)


def test_labels_of_another_count_are_left_out_with_a_note(folder: Path) -> None:
    np.zeros(3, "<u4").tofile(folder / "labels" / "000000.label")
    frame = first(folder).read(0)
    assert frame.labels is None and frame.instances is None
    assert "has 3 labels for a scan of 4 points" in frame.notes[0]
    assert any("3 labels for a scan of 4 points" in problem for problem in describe(folder)["problems"])


def test_a_label_file_that_is_no_whole_number_of_labels(folder: Path) -> None:
    (folder / "labels" / "000000.label").write_bytes(b"\0" * 15)
    frame = first(folder).read(0)
    assert frame.labels is None and "no whole number of 4-byte records" in frame.notes[0]


def test_unknown_raw_ids_are_counted_and_not_folded(folder: Path) -> None:
    np.array([40, 300, 300, 7], "<u4").tofile(folder / "labels" / "000000.label")
    sequence = first(folder)
    frame = sequence.read(0)
    assert frame.labels is not None and frame.labels.tolist() == [40, 300, 300, 7]
    assert "Label ids that SemanticKITTI does not list: 7 (1 points), 300 (2 points)" in " ".join(
        sequence.notes(frame)
    )
    part = describe(folder, frame=0)["frame"]
    assert part["classes"] == {"road": 1, "unknown 7": 1, "unknown 300": 2}
    assert part["labelled_points"] == 4


def test_a_missing_picture_leaves_the_camera_with_a_note(folder: Path) -> None:
    (folder / "image_2" / "000001.png").unlink()
    sequence = first(folder)
    frame = sequence.read(1)
    assert frame.cameras[0].image_path is None and frame.cameras[0].size == (120, 40)
    assert frame.notes == ("image_2 has no picture for 000001.",)
    with pytest.raises(DataError, match="has no image for this frame"):
        frame.cameras[0].load_image()
    assert sequence.problems == (f"{folder}/image_2 has no file for 1 of 2 scans (000001).",)


def test_a_truncated_picture_is_one_sentence_and_info_finds_it(folder: Path) -> None:
    path = folder / "image_2" / "000001.png"
    path.write_bytes(path.read_bytes()[:-30])
    view = first(folder).read(1).cameras[0]
    with pytest.raises(DataError, match=r"000001.png is not a whole image"):
        view.load_image()
    assert f"{path} ends before its picture does; fetch it again." in describe(folder)["problems"]


def test_no_readable_picture_leaves_the_camera_out(folder: Path) -> None:
    for i in range(2):
        (folder / "image_2" / f"{i:06d}.png").write_bytes(b"no picture")
    frame = first(folder).read(0)
    assert frame.cameras == () and "has a readable header, so image_2 is left out" in frame.notes[0]


def test_the_size_comes_from_the_first_readable_picture(folder: Path) -> None:
    (folder / "image_2" / "000000.png").write_bytes(b"")
    write_png(folder / "image_2" / "000001.png", 64, 32)
    assert first(folder).read(0).cameras[0].size == (64, 32)


def test_missing_calibration_takes_cameras_and_poses(folder: Path) -> None:
    (folder / "calib.txt").unlink()
    sequence = first(folder)
    assert not sequence.has_poses and sequence.camera_names == ()
    assert sequence.read(0).cameras == ()
    (problem,) = sequence.problems
    assert "calib.txt is missing" in problem and "no cameras and no poses" in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("P2: 1 0 0 0 0 1 0 0 0 0 1 0\n", "has no line 'Tr:'; 12 numbers were expected there"),
        ("P2: 1 0 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n", "has 3 numbers after 'P2:' where 12 finite ones belong"),
        ("P2: 0 0 0 0 0 0 0 0 0 0 0 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n", "singular camera matrix after 'P2:'"),
        ("P2: 1 0 0 0 0 1 0 0 0 0 1 0\nTr: 0 0 0 0 0 0 0 0 0 0 0 0\n", "singular or distorted matrix after 'Tr:'"),
        ("P2: 1 0 0 0 0 1 0 0 0 0 1 0\nTr: 0 -1 0 0 0 0 -1 0 x 0 0 0\n", "something that is no number after 'Tr:'"),
        ("P2: nan 0 0 0 0 1 0 0 0 0 1 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n", "where 12 finite ones belong"),
        ("", "has no line 'P2:'"),
        ("\x00\xff\n:::\n", "has no line 'P2:'"),
    ],
)
def test_bad_calibrations_are_named_and_points_still_come(folder: Path, text: str, said: str) -> None:
    (folder / "calib.txt").write_text(text, encoding="latin1")
    sequence = first(folder)
    assert said in " ".join(sequence.problems)
    assert sequence.camera_names == ()
    assert len(sequence.read(0)) == 4


def test_missing_poses_and_times_are_said(folder: Path) -> None:
    (folder / "poses.txt").unlink()
    (folder / "times.txt").unlink()
    sequence = first(folder)
    frame = sequence.read(0)
    assert frame.world_from_sensor is None and frame.timestamp is None
    assert sequence.times is None and not sequence.has_poses and sequence.rate == 10
    said = " ".join(sequence.problems)
    assert "poses.txt is missing" in said and "times.txt is missing" in said and "at 10 a second" in said


def test_fewer_poses_than_scans(folder: Path) -> None:
    (folder / "poses.txt").write_text("1 0 0 0 0 1 0 0 0 0 1 0\n")
    sequence = first(folder)
    assert sequence.read(0).world_from_sensor is not None
    assert sequence.read(1).world_from_sensor is None
    assert "poses.txt has 1 poses but scan 000001 needs row 2" in sequence.problems[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1 0 0 0 0 1 0 0 0 0 1", "row 2 has 11 fields, 12 numbers were expected"),
        ("1 0 0 0 0 1 0 0 0 0 1 a", "row 2 holds something that is no number"),
        ("1 0 0 0 0 1 0 nan 0 0 1 0", "row 2 is not finite"),
        ("0 0 0 0 0 0 0 0 0 0 0 0", "row 2 is no rigid transform (singular or distorted)"),
    ],
)
def test_poses_end_at_the_first_bad_row(folder: Path, row: str, said: str) -> None:
    (folder / "poses.txt").write_text(f"1 0 0 0 0 1 0 0 0 0 1 0\n{row}\n")
    sequence = first(folder)
    assert sequence.poses is not None and len(sequence.poses) == 1
    assert said in " ".join(sequence.problems)


def test_a_sequence_without_scans_is_named_beside_the_others(root: Path) -> None:
    (root / "sequences" / "11" / "velodyne").mkdir(parents=True)
    dataset = open_dataset(root)
    assert [s.name for s in dataset.sequences] == ["00"]
    assert "11/velodyne holds no .bin scans" in dataset.problems[0]


def test_a_velodyne_folder_without_scans_says_what_belongs_there(tmp_path: Path) -> None:
    (tmp_path / "velodyne").mkdir()
    (tmp_path / "velodyne" / "readme.txt").write_text("")
    with pytest.raises(DataError, match=r"holds no .bin scans; they belong there as 000000.bin"):
        open_dataset(tmp_path)


def test_4541_scans_open_without_a_look_at_any_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: opening a drive of KITTI's length touches no scan and no label."""
    folder = tmp_path / "sequences" / "00"
    for kind, suffix in (("velodyne", "bin"), ("labels", "label"), ("image_2", "png")):
        (folder / kind).mkdir(parents=True)
        for i in range(4541):
            (folder / kind / f"{i:06d}.{suffix}").touch()
    opened: list[str] = []
    stats: list[str] = []
    real_open, real_stat = open, Path.stat

    def watched_open(path: object, *args: object, **kwargs: object) -> object:
        opened.append(str(path))
        return real_open(path, *args, **kwargs)  # type: ignore[call-overload]

    def watched_stat(path: Path, **kwargs: bool) -> object:
        stats.append(str(path))
        return real_stat(path, **kwargs)

    monkeypatch.setattr("builtins.open", watched_open)
    monkeypatch.setattr(Path, "stat", watched_stat)
    sequence = first(tmp_path)
    assert len(sequence) == 4541
    assert not opened
    assert len(stats) < 100
    assert "times.txt" in " ".join(sequence.problems)
    assert all(path.endswith(".txt") for path in opened)


def test_ten_million_points_come_without_a_copy(folder: Path) -> None:
    count = 10_000_000
    np.zeros((count, 4), "<f4").tofile(folder / "velodyne" / "000000.bin")
    (folder / "labels" / "000000.label").unlink()
    frame = first(folder).read(0)
    assert frame.points.shape == (count, 3)
    assert frame.points.strides == (16, 4)


def test_a_folder_beside_the_scans_that_may_not_be_listed_is_a_problem(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "labels":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("os.scandir", refuse)
    sequence = first(folder)
    assert not sequence.has_labels and len(sequence.read(0)) == 4
    assert sequence.problems[0] == f"{folder}/labels may not be read; check its permissions."


def test_the_truth_knows_the_beam_of_each_point(folder: Path) -> None:
    (folder / "truth").mkdir()
    np.savez(folder / "truth" / "000000.npz", ring=np.array([0, 1, 2, 63], np.int64))
    frame = first(folder).read(0)
    assert frame.ring is not None and frame.ring.dtype == np.int16 and frame.ring.tolist() == [0, 1, 2, 63]
    assert not frame.extra
