"""Regions of a frame, each against its definition written out slowly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_drive import INTRINSICS, SENSOR_TO_CAMERA

from app.core.datasets import open_dataset
from app.core.evaluation.regions import boundary, front_camera, range_bins, seen_by
from app.core.types import CameraView, Frame


def slow_boundary(points: np.ndarray, labels: np.ndarray, radius: float) -> np.ndarray:
    found = np.zeros(len(points), bool)
    for i in range(len(points)):
        for j in range(len(points)):
            near = np.linalg.norm(points[i].astype(float) - points[j].astype(float)) <= radius
            found[i] |= bool(near and labels[i] != labels[j] and 0 not in (labels[i], labels[j]))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.sampled_from([0.3, 1.0, 2.0]))
def test_the_boundary_equals_its_definition(seed: int, count: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 6, (count, 3)).astype(np.float32) / 2  # a grid, so that distances equal the radius
    labels = rng.integers(0, 20, count).astype(np.uint8)
    np.testing.assert_array_equal(boundary(points, labels, radius), slow_boundary(points, labels, radius))


def test_points_that_are_not_finite_are_no_boundary() -> None:
    points = np.array([[0, 0, 0], [0.1, 0, 0], [np.nan, 0, 0]], np.float32)
    assert boundary(points, np.array([1, 2, 3]), 0.5).tolist() == [True, True, False]


def test_without_an_ignored_id_every_label_makes_a_border() -> None:
    points = np.array([[0, 0, 0], [0.1, 0, 0]], np.float32)
    assert boundary(points, np.array([0, 2]), 0.5, ignore=None).all()
    assert not boundary(points, np.array([0, 2]), 0.5).any()


def test_range_bins() -> None:
    distances = [0.5, 9.999, 10.0, 49.9, 50.0, 80.0, 0.0, np.nan, np.inf]
    points = np.zeros((len(distances), 3), np.float32)
    points[:, 1] = distances
    assert range_bins(points).tolist() == [0, 0, 1, 4, -1, -1, -1, -1, -1]


def camera(name: str) -> CameraView:
    return CameraView(name, (80, 40), SENSOR_TO_CAMERA, INTRINSICS, None)


def test_the_front_camera_is_found_by_name() -> None:
    frame = Frame(0, "0", np.zeros((1, 3), np.float32), cameras=tuple(map(camera, ("image_0", "image_2"))))
    assert front_camera(frame).name == "image_2"
    assert front_camera(frame, "image_0").name == "image_0"
    assert front_camera(frame, "image_9") is None
    assert front_camera(Frame(0, "0", np.zeros((1, 3), np.float32))) is None


def test_only_points_before_the_camera_and_in_its_picture_are_seen() -> None:
    points = np.array([[10, 0, 0], [-10, 0, 0], [10, 9, 0], [np.nan, 0, 0]], np.float32)
    assert seen_by(points, camera("image_2")).tolist() == [True, False, False, False]


@pytest.mark.realdata
def test_the_front_view_of_the_real_scan(realdata: Path) -> None:
    frame = open_dataset(realdata / "semantickitti").sequences[0].read(0)
    assert np.count_nonzero(seen_by(frame.points, front_camera(frame))) == 19_369
