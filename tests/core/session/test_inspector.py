"""Everything known of a drawn point, in words."""

from __future__ import annotations

import numpy as np
import pytest
from small_drive import INTRINSICS, SENSOR_TO_CAMERA

from app.core.inspector import contains, inspect_point, value_text
from app.core.label_sets import SEMANTIC_KITTI
from app.core.layers.base import Kind, LayerData
from app.core.state import DrawnCloud, FrameState
from app.core.types import Box, CameraView, Frame

POINTS = np.array([[10, 0, 0], [3, 4, -1], [np.nan, 0, 0]], np.float32)
TURN = np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]])


def frame(**about: object) -> Frame:
    return Frame(4, "000004", POINTS, **about)  # type: ignore[arg-type]


def lines(frame: Frame, row: int = 0, cloud: DrawnCloud | None = None) -> dict[str, str]:
    state = FrameState(frame, cloud or DrawnCloud(frame.points))
    return dict(inspect_point(state, SEMANTIC_KITTI, row))


def test_where_it_lies() -> None:
    found = lines(frame(), 1)
    assert found["Position"] == "3.000, 4.000, -1.000 m"
    assert found["Range"] == "5.099 m"
    assert found["Azimuth"] == "53.13°"
    assert found["Elevation"] == "-11.31°"
    assert found["Point"] == "1 of 3"
    assert lines(frame(), 2)["Position"] == "not finite"


def test_what_was_recorded() -> None:
    full = frame(
        intensity=np.array([0.25, 130, 0], np.float32),
        ring=np.array([7, 8, 9], np.int16),
        time=np.array([-0.05, 0, 0], np.float32),
        colors=np.array([[1, 2, 3]] * 3, np.uint8),
        extra={"prediction": np.array([40, 40, 40], np.uint16), "score": np.array([0.5, 1, 1], np.float32)},
    )
    found = lines(full)
    assert found["Intensity"] == "0.25"
    assert lines(full, 1)["Intensity"] == "130.000"
    assert found["Ring"] == "7"
    assert found["Time"] == "-50.000 ms"
    assert found["Stored colour"] == "1, 2, 3"
    assert found["prediction"] == "40"
    assert found["score"] == "0.5"


def test_class_instance_and_what_its_raw_id_says() -> None:
    full = frame(labels=np.array([252, 10, 321], np.uint16), instances=np.array([5, 5, 0], np.uint32))
    found = lines(full)
    assert found["Class"] == "car"
    assert found["Label id"].startswith("252 (moving")
    assert found["Instance"] == "5 (2 points)"
    unknown = lines(full, 2)
    assert unknown["Class"] == "unknown"
    assert unknown["Label id"].startswith("321")
    assert unknown["Instance"] == "none"


def test_box_and_pixel() -> None:
    camera = CameraView("image_2", (80, 40), SENSOR_TO_CAMERA, INTRINSICS, None)
    away = Box(np.array([50.0, 0, 0]), (2, 2, 2), np.eye(3), "pedestrian")
    around = Box(np.array([10.5, 0, 0]), (1, 4.5, 2), TURN, "car", velocity=np.array([3.0, 4, 0]))
    found = lines(frame(boxes=(away, around), cameras=(camera,)))
    assert found["Box"] == "car, 1.00 × 4.50 × 2.00 m, 5.0 m/s"
    assert found["Pixel in image_2"] == "40.1, 19.5 at 9.73 m"
    assert "Pixel in image_2" not in lines(frame(cameras=(camera,)), 2)


def test_a_box_is_turned() -> None:
    box = Box(np.zeros(3), (4, 2, 2), TURN, "car")
    assert contains(box, np.array([0.9, 1.9, 0.9]))
    assert not contains(box, np.array([1.9, 0.9, 0]))


def test_a_point_of_another_frame_tells_which_and_claims_nothing_else() -> None:
    cloud = DrawnCloud(
        POINTS,
        np.array([4, 2, 6], np.int32),
        np.array([1, 17, 3], np.int32),
        {"intensity": LayerData("intensity", "Intensity", Kind.SCALAR, np.array([1, 2, 3], np.float32))},
    )
    full = frame(intensity=np.array([0.1, 0.2, 0.3], np.float32))
    own, before, after = (lines(full, row, cloud) for row in range(3))
    assert own["Frame"] == "4 (current)"
    assert own["Intensity"] == "0.2", "row 1 of its own frame"
    assert before["Frame"] == "2 (2 before)"
    assert before["Point"] == "17"
    assert before["Intensity"] == "2.000", "the layer's value, not that of another frame"
    assert after["Frame"] == "6 (2 after)"


def test_rows_that_do_not_exist() -> None:
    assert lines(frame(), 3) == lines(frame(), -1) == {}


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        (Kind.SCALAR, np.array([1.5], np.float32), "1.500 m"),
        (Kind.SCALAR, np.array([np.nan], np.float32), "unknown"),
        (Kind.CLASS, np.array([9], np.uint8), "road"),
        (Kind.MASK, np.array([True]), "yes"),
        (Kind.INSTANCE, np.array([0], np.uint32), "none"),
        (Kind.COLOR, np.array([[1, 2, 3]], np.uint8), "1, 2, 3"),
        (Kind.VECTOR, np.array([[0, 0, 1]], np.float32), "0.000, 0.000, 1.000"),
        (Kind.VECTOR, np.array([[np.nan] * 3], np.float32), "unknown"),
    ],
)
def test_values_of_every_kind(kind: Kind, values: np.ndarray, text: str) -> None:
    unit = "m" if kind is Kind.SCALAR else ""
    data = LayerData("x", "X", kind, values, unit=unit, label_set=SEMANTIC_KITTI)
    assert value_text(data, 0) == text


def test_a_value_that_no_camera_sees_is_unknown() -> None:
    data = LayerData("c", "C", Kind.COLOR, np.zeros((1, 3), np.uint8), known=np.array([False]))
    assert value_text(data, 0) == "unknown"
