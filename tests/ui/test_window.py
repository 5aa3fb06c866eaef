"""The window from outside: opens, plays, arranges itself, stays calm on bad input, leaves nothing behind."""

from __future__ import annotations

import sys
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_helpers import MakeWindow, settle, viewport

from app.core.render.scene import Cloud
from app.ui import theme
from app.ui.application import window_on
from app.ui.main_window import MainWindow


def test_an_empty_window_shows_the_start_page(make_window: MakeWindow) -> None:
    window = make_window()
    assert window.stack.currentWidget() is window.start
    assert not window.header.segments.isVisible()
    assert all(dock.isHidden() for dock in window.docks.all.values())


def test_opening_a_drive_shows_views_and_panels(window: MainWindow) -> None:
    assert window.stack.currentWidget() is window.inner
    shown = {name for name, dock in window.docks.all.items() if dock.isVisible()}
    assert shown == {"data", "layers", "legend", "cameras", "inspector", "view", "timeline", "tasks", "log"}
    cloud = viewport(window).items["cloud"]
    assert isinstance(cloud, Cloud) and len(cloud.points) == 900
    assert "small drive" in window.windowTitle()


def test_closing_the_drive_brings_the_start_page_back(window: MainWindow) -> None:
    window.session.close_drive()
    settle()
    assert window.stack.currentWidget() is window.start
    assert viewport(window).items == {}


@pytest.mark.parametrize("bad", ["nowhere", "empty", "notes.txt"])
def test_a_bad_path_is_one_calm_sentence_and_the_window_goes_on(
    window: MainWindow, tmp_path: Path, bad: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no points here")
    window.open_path(tmp_path / bad)
    settle()
    assert window.banner.isVisible() and window.banner.level == "error"
    sentence = window.banner.label.text()
    assert bad in sentence and "Traceback" not in sentence and "\n" not in sentence
    assert window.session.frame_state is not None, "what was open stays open"
    window.session.go_to(2)
    assert window.session.index == 2


def test_a_bad_path_in_an_empty_window_leaves_the_start_page(make_window: MakeWindow, tmp_path: Path) -> None:
    window = make_window()
    window.open_path(tmp_path / "nowhere")
    settle()
    assert window.banner.isVisible()
    assert window.stack.currentWidget() is window.start


@pytest.mark.filterwarnings("ignore:Function")  # the only way to make such an event by hand
def test_dropping_a_folder_shows_a_hint_and_opens_it(make_window: MakeWindow, drive: Path) -> None:
    window = make_window()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(drive))])
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), actions, data, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted() and window.drop.hint.isVisible() and drive.name in window.drop.hint.text()
    drop = QDropEvent(QPointF(50, 50), actions, data, buttons, keys)
    QApplication.sendEvent(window, drop)
    settle()
    assert not window.drop.hint.isVisible()
    assert window.session.drive is not None and window.session.drive.path == drive


@pytest.mark.filterwarnings("ignore:Function")
def test_text_that_is_dragged_over_is_left_alone(make_window: MakeWindow) -> None:
    window = make_window()
    data = QMimeData()
    data.setText("hello")
    enter = QDragEnterEvent(
        QPoint(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    enter.ignore()
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted() and not window.drop.hint.isVisible()


def test_playing_goes_through_the_frames_and_stops_at_the_end(window: MainWindow, qtbot: QtBot) -> None:
    seen: list[int] = []
    window.session.frame_changed.connect(lambda state: seen.append(state.frame.index))
    window.session.set_playback(speed=10.0)
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.session.playback.playing and window._tick.isActive()
    qtbot.waitUntil(lambda: not window.session.playback.playing, timeout=20_000)
    window.session.frame_changed.disconnect()
    window.stop_listening()
    assert seen == sorted(seen) and seen[-1] == 5
    assert not window._tick.isActive()


def test_workspaces_arrange_panels_and_views(window: MainWindow) -> None:
    window.set_workspace("compare")
    settle()
    assert set(window.area.views) == {"left", "right"} and not window.docks["data"].isVisible()
    window.set_workspace("focus")
    settle()
    assert {n for n, d in window.docks.all.items() if d.isVisible()} == {"timeline"}
    window.set_workspace("browse")
    settle()
    assert set(window.area.views) == {"left"} and window.docks["data"].isVisible()


def test_each_workspace_remembers_what_the_user_did_to_it(window: MainWindow) -> None:
    window.docks["log"].close()
    window.set_workspace("compare")
    window.set_workspace("browse")
    settle()
    assert not window.docks["log"].isVisible()
    window.reset_layout()
    settle()
    assert window.docks["log"].isVisible()


def test_a_layout_goes_round_and_a_broken_one_is_left_out(window: MainWindow) -> None:
    window.docks["legend"].close()
    kept = window.layout_state()
    window.docks["legend"].show()
    window.restore_layout(kept)
    assert not window.docks["legend"].isVisible()
    window.restore_layout({"docks.browse": "no state", "geometry": "§", "workspace": "gone"})
    settle()
    assert window.workspace == "browse" and window.docks["legend"].isVisible()


def test_both_themes_reach_the_whole_window(window: MainWindow) -> None:
    dark = window.grab().toImage().pixelColor(5, 200)
    window.session.update_settings(theme="light")
    settle()
    light = window.grab().toImage().pixelColor(5, 200)
    assert theme.current() is theme.LIGHT
    assert dark.lightness() < 60 and light.lightness() > 200


def test_escape_lets_go_of_the_nearest_thing_first(window: MainWindow) -> None:
    import numpy as np

    session, desk = window.session, window.desk
    window.activateWindow()
    session.pick(4)
    session.select(np.arange(10))
    desk.set_tool("box")
    window.banner.say("Something", "info")
    for still in (
        lambda: desk.tool == "box" and not window.banner.isVisible(),
        lambda: desk.tool == "navigate" and len(session.selection) == 10,
        lambda: len(session.selection) == 0 and session.picked == 4,
        lambda: session.picked is None,
    ):
        QTest.keyClick(window, Qt.Key.Key_Escape)
        assert still()


def test_closing_leaves_nothing_behind(nothing_left_behind: None, drive: Path) -> None:
    from app.core.tasks.engine import LocalEngine

    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        window.show()
        session.open(drive)
        session.split(True)
        settle()
        gone = weakref.ref(window)
        hook = sys.excepthook
        assert hook is not sys.__excepthook__
    del window, session
    settle()
    import gc

    gc.collect()
    assert gone() is None, "the window is still held"
    assert sys.excepthook is not hook


def test_a_fault_of_ours_is_a_sentence_and_no_stack_trace(
    nothing_left_behind: None, drive: Path, qtbot: QtBot
) -> None:
    from app.core.tasks.engine import LocalEngine

    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        window.show()
        try:
            raise ZeroDivisionError("division by zero")
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        qtbot.waitUntil(window.banner.isVisible)
        sentence = window.banner.label.text()
        assert "ZeroDivisionError" in sentence and "Traceback" not in sentence and 'File "' not in sentence
        session.open(drive)
        settle()
        assert session.frame_state is not None


@pytest.mark.realdata
def test_the_real_scan_is_opened_with_its_picture(make_window: MakeWindow, realdata: Path) -> None:
    window = make_window(realdata / "semantickitti")
    cloud = viewport(window).items["cloud"]
    assert isinstance(cloud, Cloud) and len(cloud.points) == 124668
    panel = window.docks["cameras"].panel
    assert "19\u2009369 points inside" in panel.title.text()  # type: ignore[attr-defined]
