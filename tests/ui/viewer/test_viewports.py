"""The views on a real render client, the null view, and the factory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.core.render.camera import Camera, look_at
from app.core.render.client import RenderClient
from app.core.render.picking import Pick
from app.core.render.scene import Cloud, Style
from app.ui.viewer.factory import KINDS, make_viewport
from app.ui.viewer.navigation import REST_MS
from app.ui.viewer.null_viewport import NullViewport
from app.ui.viewer.process_viewport import ProcessViewport

RNG = np.random.default_rng(1)
POINTS = (RNG.normal(0, 1, (20_000, 3)) * [8, 5, 1.5]).astype(np.float32)
COLORS = RNG.integers(30, 255, (20_000, 3), dtype=np.uint8)
CAMERA = look_at(np.array([-20.0, 4, 11]), np.zeros(3))


@pytest.fixture
def client() -> Iterator[RenderClient]:
    client = RenderClient(renderers=("raster",))
    yield client
    client.close()


@pytest.fixture
def view(client: RenderClient, qtbot: QtBot) -> Iterator[ProcessViewport]:
    view = make_viewport("open3d", client, "left")
    assert isinstance(view, ProcessViewport)
    qtbot.addWidget(view.widget)
    view.widget.resize(480, 300)
    view.widget.show()
    view.set_item("cloud", Cloud(POINTS, COLORS))
    view.set_camera(CAMERA)
    yield view
    view.close()


def arrived(view: ProcessViewport) -> bool:
    picture = view.picture
    return (
        picture is not None
        and picture.final
        and picture.total == len(POINTS)
        and np.array_equal(picture.camera.camera_from_world, view.camera.camera_from_world)
        and picture.image.shape == (view.widget.height(), view.widget.width(), 3)
    )


def test_the_widget_shows_the_finished_picture(view: ProcessViewport, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: arrived(view), timeout=30_000)
    assert view.picture is not None
    grabbed = view.widget.grab().toImage()
    for x, y in ((240, 150), (100, 200), (400, 120), (20, 20)):
        color = grabbed.pixelColor(x, y)
        assert (color.red(), color.green(), color.blue()) == tuple(view.picture.image[y, x])


def test_the_mouse_picks_the_point_that_is_seen(view: ProcessViewport, qtbot: QtBot) -> None:
    clicked: list[Pick | None] = []
    hovered: list[Pick | None] = []
    view.on_click = lambda pick, _keys: clicked.append(pick)
    view.on_hover = hovered.append
    qtbot.waitUntil(lambda: arrived(view), timeout=30_000)
    assert view.picture is not None
    y, x = (int(v[len(v) // 2]) for v in np.nonzero(view.picture.index >= 0))
    QTest.mouseClick(view.widget, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    assert clicked == [view.pick(x, y)]
    assert clicked[0] is not None
    assert clicked[0].distance < 3
    assert np.array_equal(clicked[0].point, POINTS[clicked[0].index])
    QTest.mouseMove(view.widget, QPoint(x, y))
    qtbot.waitUntil(lambda: bool(hovered) and hovered[-1] is not None, timeout=3000)


def test_moving_pictures_come_fast_and_the_last_is_refined(view: ProcessViewport, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: arrived(view), timeout=30_000)
    told: list[object] = []
    view.on_camera = told.append
    QTest.mousePress(view.widget, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    for step in range(15):
        QTest.mouseMove(view.widget, QPoint(205 + 4 * step, 150), 15)
    QTest.mouseRelease(view.widget, Qt.MouseButton.LeftButton, pos=QPoint(265, 150))
    qtbot.waitUntil(lambda: arrived(view), timeout=10_000)
    assert len(told) > 3
    assert not np.allclose(view.camera.position, CAMERA.position)


def test_a_camera_set_from_outside_is_not_reported_back(view: ProcessViewport, qtbot: QtBot) -> None:
    """Not even when it comes to rest: two linked views would pass it to and fro for ever."""
    told: list[object] = []
    view.on_camera = told.append
    view.set_camera(look_at(np.array([5.0, 5, 30]), np.zeros(3)), moving=True)
    qtbot.waitUntil(lambda: arrived(view), timeout=30_000)
    qtbot.wait(300)
    assert told == []


def test_coming_to_rest_after_a_move_from_outside_is_not_reported(view: ProcessViewport, qtbot: QtBot) -> None:
    """Two linked views would otherwise tell each other for ever."""
    told: list[Camera] = []
    view.on_camera = told.append
    view.set_camera(look_at(np.array([5.0, 5.0, 5.0]), np.zeros(3)), moving=True)
    qtbot.wait(3 * REST_MS)
    assert not told


def test_a_snapshot_has_the_size_that_was_asked_for(view: ProcessViewport, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: arrived(view), timeout=30_000)
    images: list[np.ndarray] = []
    view.snapshot(960, 600, images.append)
    qtbot.waitUntil(lambda: bool(images), timeout=10_000)
    assert images[0].shape == (600, 960, 3)
    assert view.picture is not None
    small = images[0].reshape(300, 2, 480, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - view.picture.image).mean() < 12  # the same view, only finer


def test_resizing_and_recolouring_lead_to_a_picture_that_fits(view: ProcessViewport, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: arrived(view), timeout=30_000)
    for width, height in ((300, 200), (700, 420), (640, 400)):
        view.widget.resize(width, height)
    view.set_style(Style(depth_shading=0.0, background=(10, 20, 30)))
    view.set_colors("cloud", np.full_like(COLORS, (250, 240, 0)))
    qtbot.waitUntil(
        lambda: arrived(view) and len(np.unique(view.picture.image.reshape(-1, 3), axis=0)) == 2, timeout=10_000
    )  # type: ignore[union-attr]
    assert view.picture is not None
    assert view.picture.image.shape == (400, 640, 3)


def test_two_views_share_the_client_and_one_may_close(
    client: RenderClient, view: ProcessViewport, qtbot: QtBot
) -> None:
    other = make_viewport("open3d", client, "right")
    qtbot.addWidget(other.widget)
    other.widget.resize(200, 200)
    other.widget.show()
    other.set_item("cloud", Cloud(POINTS[:500], COLORS[:500]))
    qtbot.waitUntil(
        lambda: arrived(view) and other.picture is not None and other.picture.total == 500, timeout=30_000
    )
    other.close()
    view.set_camera(look_at(np.array([5.0, 5, 30]), np.zeros(3)))
    qtbot.waitUntil(lambda: arrived(view), timeout=10_000)


def test_the_null_view_remembers_what_it_was_told(qtbot: QtBot) -> None:
    view = make_viewport("null", None, "left")
    assert isinstance(view, NullViewport)
    qtbot.addWidget(view.widget)
    view.set_item("cloud", Cloud(POINTS, COLORS))
    view.set_colors("cloud", COLORS[::-1].copy())
    view.set_camera(CAMERA)
    cloud = view.items["cloud"]
    assert isinstance(cloud, Cloud)
    assert np.array_equal(cloud.colors, COLORS[::-1])
    assert view.camera is CAMERA
    assert [name for name, _ in view.calls] == ["set_item", "set_colors", "set_camera"]
    images: list[np.ndarray] = []
    view.snapshot(30, 20, images.append)
    assert images[0].shape == (20, 30, 3)


def test_the_factory_names_what_there_is() -> None:
    with pytest.raises(ValueError, match=", ".join(KINDS)):
        make_viewport("hologram", None, "left")
    with pytest.raises(ValueError, match="needs a RenderClient"):
        make_viewport("open3d", None, "left")
