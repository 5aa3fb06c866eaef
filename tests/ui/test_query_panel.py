"""The Text workspace: what is typed lights up, every state says what is so, and what is found can be flown to."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from text_helpers import language, query, type_words
from window_helpers import settle

from app.core.language.queries import LAYER_OF
from app.ui import query_menus, query_words
from app.ui.main_window import MainWindow
from app.ui.panels.cameras import CamerasPanel


@pytest.fixture
def window(text_window: MainWindow) -> MainWindow:
    """A window in which words are asked."""
    return text_window


# typing


def test_what_is_typed_lights_up_at_once(window: MainWindow) -> None:
    panel = query(window)
    assert panel.empty.isVisible() and panel.examples.words and not panel.rows.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel.field.hasFocus()
    QTest.keyClicks(panel.field, "car")
    settle()
    assert window.session.views["left"].layer == LAYER_OF["similarity"]
    assert [row.words.text() for row in panel.rows.rows] == ["car"] and not panel.empty.isVisible()
    report = language(window).report
    assert report is not None and report.prompts[0].title == "car"
    assert window.area.views["left"].title.text() == "Similarity (query) · “car”"
    assert f"{report.known} of {report.points}" in panel.show_part.timing.text().replace("\u2009", "")


def test_the_slash_begins_too_and_keys_are_text_then(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_Slash)
    panel = query(window)
    assert panel.field.hasFocus()
    frame, layer = window.session.index, window.session.views["left"].layer
    QTest.keyClicks(panel.field, "n 2")
    assert panel.field.text() == "n 2" and window.session.index == frame
    assert window.session.views["left"].layer != "range" or layer == "range"


def test_enter_begins_another_prompt_and_typing_is_one_step_of_undo(window: MainWindow) -> None:
    type_words(window, "car", "tree")
    asked = [prompt.text for prompt in language(window).query.prompts]
    colors = {prompt.color for prompt in language(window).query.prompts}
    assert asked == ["car", "tree"] and len(colors) == 2
    assert language(window).query.active == 1 and query(window).field.text() == "tree"
    steps = 0
    while language(window).query.prompts and steps < 9:
        window.session.undo()
        steps += 1
    settle()
    assert steps <= 4, "letters are not undone one by one"
    assert query(window).field.text() == "" and query(window).empty.isVisible()


def test_a_field_that_is_emptied_and_left_takes_its_prompt_along(window: MainWindow) -> None:
    type_words(window, "car", "tree")
    query(window).field.selectAll()
    QTest.keyClick(query(window).field, Qt.Key.Key_Delete)
    settle()
    assert query(window).rows.rows[1].words.text() == query_words.NEW
    QTest.keyClick(query(window).field, Qt.Key.Key_Escape)
    settle()
    assert [prompt.text for prompt in language(window).query.prompts] == ["car"]
    assert query(window).field.text() == "car"


def test_rows_choose_edit_recolour_and_remove(window: MainWindow) -> None:
    type_words(window, "car", "tree")
    first, second = query(window).rows.rows
    QTest.mouseClick(first, Qt.MouseButton.LeftButton, pos=QPoint(80, 10))
    settle()
    assert language(window).query.active == 0 and query(window).field.text() == "car"
    second.begin_edit()
    second.field.selectAll()
    QTest.keyClicks(second.field, "fence")
    QTest.keyClick(second.field, Qt.Key.Key_Escape)
    assert language(window).query.prompts[1].text == "fence" and not second.field.isVisible()
    first._calls.recolor(0, (1, 2, 3))
    settle()
    assert first.swatch.color == (1, 2, 3) and language(window).query.prompts[0].color == (1, 2, 3)
    QTest.mouseClick(first.cross, Qt.MouseButton.LeftButton)
    settle()
    assert [prompt.text for prompt in language(window).query.prompts] == ["fence"]


def test_up_and_down_in_the_field_choose_prompts(window: MainWindow) -> None:
    type_words(window, "car", "tree")
    QTest.keyClick(query(window).field, Qt.Key.Key_Up)
    settle()
    assert language(window).query.active == 0 and query(window).field.text() == "car"


def test_an_example_chip_asks(window: MainWindow) -> None:
    chip = query(window).examples.chips[0]
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    settle()
    assert language(window).query.prompts[0].text == query(window).examples.words[0]
    assert window.desk.asking.shown


def test_a_prompt_too_many_is_refused_in_a_sentence(window: MainWindow) -> None:
    language(window).set_prompts([f"thing {i}" for i in range(32)])
    window.desk.asking.word("one more")
    settle()
    assert "32" in query(window).problem.text() and query(window).problem.isVisible()
    window.desk.asking.mode("winner")
    window.desk.asking.attempt(lambda: language(window).set_active(0))
    settle()
    assert not query(window).problem.isVisible()


# how it is shown


@pytest.mark.parametrize("mode", ["similarity", "winner", "relevancy", "match"])
def test_each_mode_shows_its_layer_and_says_what_it_means(window: MainWindow, mode: str) -> None:
    type_words(window, "car", "road")
    part = query(window).show_part
    QTest.mouseClick(part.modes.buttons[mode], Qt.MouseButton.LeftButton)
    settle()
    assert window.session.views["left"].layer == LAYER_OF[mode]
    assert part.modes.buttons[mode].isChecked() and part.meaning.text() == query_words.mode_words(
        language(window).query
    )
    assert window.menus.actions[f"text.mode_{mode}"].isEnabled()


def test_the_threshold_is_dragged_through_the_histogram_and_counted(window: MainWindow) -> None:
    type_words(window, "car")
    window.desk.asking.mode("relevancy")
    settle()
    histogram = query(window).show_part.histogram
    QTest.mousePress(histogram, Qt.MouseButton.LeftButton, pos=QPoint(round(histogram.x_of(0.25)), 30))
    QTest.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=QPoint(round(histogram.x_of(0.25)), 30))
    settle()
    threshold = language(window).query.threshold
    assert threshold is not None and abs(threshold - 0.25) < 0.01
    state, found = window.session.frame_state, language(window).histogram
    assert state is not None and found is not None
    shown = state.cloud.layers["text_relevancy"].values
    above = int((shown[np.isfinite(shown)] >= np.float32(threshold)).sum())
    assert found.above == above
    assert query(window).show_part.count.text().replace("\u2009", "").startswith(f"{above} of ")
    QTest.mouseDClick(histogram, Qt.MouseButton.LeftButton, pos=QPoint(60, 30))
    assert language(window).query.threshold is None


def test_among_other_frames_the_count_names_its_own(window: MainWindow) -> None:
    type_words(window, "car")
    window.session.language.set_mode("match")
    panel = query(window)
    panel.show_part.refresh()
    assert "match from" in panel.show_part.count.text() and "of this frame" not in panel.show_part.count.text()
    window.session.set_accumulation(0, 1)
    panel.show_part.refresh()
    assert "of this frame match" in panel.show_part.count.text()
    assert "of this frame have a feature" in panel.show_part.timing.text()


def test_negatives_are_edited_as_chips(window: MainWindow) -> None:
    type_words(window, "car")
    window.desk.asking.mode("relevancy")
    settle()
    chips = query(window).ways.negatives
    assert chips.isVisible() and chips.words == language(window).query.negatives
    QTest.mouseClick(chips.chips[0], Qt.MouseButton.LeftButton)
    settle()
    assert chips.field is not None and len(chips.words) == 3
    QTest.keyClicks(chips.field, "wall, sky")
    QTest.keyClick(chips.field, Qt.Key.Key_Return)
    settle()
    assert language(window).query.negatives[-2:] == ("wall", "sky")


def test_a_way_that_has_nothing_says_why(window: MainWindow) -> None:
    type_words(window, "car")
    part = query(window).ways
    assert not part.network.isVisible()
    QTest.mouseClick(part.ways.buttons["network"], Qt.MouseButton.LeftButton)
    settle()
    assert part.why.text() == language(window).way_problem("network") != "" and part.network.isVisible()
    assert query(window).problem.isVisible() or language(window).problem


# by example


def test_more_like_the_picked_point(window: MainWindow) -> None:
    type_words(window, "car")
    state = window.session.frame_state
    assert state is not None
    row = int(np.flatnonzero(np.isfinite(state.cloud.layers["text_similarity"].values))[0])
    window.session.pick(row)
    settle()
    query(window).field.clearFocus()
    QTest.keyClick(window, Qt.Key.Key_J)
    settle()
    assert language(window).query.prompts[-1].point == (0, row)
    line = query(window).rows.rows[-1].line
    assert line.words.startswith("like point") and not line.editable
    values = window.session.frame_state.cloud.layers["text_similarity"].values  # type: ignore[union-attr]
    assert abs(values[row] - 1) < 2e-3, "a point is like itself"


def test_a_box_over_the_picture_asks_once(window: MainWindow) -> None:
    cameras = window.docks["cameras"].panel
    assert isinstance(cameras, CamerasPanel)
    cameras.settle()
    window.desk.asking.set_box_tool(True)
    canvas = cameras.canvas
    start, end = (canvas.to_widget(x, y).toPoint() for x, y in ((20, 10), (60, 30)))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, end)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    settle()
    box = language(window).query.prompts[-1].box
    assert box is not None and box[:2] == (0, cameras.camera)
    assert np.abs(np.array(box[2:]) - [20, 10, 60, 30]).max() <= 1
    assert not window.desk.asking.box_tool and not query(window).by_box.isChecked()


# keeping


def test_the_keep_menu_keeps_selects_and_forgets(window: MainWindow) -> None:
    type_words(window, "car")
    asking = window.desk.asking
    asking.attempt(lambda: language(window).keep_as_layer("my cars"))
    settle()
    assert any(info.title.endswith("my cars") or "my cars" in info.title for info in window.session.layers())
    menu = QMenu()
    query_menus.fill_keep(menu, asking, window)
    texts = [action.text() for action in menu.actions()]
    assert any("my cars" in words for words in texts) and any(
        words.startswith("Keep as a class") for words in texts
    )
    next(action for action in menu.actions() if "Forget" in action.text()).trigger()
    settle()
    assert not language(window).kept


def test_prompts_are_saved_used_and_deleted(window: MainWindow) -> None:
    type_words(window, "car", "tree")
    language(window).save_prompt_set("two")
    window.desk.asking.clear()
    menu = QMenu()
    query_menus.fill_sets(menu, window.desk.asking, window)
    menu.actions()[0].trigger()
    settle()
    assert [prompt.text for prompt in language(window).query.prompts] == ["car", "tree"]
