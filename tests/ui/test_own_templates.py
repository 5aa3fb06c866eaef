"""The dialog in which the sentences for prompts are read and written."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from text_helpers import language, query, type_words
from window_helpers import settle

from app.core.language import templates
from app.core.settings import home
from app.ui.dialogs.own_templates import OwnTemplates
from app.ui.main_window import MainWindow


@pytest.fixture
def window(text_window: MainWindow) -> MainWindow:
    """A window in which words are asked."""
    return text_window


def opened(window: MainWindow) -> OwnTemplates:
    """The dialog, opened as from the Text menu."""
    window.menus.refresh()
    window.menus.actions["text.templates"].trigger()
    settle()
    return window.findChildren(OwnTemplates)[-1]


def write(dialog: OwnTemplates, lines: str, qtbot: QtBot) -> None:
    """Write these lines in place of the others, and rest."""
    dialog.lines.setPlainText(lines)
    qtbot.waitUntil(lambda: not dialog._later.isActive())
    settle()


def values(window: MainWindow) -> bytes:
    """What the view shows."""
    settle()
    data = window.session.layer_data("left")
    assert data is not None
    return data.values.tobytes()


def test_those_that_come_along_are_read_and_copied(window: MainWindow) -> None:
    dialog = opened(window)
    assert dialog.lines.isReadOnly() and dialog.name.isReadOnly() and not dialog.delete.isEnabled()
    assert dialog.lines.toPlainText().splitlines() == list(templates.TEMPLATES["street"].templates)
    assert not dialog.use.isEnabled() and "seen from" not in dialog.state.text()
    QTest.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert not dialog.lines.isReadOnly() and dialog.name.text() == "My street"
    assert [one.name for one in templates.load_own()] == ["My street"]
    assert templates.load_own()[0].templates == templates.TEMPLATES["street"].templates
    dialog.close()


def test_what_is_written_is_seen_at_once(window: MainWindow, qtbot: QtBot) -> None:
    type_words(window, "car")
    dialog = opened(window)
    QTest.mouseClick(dialog.new, Qt.MouseButton.LeftButton)
    QTest.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    before = values(window)
    assert language(window).query.templates == "My sentences"
    assert query(window).ways.templates.currentText() == "My sentences"
    write(dialog, "a {} at night.\n\n  the dark {}  ", qtbot)
    assert templates.find("My sentences").templates == ("a {} at night.", "the dark {}")
    assert values(window) != before, "other sentences give other scores"
    assert dialog.example.text() == "“the dark car”"
    QTest.mouseClick(dialog.reset, Qt.MouseButton.LeftButton)
    dialog.close()


@pytest.mark.parametrize("lines", ["a car", "{} and {}", "", "the {}\nthe {}", "x" * 400 + " {}"])
def test_a_line_that_cannot_be_used_is_said_and_not_kept(window: MainWindow, qtbot: QtBot, lines: str) -> None:
    language(window).save_templates("mine", ["a {}"])
    language(window).set_templates("mine")
    dialog = opened(window)
    write(dialog, lines, qtbot)
    assert dialog.state.objectName() == "Error" and dialog.state.text().count(". ") == 0
    assert templates.find("mine").templates == ("a {}",)
    QTest.mouseClick(dialog.reset, Qt.MouseButton.LeftButton)
    assert dialog.lines.toPlainText() == "a {}" and dialog.state.objectName() == "Hint"
    dialog.close()


def test_a_set_is_renamed_and_deleted_and_the_query_goes_along(window: MainWindow, qtbot: QtBot) -> None:
    language(window).save_templates("mine", ["a {}"])
    language(window).set_templates("mine")
    dialog = opened(window)
    dialog.name.selectAll()
    QTest.keyClicks(dialog.name, "night")
    qtbot.waitUntil(lambda: not dialog._later.isActive())
    assert [one.name for one in templates.load_own()] == ["night"]
    assert language(window).query.templates == "night"
    dialog.name.selectAll()
    QTest.keyClicks(dialog.name, "street")
    qtbot.waitUntil(lambda: not dialog._later.isActive())
    assert "taken" in dialog.state.text() and language(window).query.templates == "night"
    QTest.mouseClick(dialog.delete, Qt.MouseButton.LeftButton)
    assert templates.load_own() == () and language(window).query.templates == "street"
    assert dialog.lines.isReadOnly()
    dialog.close()


def test_a_broken_file_is_said_and_can_be_set_aside(window: MainWindow) -> None:
    file = home() / templates.FILE
    file.write_text("mine: [")
    dialog = opened(window)
    assert templates.FILE in dialog.state.text() and not dialog.new.isEnabled()
    QTest.mouseClick(dialog.aside, Qt.MouseButton.LeftButton)
    assert not file.exists() and (home() / templates.BROKEN).read_text() == "mine: ["
    QTest.mouseClick(dialog.new, Qt.MouseButton.LeftButton)
    assert [one.name for one in templates.load_own()] == ["My sentences"]
    dialog.close()


def test_closing_keeps_what_was_just_written(window: MainWindow) -> None:
    language(window).save_templates("mine", ["a {}"])
    language(window).set_templates("mine")
    dialog = opened(window)
    dialog.lines.setPlainText("the {}")
    dialog.close()
    assert templates.find("mine").templates == ("the {}",)
