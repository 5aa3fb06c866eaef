"""What particular layers say about particular points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_drive import INTRINSICS, SENSOR_TO_CAMERA, image

from app.core import layers
from app.core.errors import UsageError
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import UNKNOWN
from app.core.layers.instance import object_ids
from app.core.layers.ring import rings_from_order
from app.core.types import CameraView, Frame

POINTS = np.array([[3, 4, 0], [0, -2, 1], [-1, 0, np.nan]], np.float32)


def values(name: str, frame: Frame) -> np.ndarray:
    return layers.find(name).compute(frame, SEMANTIC_KITTI).values


def test_height_range_azimuth() -> None:
    frame = Frame(0, "0", POINTS)
    np.testing.assert_array_equal(values("height", frame), [0, 1, np.nan])
    np.testing.assert_allclose(values("range", frame), [5, np.sqrt(5), np.nan], rtol=1e-6)
    np.testing.assert_allclose(values("azimuth", frame), [53.130104, -90, 180], rtol=1e-6)


@pytest.mark.parametrize(("top", "expected"), [(0.99, (0, 1)), (200, (0, 255)), (4000, (0, 65535)), (1e6, None)])
def test_intensity_is_as_recorded_and_its_scale_is_a_usual_one(top: float, expected: object) -> None:
    frame = Frame(0, "0", np.ones((2, 3), np.float32), intensity=np.array([0, top], np.float32))
    data = layers.find("intensity").compute(frame, None)
    np.testing.assert_array_equal(data.values, np.array([0, top], np.float32))
    assert data.absolute_range == expected


def test_labels_that_are_not_listed_stay_unknown() -> None:
    frame = Frame(0, "0", POINTS, labels=np.array([10, 252, 999], np.uint16))
    assert values("label", frame).tolist() == [1, 1, UNKNOWN]


def test_instances_of_two_classes_with_the_same_number_are_two_objects() -> None:
    frame = Frame(
        0, "0", np.ones((4, 3), np.float32),
        labels=np.array([10, 252, 30, 10], np.uint16), instances=np.array([3, 3, 3, 0], np.uint32),
    )  # fmt: skip
    ids = object_ids(frame, SEMANTIC_KITTI)
    assert ids is not None
    assert ids[0] == ids[1]  # a car that has begun to move is the same car
    assert ids[0] != ids[2]
    assert ids[3] == 0


def test_large_instance_ids_are_kept_as_they_are() -> None:
    ids = np.array([70_000, 0], np.uint32)
    frame = Frame(0, "0", np.ones((2, 3), np.float32), labels=np.array([10, 10], np.uint16), instances=ids)
    np.testing.assert_array_equal(object_ids(frame, SEMANTIC_KITTI), ids)


def beams(count: int = 16, per: int = 90, order: int = -1) -> np.ndarray:
    """A scan stored beam after beam, each from 0 to 360 degrees."""
    azimuth = np.radians(np.linspace(1, 359, per))
    across = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    rises = np.tan(np.radians(np.linspace(-20, 5, count)[::order]))
    rows = [np.hstack([across, np.full((per, 1), rise)]) * 9 for rise in rises]
    return np.concatenate(rows).astype(np.float32)


@pytest.mark.parametrize("order", [1, -1])
def test_rings_are_found_in_the_order_of_the_rows(order: int) -> None:
    points = beams(order=order)
    points[7] = np.nan
    found = rings_from_order(points)
    np.testing.assert_array_equal(found, np.repeat(np.arange(16), 90))


def test_rings_are_not_guessed_from_other_orders() -> None:
    points = beams()
    assert rings_from_order(np.random.default_rng(0).permutation(points)) is None
    shuffled_beams = np.concatenate(np.random.default_rng(0).permutation(points.reshape(16, 90, 3)))
    assert rings_from_order(shuffled_beams) is None
    assert rings_from_order(points[:90]) is None
    assert rings_from_order(np.empty((0, 3), np.float32)) is None
    assert layers.find("ring").missing(Frame(0, "0", points[:90]), None) is not None


def test_a_stated_ring_is_shown_and_an_estimate_says_so() -> None:
    stated = Frame(0, "0", POINTS, ring=np.array([3, 1, 2], np.int16))
    assert values("ring", stated).tolist() == [3, 1, 2]
    assert layers.find("ring").compute(stated, None).title == "Ring"
    guessed = layers.find("ring").compute(Frame(0, "0", beams()), None)
    assert "estimated" in guessed.title
    assert "estimated" in guessed.provenance


@pytest.mark.realdata
def test_rings_of_a_real_scan(realdata: Path) -> None:
    from app.core.datasets import open_dataset

    frame = open_dataset(realdata / "semantickitti").sequences[0].read(0)
    found = rings_from_order(frame.points)
    assert found is not None
    assert found.max() == 63


def camera(path: Path, name: str = "front", shift: float = 0.0) -> CameraView:
    pose = SENSOR_TO_CAMERA.copy()
    pose[2, 3] -= shift  # a camera further ahead along the sensor's x
    return CameraView(name, (80, 40), pose, INTRINSICS, path)


def write_image(path: Path, index: int = 9) -> Path:
    from PIL import Image

    Image.fromarray(image(index)).save(path)
    return path


def test_camera_colour_is_the_pixel_a_point_falls_on(tmp_path: Path) -> None:
    view = camera(write_image(tmp_path / "a.png"))
    points = np.array([[10, 1, 0.5], [8, -2, -1], [-5, 0, 0], [10, 50, 0]], np.float32)
    data = layers.find("camera_color").compute(Frame(0, "0", points, cameras=(view,)), None)
    assert data.known is not None
    assert data.known.tolist() == [True, True, False, False]
    for point, color in zip(points[:2].astype(float), data.values[:2], strict=True):
        x, y, z = (SENSOR_TO_CAMERA @ np.append(point, 1))[:3]
        column, row = int(60 * x / z + 40), int(60 * y / z + 20)
        assert color.tolist() == [column, row, 9]


def test_the_nearest_camera_gives_the_colour(tmp_path: Path) -> None:
    far = camera(write_image(tmp_path / "far.png", 1), "far", shift=-5)
    near = camera(write_image(tmp_path / "near.png", 2), "near", shift=1)
    for cameras in ((far, near), (near, far)):
        frame = Frame(0, "0", np.array([[10, 0, 0]], np.float32), cameras=cameras)
        assert values("camera_color", frame)[0, 2] == 2


def test_a_broken_picture_is_named_and_others_are_used(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    cameras = (
        camera(tmp_path / "broken.png", "left"),
        camera(write_image(tmp_path / "ok.png"), "right"),
    )
    frame = Frame(0, "0", np.array([[10, 0, 0]], np.float32), cameras=cameras)
    data = layers.find("camera_color").compute(frame, None)
    assert "left" in data.provenance.split("cannot be read")[1]
    assert data.known is not None
    assert data.known.all()


def test_unknown_layers_name_those_there_are() -> None:
    with pytest.raises(UsageError, match="height"):
        layers.find("heigth")
