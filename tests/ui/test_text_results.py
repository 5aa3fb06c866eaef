"""What was found in words: pictures to fly to, scores over time, and the known classes with their words."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from text_helpers import language, query, results, type_words
from window_helpers import settle

from app.ui.dialogs.zero_shot_scores import ZeroShotScores
from app.ui.main_window import MainWindow
from app.ui.panels.zero_shot import ZeroShotPanel
from app.ui.widgets.rows import Role


@pytest.fixture
def window(text_window: MainWindow) -> MainWindow:
    """A window in which words are asked."""
    return text_window


# results


def test_indexing_fills_the_strip_and_a_picture_flies_there(window: MainWindow, qtbot: QtBot) -> None:
    type_words(window, "car")
    panel = results(window)
    QTest.mouseClick(panel.index, Qt.MouseButton.LeftButton)
    settle()
    found = language(window).results
    assert found is not None and found.indexed == 6
    assert np.isfinite(panel.strip.scores).sum() == 6 and "best" in panel.strip.best_words()
    assert not panel.index.isVisible() and panel.tiles.tiles
    place = next(i for i, hit in enumerate(panel._hits) if hit.frame != window.session.index)
    hit = panel._hits[place]
    QTest.mouseClick(panel.tiles.tiles[place], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.index == hit.frame and not window.area.feed.flying)
    camera = window.area.camera("left")
    assert np.allclose(camera.pivot, hit.center, atol=1e-4)
    state = window.session.frame_state
    assert state is not None and window.session.picked is not None
    away = np.linalg.norm(state.cloud.points - np.asarray(hit.center), axis=1)
    assert window.session.picked == int(np.nanargmin(away))


def test_a_click_on_the_strip_goes_to_the_frame(window: MainWindow) -> None:
    type_words(window, "car")
    strip = results(window).strip
    assert len(strip.scores) == 6 and strip.isVisible()
    x = round(strip.x_of(4) + strip.width() / 12)
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(x, 20))
    settle()
    assert window.session.index == 4


# known classes


def test_known_classes_are_sought_scored_and_their_words_edited(window: MainWindow) -> None:
    panel = window.docks["zero_shot"].panel
    assert isinstance(panel, ZeroShotPanel)
    assert panel.list.count() == 19 and panel.list.item(0).data(Role.NOTE).endswith("words")
    query(window).field.clearFocus()
    QTest.keyClick(window, Qt.Key.Key_C)
    settle()
    assert window.session.views["left"].layer == "zero_shot" and panel.power.isChecked()
    assert panel.list.item(0).data(Role.NOTE).endswith("%") or panel.list.item(0).data(Role.NOTE) == "–"
    panel.list.setCurrentRow(0)
    before = panel.words.words
    QTest.mouseClick(panel.words.chips[-1], Qt.MouseButton.LeftButton)
    settle()
    assert panel.words.words == before[:-1]
    assert language(window).words is not None and language(window).words.words[0].synonyms == before[:-1]
    QTest.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    settle()
    assert panel.words.words == before
    window.menus.refresh()
    window.menus.actions["text.confusion"].trigger()
    dialog = window.findChildren(ZeroShotScores)[0]
    table = dialog.matrix.table
    assert table is not None
    row, column = (int(v) for v in np.argwhere(table.counts > 0)[0])
    dialog.matrix._take((row, column))
    assert len(window.session.selection) == table.counts[row, column]
    dialog.close()
