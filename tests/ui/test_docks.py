"""Docks keep the room they were given, also when one workspace follows another at once."""

from __future__ import annotations

import pytest
from window_helpers import settle

from app.ui.main_window import MainWindow


def test_a_layout_that_is_left_at_once_comes_back_with_its_widths(window: MainWindow) -> None:
    window.resize(1680, 1020)
    window.set_workspace("labels")
    settle()
    window.docks["affinity_matrix"].setVisible(False)
    settle()
    window.reset_layout()
    window.set_workspace("browse")
    settle()
    window.set_workspace("labels")
    settle()
    pictures, matrix = (window.docks[name].width() for name in ("cameras", "affinity_matrix"))
    assert abs(pictures - matrix) < 0.2 * (pictures + matrix), (pictures, matrix)


def test_a_panel_of_another_workspace_is_not_shown_for_a_moment(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[tuple[str, bool]] = []
    monkeypatch.setattr(window.session.visibility, "look", lambda who, on: looks.append((who, on)))
    for name in ("compare", "train", "focus", "browse"):
        window.set_workspace(name)
        window.reset_layout()
        settle()
        assert window.docks["visibility"].isHidden()
    assert ("visibility", True) not in looks
    window.set_workspace("labels")
    settle()
    assert ("visibility", True) in looks
    looks.clear()
    window.set_workspace("predict")  # for the first time: its panels are put into their places
    settle()
    assert ("visibility", True) not in looks and ("visibility", False) in looks
