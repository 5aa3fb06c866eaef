"""The command palette finds everything by a few letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from window_helpers import settle

from app.ui import fuzzy, palette
from app.ui.actions import ACTIONS
from app.ui.main_window import MainWindow
from app.ui.palette import Palette

names = st.text(st.sampled_from("abcdefg XYZ-_12"), min_size=1, max_size=24)


@given(names)
def test_a_name_answers_to_itself(name: str) -> None:
    assert fuzzy.score(name, name) is not None


@given(names, st.data())
def test_letters_in_order_are_found_and_out_of_order_are_not(name: str, data: st.DataObject) -> None:
    letters = [c for c in name if not c.isspace()]
    picked = data.draw(st.lists(st.integers(0, max(len(letters) - 1, 0)), unique=True, max_size=5).map(sorted))
    query = "".join(letters[i] for i in picked if letters)
    assert fuzzy.score(query, name) is not None
    assert fuzzy.score(query + "ß", name) is None


@given(names, names)
def test_score_is_none_exactly_if_the_letters_are_no_subsequence(query: str, name: str) -> None:
    rest = iter(name.lower())
    subsequence = all(c in rest for c in query.lower() if not c.isspace())
    assert (fuzzy.score(query, name) is not None) == subsequence


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [("cam", "Camera", "Look back and aim"), ("sp", "Save picture", "Gasp"), ("foll", "Follow", "Fold all")],
)
def test_starts_of_words_and_neighbours_win(query: str, better: str, worse: str) -> None:
    good, bad = fuzzy.score(query, better), fuzzy.score(query, worse)
    assert good is not None and (bad is None or good > bad)


def test_every_action_is_found_by_its_name_and_comes_first(window: MainWindow) -> None:
    found = palette.entries(window)
    for info in ACTIONS:
        if info.name == "window.palette" or info.needs.startswith("layer."):
            continue
        name = window.menus.actions[info.name].text().rstrip("…")
        usable = [entry for entry in palette.matching(found, name) if entry.name == name]
        assert usable, f"{info.name} is not found by '{name}'"
        if usable[0].enabled:
            assert name in [entry.name for entry in palette.matching(found, name)[:3]]


def test_layers_sequences_recent_drives_and_panels_are_found(window: MainWindow) -> None:
    kinds = {(entry.kind, entry.name) for entry in palette.entries(window)}
    assert ("Layer", "Intensity") in kinds and ("Sequence", "00") in kinds
    assert ("Window", "Panel: Inspector") in kinds and ("Colours", "Colours: viridis") in kinds
    assert any(kind == "Recent" for kind, _name in kinds)
    assert any(kind == "Camera" and "image_2" in name for kind, name in kinds)


@pytest.mark.parametrize(
    ("query", "frame"),
    [
        ("3", 3),
        ("go to 4", 4),
        ("goto 2", 2),
        ("frame 5", 5),
        (":1", 1),
        ("go to 900", 5),
        ("range", None),
        ("", None),
    ],
)
def test_a_number_is_a_frame(query: str, frame: int | None) -> None:
    assert palette.frame_of(query, 6) == frame


def test_typing_and_enter_do_it(window: MainWindow) -> None:
    window.show_palette()
    opened = [found for found in window.findChildren(Palette) if found.isVisible()]
    assert len(opened) == 1
    QTest.keyClicks(opened[0].field, "go to 3")
    QTest.keyClick(opened[0].field, Qt.Key.Key_Return)
    settle()
    assert window.session.index == 3
    assert not window.findChildren(Palette)


def test_arrows_move_and_what_cannot_be_done_is_not_done(window: MainWindow) -> None:
    made = Palette(window)
    made.open_at(window)
    QTest.keyClicks(made.field, "intensity")
    QTest.keyClick(made.field, Qt.Key.Key_Down)
    QTest.keyClick(made.field, Qt.Key.Key_Up)
    assert made.list.currentRow() == 0
    made.field.setText("link the cameras")
    made.run_current()
    assert made.isVisible(), "with one view there is nothing to link"
    QTest.keyClick(made.field, Qt.Key.Key_Escape)
    settle()


def test_a_click_elsewhere_closes_it(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.show_palette()
    made = window.findChildren(Palette)[0]
    qtbot.waitUntil(made.field.hasFocus)
    made.field.clearFocus()
    qtbot.waitUntil(lambda: not window.findChildren(Palette))


def test_plain_keys_type_into_it_and_do_nothing_else(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.show_palette()
    made = window.findChildren(Palette)[0]
    qtbot.waitUntil(made.field.hasFocus)
    QTest.keyClicks(made.field, "2 nb")
    QTest.keyClick(made.field, Qt.Key.Key_Home)
    assert made.field.text() == "2 nb"
    assert window.session.views["left"].layer == "height" and window.session.index == 0
    made.close()


def test_nonsense_says_so(window: MainWindow) -> None:
    made = Palette(window)
    made.open_at(window)
    made.field.setText("qqqqzzzz")
    assert made.nothing.isVisible() and not made.list.isVisible()
    made.close()
