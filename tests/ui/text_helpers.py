"""What tests of the Text workspace share: its panels, and typing into them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_helpers import settle

from app.core.session_language import SessionLanguage
from app.ui.main_window import MainWindow
from app.ui.panels.query import QueryPanel
from app.ui.panels.results import ResultsPanel


def query(window: MainWindow) -> QueryPanel:
    panel = window.docks["query"].panel
    assert isinstance(panel, QueryPanel)
    return panel


def results(window: MainWindow) -> ResultsPanel:
    panel = window.docks["results"].panel
    assert isinstance(panel, ResultsPanel)
    return panel


def language(window: MainWindow) -> SessionLanguage:
    return window.session.language


def type_words(window: MainWindow, *prompts: str) -> None:
    """Type prompts as a user does, Enter between them."""
    window.desk.asking.begin()
    for place, words in enumerate(prompts):
        if place:
            QTest.keyClick(query(window).field, Qt.Key.Key_Return)
        QTest.keyClicks(query(window).field, words)
    settle()
