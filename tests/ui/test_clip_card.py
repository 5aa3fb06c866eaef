"""Which CLIP reads the words, and what the rows of prompts say."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_helpers import language, query
from window_helpers import settle

from app.core.language.queries import Prompt
from app.ui import query_words
from app.ui.dialogs.choose_clip import ChooseClip
from app.ui.main_window import MainWindow


@pytest.fixture
def window(text_window: MainWindow) -> MainWindow:
    """A window in which words are asked."""
    return text_window


# the CLIP


def test_the_card_says_what_the_clip_is(window: MainWindow) -> None:
    card = query(window).clip
    assert card.name.text() and {row.name for row in card.rows.rows} >= {"Reads pictures of", "Licence", "Identity"}
    assert "not stated" in {row.value for row in card.rows.rows}


def test_a_broken_clip_is_said_and_the_old_one_stays(window: MainWindow, tmp_path: Path) -> None:
    bad = tmp_path / "broken.safetensors"
    bad.write_bytes(b"12345")
    dialog = ChooseClip(window, window.desk)
    dialog.show()
    before = language(window).clip
    dialog.use_path(str(bad))
    settle()
    assert "broken.safetensors" in dialog.state.text() and dialog.state.objectName() == "Error"
    assert language(window).clip == before and dialog.isVisible()
    dialog.close()


# words alone


def test_words_for_a_row() -> None:
    from app.core.language.queries import PromptReport, QueryState

    state = QueryState(prompts=(Prompt("car"), Prompt(""), Prompt(point=(3, 12345))))
    assert [line.words for line in query_words.lines(state, None)] == [
        "car",
        query_words.NEW,
        "like point 12\u2009345",
    ]
    assert query_words._told(state, None) == {}
    told = PromptReport("car", 7, 0.3, 0.8)
    line = query_words._line(state.prompts[0], told, ())
    assert line.value == "7" and line.bar == 0.8
    assert query_words._line(state.prompts[0], None, ("car",)).warning
