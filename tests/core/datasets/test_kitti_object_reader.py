"""KITTI 3D object: its boxes in the sensor frame, its calibration a frame, and what of it can be missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import open_dataset
from app.core.datasets._examples import SENSOR_TO_CAMERA, write_kitti_object
from app.core.datasets._kitti import invert
from app.core.datasets.base import Sequence
from app.core.datasets.kitti_object import parse_box
from app.core.types import Box

TR = np.vstack([np.array(SENSOR_TO_CAMERA.split(), float).reshape(3, 4), [0, 0, 0, 1]])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_kitti_object(tmp_path)


def first(path: Path) -> Sequence:
    return open_dataset(path).sequences[0]


@pytest.mark.parametrize("path", [".", "training", "training/velodyne", "training/velodyne/000001.bin"])
def test_it_opens_from_each_of_its_folders(root: Path, path: str) -> None:
    dataset = open_dataset(root / path)
    assert dataset.format == "kitti-object"
    assert [s.name for s in dataset.sequences] == ["training"]
    assert len(dataset.sequences[0]) == (1 if path.endswith(".bin") else 2)


def corners_in_camera(h: float, w: float, length: float, x: float, y: float, z: float, angle: float) -> np.ndarray:
    """The corners as KITTI's development kit computes them: (8, 3), rectified camera frame."""
    cx = np.array([1, 1, -1, -1, 1, 1, -1, -1]) * length / 2
    cy = np.array([0, 0, 0, 0, -1, -1, -1, -1]) * h
    cz = np.array([1, -1, -1, 1, 1, -1, -1, 1]) * w / 2
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return np.add((rotation @ np.stack([cx, cy, cz])).T, [x, y, z])


@pytest.mark.parametrize("angle", [0.0, 0.3, -1.57, 3.1])
def test_corners_are_those_of_the_development_kit(angle: float) -> None:
    line = f"Car 0 0 0 0 0 1 1 1.5 1.8 4.2 -2.0 1.6 14.0 {angle}"
    box = parse_box(line.split(), invert(TR))
    assert isinstance(box, Box)
    camera = np.c_[box.corners, np.ones(8)] @ TR[:3].T
    expected = corners_in_camera(1.5, 1.8, 4.2, -2.0, 1.6, 14.0, angle)
    distances = np.linalg.norm(camera[:, None] - expected[None], axis=2)
    assert distances.min(axis=1) == pytest.approx(np.zeros(8), abs=1e-9)
    assert sorted(distances.argmin(axis=1)) == list(range(8))
    assert box.rotation[2, 2] == pytest.approx(1)  # the box stands upright in the sensor frame


def test_regions_marked_dont_care_are_counted(root: Path) -> None:
    frame = first(root).read(0)
    assert [box.label for box in frame.boxes] == ["Car"]
    assert "marks 1 regions as DontCare" in frame.notes[0]


def test_a_line_that_is_no_box_is_named(root: Path) -> None:
    path = root / "training" / "label_2" / "000000.txt"
    path.write_text(
        path.read_text() + "Car 0 0\nCar 0 0 0 0 0 0 0 1 1 1 nan 0 0 0\nCar 0 0 0 0 0 0 0 0 1 1 0 0 0 0\n"
    )
    frame = first(root).read(0)
    assert len(frame.boxes) == 1
    assert [note.split("is no box")[0].split(": ")[1] for note in frame.notes[1:]] == [
        "line 3 ",
        "line 4 ",
        "line 5 ",
    ]


def test_every_frame_has_its_own_picture_size(root: Path) -> None:
    sequence = first(root)
    assert [sequence.read(i).cameras[0].size for i in range(2)] == [(120, 40), (121, 40)]


def test_there_are_no_poses_because_frames_are_unrelated(root: Path) -> None:
    sequence = first(root)
    assert sequence.poses is None and sequence.times is None and not sequence.has_poses


@pytest.mark.parametrize(
    ("file", "problem", "note"),
    [
        (
            "calib/000001.txt",
            "calib has no file for 1 of 2 scans (000001)",
            "The frame has no cameras and no boxes.",
        ),
        (
            "image_2/000001.png",
            "image_2 has no file for 1 of 2 scans (000001)",
            "image_2 has no picture for 000001.",
        ),
        ("label_2/000001.txt", "label_2 has no file for 1 of 2 scans (000001)", ""),
    ],
)
def test_what_is_missing_is_said(root: Path, file: str, problem: str, note: str) -> None:
    (root / "training" / file).unlink()
    sequence = first(root)
    assert problem in " ".join(sequence.problems)
    frame = sequence.read(1)
    assert len(frame) == 4 and note in " ".join(frame.notes)


def test_testing_without_labels_opens(root: Path) -> None:
    (root / "training").rename(root / "testing")
    for path in (root / "testing" / "label_2").iterdir():
        path.unlink()
    (root / "testing" / "label_2").rmdir()
    sequence = first(root)
    assert sequence.name == "testing" and sequence.read(0).boxes == ()
    assert "has no label_2, so there are no boxes" in sequence.problems[0]


def test_a_singular_calibration_is_a_note(root: Path) -> None:
    path = root / "training" / "calib" / "000000.txt"
    path.write_text(path.read_text().replace("R0_rect: 1 0 0", "R0_rect: 0 0 0"))
    frame = first(root).read(0)
    assert frame.cameras == () and frame.boxes == ()
    assert "singular or distorted matrix after 'R0_rect:'" in frame.notes[0]
