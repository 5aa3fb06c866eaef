"""Mouse and wheel on a view: what moves, what is picked, what is selected."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.render.camera import Camera, look_at
from app.core.render.picking import Pick
from app.ui.viewer.navigation import Handlers, Navigation
from app.ui.viewer.overlay import ViewOverlay

POINT = Pick("cloud", 7, np.array([3.0, 1.0, 0.0], np.float32), (200.0, 150.0), 1.0, 12.0)


class Stand:
    """A widget with navigation, and what it reported."""

    def __init__(self, qtbot: QtBot) -> None:
        self.widget = QWidget()
        qtbot.addWidget(self.widget)
        self.widget.resize(400, 300)
        self.overlay = ViewOverlay(self.widget)
        self.moves: list[tuple[Camera, bool]] = []
        self.hovers: list[Pick | None] = []
        self.clicks: list[tuple[Pick | None, set[str]]] = []
        self.regions: list[tuple[np.ndarray, set[str]]] = []
        self.found: Pick | None = None
        self.navigation = Navigation(
            self.widget,
            self.overlay,
            Handlers(
                lambda camera, moving: self.moves.append((camera, moving)),
                lambda x, y: self.found,
                self.hovers.append,
                lambda pick, keys: self.clicks.append((pick, keys)),
                lambda polygon, keys: self.regions.append((polygon, keys)),
            ),
        )
        self.widget.show()

    def mouse(
        self,
        kind: QEvent.Type,
        x: float,
        y: float,
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
        keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        none = Qt.MouseButton.NoButton
        held = none if kind == QEvent.Type.MouseButtonRelease else button
        cause = none if kind == QEvent.Type.MouseMove else button
        at = QPointF(x, y)
        QApplication.sendEvent(self.widget, QMouseEvent(kind, at, at, cause, held, keys))

    def drag(self, *path: tuple[float, float], **how: object) -> None:
        self.mouse(QEvent.Type.MouseButtonPress, *path[0], **how)  # type: ignore[arg-type]
        for at in path[1:]:
            self.mouse(QEvent.Type.MouseMove, *at, **how)  # type: ignore[arg-type]
        self.mouse(QEvent.Type.MouseButtonRelease, *path[-1], **how)  # type: ignore[arg-type]

    def wheel(self, notches: float, x: float = 200, y: float = 150) -> None:
        at = QPointF(x, y)
        event = QWheelEvent(
            at, at, QPoint(), QPoint(0, int(120 * notches)), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.widget, event)


@pytest.fixture
def stand(qtbot: QtBot) -> Stand:
    return Stand(qtbot)


def distance(camera: Camera) -> float:
    return float(np.linalg.norm(camera.position - camera.pivot))


def test_left_drag_orbits_and_then_rests(stand: Stand, qtbot: QtBot) -> None:
    before = stand.navigation.camera
    stand.drag((100, 100), (130, 110), (160, 120))
    after = stand.navigation.camera
    assert np.isclose(distance(after), distance(before))
    assert not np.allclose(after.position, before.position)
    assert np.allclose(after.pivot, before.pivot)
    assert [moving for _, moving in stand.moves] == [True] * len(stand.moves)
    qtbot.waitUntil(lambda: stand.moves[-1][1] is False, timeout=2000)
    assert stand.moves[-1][0] is after
    assert not stand.clicks


@pytest.mark.parametrize("button", [Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton])
def test_right_and_middle_drag_pan(stand: Stand, button: Qt.MouseButton) -> None:
    before = stand.navigation.camera
    stand.drag((100, 100), (110, 100), (150, 120), button=button)
    after = stand.navigation.camera
    assert np.allclose(after.axes, before.axes)
    pixel, _ = after.project(before.pivot[None], 400, 300)
    assert np.allclose(pixel, [[250, 170]], atol=0.5)


def test_the_wheel_comes_nearer_to_what_is_under_the_pointer(stand: Stand) -> None:
    stand.found = POINT
    before = stand.navigation.camera
    stand.wheel(2)
    after = stand.navigation.camera
    near, far = (np.linalg.norm(c.position - POINT.point) for c in (after, before))
    assert near < far
    assert np.allclose(
        before.project(POINT.point[None], 400, 300)[0], after.project(POINT.point[None], 400, 300)[0], atol=1e-6
    )
    stand.found = None  # while it moves there is nothing to pick from: the target stays
    stand.wheel(-2)
    assert np.allclose(stand.navigation.camera.position, before.position)


def test_a_click_picks_with_its_modifiers_and_a_small_slip_is_still_a_click(stand: Stand) -> None:
    stand.found = POINT
    stand.drag((50, 60), (51, 61), keys=Qt.KeyboardModifier.ShiftModifier)
    assert stand.clicks == [(POINT, {"shift"})]
    assert not stand.moves


def test_a_double_click_makes_the_point_the_pivot(stand: Stand, qtbot: QtBot) -> None:
    stand.found = POINT
    stand.mouse(QEvent.Type.MouseButtonDblClick, 50, 60)
    qtbot.waitUntil(lambda: bool(stand.moves) and not stand.moves[-1][1], timeout=3000)
    assert np.allclose(stand.navigation.camera.pivot, POINT.point)
    pixel, _ = stand.navigation.camera.project(POINT.point[None], 400, 300)
    assert np.allclose(pixel, [[200, 150]], atol=1e-3)


def test_hovering_is_told_a_little_later_and_only_for_the_last_place(stand: Stand, qtbot: QtBot) -> None:
    stand.found = POINT
    none = Qt.MouseButton.NoButton
    for x in range(20):
        stand.mouse(QEvent.Type.MouseMove, 100 + x, 100, button=none)
    assert stand.hovers == []
    qtbot.waitUntil(lambda: stand.hovers == [POINT], timeout=2000)
    QApplication.sendEvent(stand.widget, QEvent(QEvent.Type.Leave))
    assert stand.hovers[-1] is None


def test_box_and_lasso_give_their_polygon(stand: Stand) -> None:
    stand.navigation.set_tool("box")
    stand.drag((50, 60), (70, 90), (150, 160), keys=Qt.KeyboardModifier.ControlModifier)
    polygon, keys = stand.regions[-1]
    assert polygon.tolist() == [[50, 60], [150, 60], [150, 160], [50, 160]]
    assert keys == {"ctrl"}
    stand.navigation.set_tool("lasso")
    path = [(50, 60), (90, 60), (120, 90), (90, 140), (40, 100)]
    stand.drag(*path)  # type: ignore[arg-type]
    assert stand.regions[-1][0].tolist() == [list(at) for at in path]
    assert not stand.moves
    stand.drag((50, 60), (80, 60), button=Qt.MouseButton.RightButton)
    assert stand.moves  # panning works with every tool
    with pytest.raises(ValueError, match="no tool 'knife'"):
        stand.navigation.set_tool("knife")


def test_a_flight_ends_exactly_at_its_camera_and_a_hand_stops_it(stand: Stand, qtbot: QtBot) -> None:
    target = look_at(np.array([10.0, 20, 30]), np.zeros(3))
    stand.navigation.fly_to(target)
    qtbot.waitUntil(lambda: bool(stand.moves) and not stand.moves[-1][1], timeout=3000)
    assert stand.navigation.camera is target
    stand.navigation.fly_to(look_at(np.array([-10.0, 20, 30]), np.zeros(3)))
    stand.wheel(1)
    moved = stand.navigation.camera
    qtbot.wait(300)
    assert stand.navigation.camera is moved


def test_after_closing_nothing_happens_any_more(stand: Stand) -> None:
    stand.navigation.close()
    stand.drag((100, 100), (160, 120))
    stand.wheel(1)
    assert not stand.moves
    assert not stand.clicks
