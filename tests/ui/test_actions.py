"""The action table: no two shortcuts clash, everything has words, a place and something it does."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.ui import commands
from app.ui.actions import ACTIONS, MENUS, by_name
from app.ui.main_window import MainWindow
from app.ui.workspaces import WORKSPACES


def test_no_two_shortcuts_clash() -> None:
    keys = Counter(QKeySequence(key).toString() for action in ACTIONS for key in action.shortcuts)
    assert [key for key, uses in keys.items() if uses > 1] == []


def test_no_two_shortcuts_clash_in_the_whole_window(window: MainWindow) -> None:
    from PySide6.QtGui import QAction

    keys = Counter(
        key.toString() for action in window.findChildren(QAction) for key in action.shortcuts() if key.toString()
    )
    assert [key for key, uses in keys.items() if uses > 1] == []


def test_every_shortcut_is_one_that_qt_understands() -> None:
    for action in ACTIONS:
        for key in action.shortcuts:
            assert QKeySequence(key).toString(), f"{action.name}: '{key}' is no key"


def test_every_action_has_words_and_a_menu() -> None:
    for info in ACTIONS:
        assert info.text and info.tip and info.menu.partition("/")[0] in MENUS, info.name
        assert not info.tip.endswith("."), info.name
        known = info.needs in ("", *commands.NEEDS) or info.needs.startswith("layer.")
        assert known, f"{info.name} needs '{info.needs}', which nothing decides"


def test_every_action_does_something_and_nothing_else_is_bound(window: MainWindow) -> None:
    assert set(commands.handlers(window)) == {action.name for action in ACTIONS}


def test_every_action_stands_in_a_menu_with_its_tooltip(window: MainWindow) -> None:
    menus = window.menus
    for info in ACTIONS:
        action = menus.actions[info.name]
        assert action in menus._menus[info.menu].actions()
        assert action.toolTip().startswith(info.tip)


def test_every_workspace_has_an_action() -> None:
    for space in WORKSPACES:
        assert by_name(f"window.{space.name}").text == space.title


@pytest.mark.parametrize(
    ("key", "layer"), [(Qt.Key.Key_2, "range"), (Qt.Key.Key_3, "intensity"), (Qt.Key.Key_4, "label")]
)
def test_number_keys_choose_layers(window: MainWindow, qtbot: QtBot, key: Qt.Key, layer: str) -> None:
    window.activateWindow()
    QTest.keyClick(window, key)
    assert window.session.views["left"].layer == layer


def test_arrow_keys_go_through_the_frames(window: MainWindow) -> None:
    window.activateWindow()
    for key, modifier, frame in (
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 1),
        (Qt.Key.Key_N, Qt.KeyboardModifier.NoModifier, 2),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 1),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 5),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, 5),
    ):
        QTest.keyClick(window, key, modifier)
        assert window.session.index == frame


def test_plain_keys_sleep_while_a_text_field_has_the_focus(window: MainWindow, qtbot: QtBot) -> None:
    field = QLineEdit(window.centralWidget())
    field.show()
    window.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    plain = [
        key
        for action in ACTIONS
        for key in action.shortcuts
        if len(key) == 1 or key in ("Space", "Left", "Right", "Home", "End")
    ]
    assert len(plain) > 20
    layer, frame, tool = window.session.views["left"].layer, window.session.index, window.desk.tool
    QTest.keyClicks(field, "24 .vrln?")
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(field, key)
    assert field.text() == "24 .vrln?"
    after = (window.session.views["left"].layer, window.session.index, window.desk.tool)
    assert after == (layer, frame, tool)
    assert not window.session.playback.playing


def test_keys_wake_again_when_the_field_loses_the_focus(window: MainWindow, qtbot: QtBot) -> None:
    field = QLineEdit(window.centralWidget())
    field.show()
    window.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    field.clearFocus()
    QTest.keyClick(window, Qt.Key.Key_2)
    assert window.session.views["left"].layer == "range"


def test_actions_are_enabled_and_ticked_as_things_stand(window: MainWindow) -> None:
    actions, session = window.menus.actions, window.session
    window.menus.refresh()
    assert not actions["view.link"].isEnabled() and not actions["edit.copy"].isEnabled()
    session.split(True)
    session.pick(3)
    window.menus.refresh()
    assert actions["view.link"].isEnabled() and actions["view.link"].isChecked()
    assert actions["view.split"].isChecked() and actions["edit.copy"].isEnabled()
    session.set_layer("range")
    session.set_camera_mode("top")
    window.menus.refresh()
    assert actions["layer.2"].isChecked() and not actions["layer.1"].isChecked()
    assert actions["camera.top"].isChecked() and not actions["camera.orbit"].isChecked()
    assert actions["layer.2"].text() == "Range"
