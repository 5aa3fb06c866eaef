"""Docks keep the room they were given, also when one workspace follows another at once."""

from __future__ import annotations

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
