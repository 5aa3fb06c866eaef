"""Points in camera pictures: the same pixels as the core's projection, painted into a copy, found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from window_helpers import MakeWindow

from app.core.geometry import projection
from app.core.session import Session
from app.core.state import FrameState
from app.core.tasks.engine import LocalEngine
from app.ui.image_points import MIN_DEPTH, ImagePoints, paint, project
from app.ui.main_window import MainWindow
from app.ui.panels.cameras import CamerasPanel
from app.ui.widgets.camera_strip import frontmost, surround


@pytest.fixture
def state(drive: Path) -> FrameState:
    session = Session(LocalEngine())
    session.open(drive)
    assert session.frame_state is not None
    return session.frame_state


def rgb(packed: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 of a picture that is packed as Qt wants it."""
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def test_pixels_are_those_of_the_core_projection(state: FrameState) -> None:
    camera = state.frame.cameras[0]
    points = project(state, camera)
    pixels, depths = projection.project(state.cloud.points, camera.camera_from_sensor, camera.intrinsics)
    inside = projection.in_image(pixels, depths, camera.size) & (depths > MIN_DEPTH)
    assert set(points.rows.tolist()) == set(np.flatnonzero(inside).tolist())
    assert len(points) > 50
    assert np.allclose(points.pixels, pixels[points.rows], atol=1e-2)
    assert (np.diff(points.depths) <= 0).all(), "near points come last, to be painted over far ones"


def test_of_accumulated_frames_only_the_current_one_is_in_the_picture(drive: Path) -> None:
    session = Session(LocalEngine())
    session.open(drive, frame=2)
    session.set_accumulation(2, 2)
    state = session.frame_state
    assert state is not None and state.cloud.frame_of is not None
    points = project(state, state.frame.cameras[0])
    assert len(points) and (state.cloud.frame_of[points.rows] == 2).all()


def painted_over(ground: np.ndarray, points: ImagePoints, colors: np.ndarray, size: int) -> np.ndarray:
    canvas = ground.copy()
    paint(canvas, points, colors, size)
    return rgb(canvas)


def test_painting_leaves_the_picture_alone_and_hidden_points_out() -> None:
    image = np.zeros((8, 10), np.uint32)
    points = ImagePoints(np.array([0, 1]), np.array([[2.4, 3.6], [7.0, 7.9]], np.float32), np.array([9.0, 2.0]))
    colors = np.array([[255, 0, 0], [0, 255, 0]], np.uint8)
    painted = painted_over(image, points, colors, 1)
    assert not image.any()
    assert painted[3, 2].tolist() == [255, 0, 0] and painted[7, 7].tolist() == [0, 255, 0]
    assert np.count_nonzero(painted.any(axis=2)) == 2
    hidden = painted_over(image, points.only(np.array([False, True])), colors, 3)
    assert not (hidden == [255, 0, 0]).all(axis=2).any()
    assert (hidden == [0, 255, 0]).all(axis=2).sum() == 6, "a square of three, cut at the lower edge"


def test_near_points_are_painted_over_far_ones() -> None:
    same = np.array([[4.0, 4.0], [4.0, 4.0]], np.float32)
    points = ImagePoints(np.array([1, 0]), same, np.array([20.0, 3.0]))
    colors = np.array([[9, 9, 9], [200, 0, 0]], np.uint8)
    painted = painted_over(np.zeros((8, 8), np.uint32), points, colors, 1)
    assert painted[4, 4].tolist() == [9, 9, 9]


def test_the_nearest_point_is_found_within_reach() -> None:
    rng = np.random.default_rng(3)
    pixels = rng.uniform(0, 100, (500, 2)).astype(np.float32)
    points = ImagePoints(np.arange(500) + 7, pixels, np.zeros(500, np.float32))
    for x, y in rng.uniform(0, 100, (40, 2)):
        away = np.hypot(*(pixels - [x, y]).T)
        assert points.nearest(x, y, 200) == int(np.argmin(away)) + 7
        assert points.nearest(x, y, float(away.min()) * 0.99) is None
    assert points.pixel_of(12) == pytest.approx(tuple(pixels[5]))
    assert points.pixel_of(1) is None


def cameras_panel(window: MainWindow) -> CamerasPanel:
    panel = window.docks["cameras"].panel
    assert isinstance(panel, CamerasPanel)
    panel.settle()
    return panel


def test_hovering_the_picture_marks_the_point_in_the_view_and_back(window: MainWindow) -> None:
    panel, session = cameras_panel(window), window.session
    assert panel._points is not None
    row = int(panel._points.rows[10])
    x, y = panel._points.pixel_of(row) or (0, 0)
    assert panel.canvas.on_hover is not None
    panel.canvas.on_hover(x, y)
    assert session.hover.index == row and session.hover.source == "image_2"
    marks = window.area.views["left"].marks
    assert session.frame_state is not None
    assert np.array_equal(marks._hover, session.frame_state.cloud.points[row])
    session.set_hover(int(panel._points.rows[20]), "left")
    panel.settle()
    assert panel.canvas._ring == panel._points.pixel_of(int(panel._points.rows[20]))
    panel.canvas.on_hover(None, None)
    assert session.hover.index is None and panel.canvas._ring is None


def test_clicking_the_picture_picks_the_point(window: MainWindow) -> None:
    panel = cameras_panel(window)
    assert panel._points is not None and panel.canvas.on_click is not None
    x, y = panel._points.pixel_of(int(panel._points.rows[3])) or (0, 0)
    panel.canvas.on_click(x, y)
    assert window.session.picked == int(panel._points.rows[3])


def test_a_class_that_is_switched_off_is_neither_painted_nor_found(window: MainWindow) -> None:
    panel, session = cameras_panel(window), window.session
    session.set_layer("label")
    assert panel._points is not None and panel._seen is not None
    assert len(panel._seen) == len(panel._points)
    session.toggle_class(13)
    panel.settle()
    classes = session.layer_data("left")
    assert classes is not None
    assert 0 < len(panel._seen) < len(panel._points)
    assert not (classes.values[panel._seen.rows] == 13).any()
    x, y = panel._points.pixel_of(int(panel._points.rows[classes.values[panel._points.rows] == 13][0])) or (0, 0)
    assert panel.canvas.on_click is not None
    panel.canvas.on_click(x, y)
    assert session.picked is None or classes.values[session.picked] != 13


def test_switching_points_off_shows_the_picture_itself(window: MainWindow) -> None:
    panel = cameras_panel(window)
    state = window.session.frame_state
    assert state is not None
    assert panel.canvas._array is not None
    assert not np.array_equal(rgb(panel.canvas._array), state.images["image_2"])
    panel.set_points_shown(False)
    panel.settle()
    assert np.array_equal(rgb(panel.canvas._array), state.images["image_2"])


@pytest.mark.realdata
def test_the_real_picture_has_the_known_number_of_points(realdata: Path) -> None:
    session = Session(LocalEngine())
    session.open(realdata / "semantickitti")
    state = session.frame_state
    assert state is not None
    assert len(project(state, state.frame.cameras[0])) == 19369


@pytest.mark.realdata
def test_six_cameras_stand_as_they_look(make_window: MakeWindow, realdata: Path) -> None:
    window = make_window(realdata / "nuscenes")
    state = window.session.frame_state
    assert state is not None
    rows = [[camera.name for camera in row] for row in surround(state.frame.cameras, state.frame.heading)]
    assert rows == [
        ["CAM_FRONT_LEFT", "CAM_FRONT", "CAM_FRONT_RIGHT"],
        ["CAM_BACK_LEFT", "CAM_BACK", "CAM_BACK_RIGHT"],
    ]
    assert set(cameras_panel(window)._strip.thumbs) == {camera.name for camera in state.frame.cameras}
    assert cameras_panel(window).camera == frontmost(state.frame.cameras, state.frame.heading) == "CAM_FRONT"
