"""What a view is told: points, colours, overlays, and cameras that keep their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from window_helpers import MakeWindow, settle, viewport

from app.core.render.camera import look_at, orbit
from app.core.render.picking import Pick
from app.core.render.scene import Cloud, Lines, check
from app.ui import theme
from app.ui.main_window import MainWindow

WORLD = np.array([[4.0, 1.0, -1.0], [20.0, -3.0, 0.5]])


def cloud(window: MainWindow, view: str = "left") -> Cloud:
    item = viewport(window, view).items["cloud"]
    assert isinstance(item, Cloud)
    return item


def pixels(window: MainWindow, points: np.ndarray) -> np.ndarray:
    return viewport(window).camera.project(points, 800, 600)[0]


def test_points_and_colours_belong_to_the_shown_frame(window: MainWindow) -> None:
    for index in (0, 3, 1):
        window.session.go_to(index)
        state = window.session.frame_state
        assert state is not None and cloud(window).points is state.cloud.points
        assert cloud(window).colors is window.session.colors("left")[0]


def test_another_layer_recolours_without_sending_points_again(window: MainWindow) -> None:
    before = len([c for c in viewport(window).calls if c[0] == "set_item"])
    window.session.set_layer("label")
    assert len([c for c in viewport(window).calls if c[0] == "set_item"]) == before
    assert np.array_equal(cloud(window).colors, window.session.colors("left")[0])


def test_a_hidden_class_is_not_shown(window: MainWindow) -> None:
    window.session.set_layer("label")
    window.session.toggle_class(9)
    shown = cloud(window).shown
    assert shown is not None and 0 < np.count_nonzero(~shown) < len(shown)


def test_selected_points_are_tinted_and_the_others_are_not(window: MainWindow) -> None:
    plain = cloud(window).colors.copy()
    rows = np.array([2, 5, 9])
    window.session.select(rows)
    tinted = cloud(window).colors
    changed = np.flatnonzero((tinted != plain).any(axis=1))
    assert set(changed) <= set(rows) and len(changed) >= 2
    accent = np.array(theme.DARK.rgb("accent"))
    nearer = np.abs(tinted[rows] - accent.astype(int)).sum() < np.abs(plain[rows].astype(int) - accent).sum()
    assert nearer
    window.session.undo()
    assert np.array_equal(cloud(window).colors, plain)


def test_the_first_frame_is_looked_at_from_behind_and_above(window: MainWindow) -> None:
    camera = viewport(window).camera
    assert camera.position[0] < camera.pivot[0] and camera.position[2] > camera.pivot[2] + 1
    state = window.session.frame_state
    assert state is not None
    at, depth = camera.project(state.cloud.points, 800, 600)
    inside = (depth > 0) & (at >= 0).all(axis=1) & (at < [800, 600]).all(axis=1)
    assert inside.mean() > 0.5


def test_following_the_vehicle_keeps_the_camera(window: MainWindow) -> None:
    window.session.update_settings(follow=True)
    before = viewport(window).camera.camera_from_world
    window.session.step(1)
    assert np.array_equal(viewport(window).camera.camera_from_world, before)


def test_not_following_keeps_the_world_in_place(window: MainWindow) -> None:
    """The world stands still in the small drive: its points must not move on the screen."""
    window.session.update_settings(follow=False)
    poses = window.session.poses
    assert poses is not None
    first = np.linalg.inv(poses[0])
    before = pixels(window, WORLD)
    for index in (1, 4, 2):
        window.session.go_to(index)
        moved = np.linalg.inv(poses[index]) @ np.linalg.inv(first)
        now = WORLD @ moved[:3, :3].T + moved[:3, 3]
        assert np.allclose(pixels(window, now), before, atol=1e-6)


def test_camera_modes_place_the_camera(window: MainWindow, qtbot: QtBot) -> None:
    session = window.session
    for mode, right in (
        ("top", lambda c: c.axes[2, 2] < -0.999 and c.axes[1, 0] < -0.99),
        ("ego", lambda c: np.linalg.norm(c.position) < 1 and c.axes[2, 0] > 0.9),
        ("camera:image_2", lambda c: c.intrinsics is not None and c.size == (80, 40)),
    ):
        session.set_camera_mode(mode)
        feed = window.area.views["left"].feed
        qtbot.waitUntil(lambda feed=feed: not feed.flying)
        assert right(viewport(window).camera), mode


def test_a_camera_view_has_its_picture_behind_the_points(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set_camera_mode("camera:image_2")
    state = window.session.frame_state
    assert state is not None and viewport(window).style.backdrop is state.images["image_2"]
    window.session.step(1)
    state = window.session.frame_state
    assert state is not None and viewport(window).style.backdrop is state.images["image_2"]
    window.session.set_camera_mode("orbit")
    assert viewport(window).style.backdrop is None


def test_dragging_lets_go_of_a_mode(window: MainWindow, qtbot: QtBot) -> None:
    session, view = window.session, viewport(window)
    session.set_camera_mode("camera:image_2")
    qtbot.waitUntil(lambda: not window.area.views["left"].feed.flying)
    view.camera = orbit(view.camera, 0.1, 0.0)
    assert view.on_camera is not None
    view.on_camera(view.camera)
    assert session.views["left"].camera_mode == "orbit"
    assert view.style.backdrop is None


def test_panning_keeps_the_view_from_above(window: MainWindow, qtbot: QtBot) -> None:
    session, view = window.session, viewport(window)
    session.set_camera_mode("top")
    qtbot.waitUntil(lambda: not window.area.views["left"].feed.flying)
    assert view.on_camera is not None
    view.on_camera(view.camera)
    assert session.views["left"].camera_mode == "top"


def test_linked_views_share_their_camera_and_unlinked_ones_do_not(window: MainWindow) -> None:
    session = window.session
    session.split(True)
    left, right = viewport(window), viewport(window, "right")
    assert np.array_equal(left.camera.camera_from_world, right.camera.camera_from_world)
    for mover, other in ((left, right), (right, left)):
        mover.camera = orbit(mover.camera, 0.2, 0.1)
        assert mover.on_camera is not None
        mover.on_camera(mover.camera)
        assert np.array_equal(other.camera.camera_from_world, mover.camera.camera_from_world)
    session.set_linked(False)
    before = right.camera.camera_from_world
    left.camera = orbit(left.camera, 0.3, 0.0)
    assert left.on_camera is not None
    left.on_camera(left.camera)
    assert np.array_equal(right.camera.camera_from_world, before)


def test_linking_again_brings_the_views_together(window: MainWindow) -> None:
    session = window.session
    session.split(True)
    session.set_linked(False)
    left, right = viewport(window), viewport(window, "right")
    left.camera = orbit(left.camera, 0.3, 0.0)
    session.set_linked(True)
    assert np.array_equal(left.camera.camera_from_world, right.camera.camera_from_world)


def test_closing_the_second_view_closes_its_viewport(window: MainWindow) -> None:
    window.session.split(True)
    right = viewport(window, "right")
    window.desk.activate("right")
    window.session.split(False)
    settle()
    assert right.closed and window.desk.active == "left"


def test_overlays_come_and_go(window: MainWindow) -> None:
    session, items = window.session, viewport(window).items
    for name, item in (("grid", "grid"), ("trajectory", "trajectory"), ("frustums", "frustums"), ("axes", "axes")):
        session.set_overlay(name, True)
        assert isinstance(items[item], Lines)
        session.set_overlay(name, False)
        assert item not in items


def test_every_item_is_one_that_a_renderer_takes(window: MainWindow) -> None:
    for name in ("grid", "trajectory", "frustums", "axes", "labels", "boxes"):
        window.session.set_overlay(name, True)
    items = viewport(window).items
    assert {"cloud", "grid", "grid distances", "trajectory", "frustums", "camera names", "axes"} <= set(items)
    for item in items.values():
        check(item)


def test_dragging_a_range_does_not_send_overlays_again(window: MainWindow) -> None:
    window.session.set_overlay("grid", True)
    sent = len([c for c in viewport(window).calls if c[0] == "set_item"])
    for low in (0.1, 0.2, 0.3):
        window.session.set_style("left", "height", range_mode="manual", low=low, high=2.0)
    assert len([c for c in viewport(window).calls if c[0] == "set_item"]) == sent


def test_settings_reach_the_view(window: MainWindow) -> None:
    window.session.update_settings(point_size=4.0, depth_shading=0.3, background=(9, 8, 7), fov=80.0)
    view = viewport(window)
    assert (view.style.point_size, view.style.depth_shading, view.style.background) == (4.0, 0.3, (9, 8, 7))
    assert view.camera.fov == 80.0


def test_hover_and_click_reach_the_session(window: MainWindow) -> None:
    view, session = viewport(window), window.session
    found = Pick("cloud", 12, cloud(window).points[12], (5.0, 5.0), 1.0, 9.0)
    assert view.on_hover is not None and view.on_click is not None
    view.on_hover(found)
    assert session.hover.index == 12 and session.hover.source == "left"
    view.on_click(found, set())
    assert session.picked == 12
    view.on_hover(None)
    view.on_click(replace(found, cloud="something else"), set())
    assert session.hover.index is None and session.picked is None


def test_hover_can_be_switched_off(window: MainWindow) -> None:
    window.session.update_settings(hover=False)
    view = viewport(window)
    assert view.on_hover is not None
    view.on_hover(Pick("cloud", 12, cloud(window).points[12], (5.0, 5.0), 1.0, 9.0))
    assert window.session.hover.index is None


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [(set(), {1}), ({"shift"}, {0, 1}), ({"alt"}, {0}), ({"shift", "alt"}, set())],
)
def test_a_region_selects_what_is_drawn_inside(window: MainWindow, modifiers: set[str], expected: set[int]) -> None:
    session, view = window.session, viewport(window)
    points = cloud(window).points
    view.camera = look_at(points[1].astype(float) - [0.4, 0, 0], points[1].astype(float))
    session.select(np.array([0]))
    frame = window.area.views["left"]
    middle = np.array([frame.width() / 2, frame.height() / 2])
    square = middle + np.array([[-3, -3], [3, -3], [3, 3], [-3, 3]])
    assert view.on_region is not None
    view.on_region(square, modifiers)
    settle()
    found = set(session.selection.tolist())
    assert {0, 1} & found == expected


def test_a_remembered_camera_is_used_only_for_the_drive_it_was_saved_with(
    make_window: MakeWindow, drive: Path, tmp_path: Path
) -> None:
    from small_drive import write_small_drive

    window = make_window()
    kept = look_at(np.array([3.0, 4.0, 5.0]), np.zeros(3))
    window.session.remember_camera("left", kept)
    window.session.open(drive)
    assert np.allclose(viewport(window).camera.position, [3, 4, 5])
    window.session.open(write_small_drive(tmp_path / "another", frames=2).root)
    assert not np.allclose(viewport(window).camera.position, [3, 4, 5])


def test_axes_and_frustums_do_not_stand_in_the_way_of_the_driver(window: MainWindow) -> None:
    session, items = window.session, viewport(window).items
    session.set_overlay("axes", True)
    session.set_overlay("frustums", True)
    assert {"axes", "frustums"} <= set(items)
    for mode in ("ego", "camera:image_2"):
        session.set_camera_mode(mode)
        assert not {"axes", "frustums"} & set(items), mode
        session.set_camera_mode("orbit")
        assert {"axes", "frustums"} <= set(items)
