"""The table of scores: what is called what, walked with keys, sorted, clicked, and the same as counting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from model_helpers import counted, model, scores
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_helpers import settle

from app.core.evaluation.confusion import Confusion
from app.core.prediction.scores import Scores
from app.ui.main_window import MainWindow
from app.ui.panels.confusion import EARLIER
from app.ui.score_table import percent, score_table
from app.ui.widgets.class_matrix_paint import shape_of
from app.ui.widgets.rows import Role

# the table


def test_the_table_is_the_confusion_of_the_frame(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    table = scores(window).matrix.table
    assert table is not None
    truth = counted(window)
    for row in range(len(table)):
        for column in range(len(table.columns)):
            assert table.counts[row, column] == truth[table.cell_ids(row, column)]
            assert table.cell_of(*table.cell_ids(row, column)) == (row, column)
    assert table.counts.sum() == truth[:, 1:].sum(), "points without a class count nowhere"
    for row, train_id in enumerate(table.ids):
        hits = truth[train_id, train_id]
        union = truth[train_id, 1:].sum() + truth[:, train_id].sum() - hits
        if truth[:, train_id].sum():
            assert table.iou[row] == pytest.approx(hits / union, abs=1e-9)
        else:
            assert np.isnan(table.iou[row])


def test_a_click_on_a_cell_selects_exactly_its_points(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel, session = scores(window), window.session
    table = panel.matrix.table
    assert table is not None and session.frame_state is not None and session.label_set is not None
    row, column = table.mistakes(1)[0]
    place = panel.matrix.cell_rect(row, column).center().toPoint()
    QTest.mouseMove(panel.matrix, place)
    QTest.mouseClick(panel.matrix, Qt.MouseButton.LeftButton, pos=place)
    guess = session.frame_state.cloud.layers["prediction"].values
    truth = session.label_set.train_ids(session.frame_state.frame.labels)  # type: ignore[arg-type]
    wanted = np.flatnonzero((guess == table.ids[row]) & (truth == table.ids[table.columns[column]]))
    assert len(wanted) and np.array_equal(session.selection, wanted)
    assert panel.matrix._chosen == (row, column)
    session.select(np.arange(3))
    assert panel.matrix._chosen is None, "the mark is of the selection that it made"
    session.undo()
    assert np.array_equal(session.selection, wanted)


def test_the_matrix_can_be_walked_with_the_keys(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel, session = scores(window), window.session
    window.activateWindow()
    panel.matrix.setFocus()
    frame = session.index
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up):
        QTest.keyClick(panel.matrix, key)
    assert session.index == frame, "the arrows are the matrix's while it has the focus"
    table = panel.matrix.table
    assert table is not None and panel.told.text() == table.cell(0, 2)
    assert panel.matrix.accessibleDescription() == table.cell(0, 2)
    QTest.keyClick(panel.matrix, Qt.Key.Key_Return)
    assert panel.matrix._chosen == (0, 2)


def test_rows_can_be_sorted_and_sharing_changed(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel = scores(window)
    panel._choose_order("worst")
    table = panel.matrix.table
    assert table is not None
    known = table.iou[~np.isnan(table.iou)]
    assert (np.diff(known) >= 0).all() and not np.isnan(table.iou[0])
    panel._choose_order("points")
    assert panel.matrix.table is not None
    assert (np.diff(panel.matrix.table.counts.sum(axis=0)) <= 0).all()
    before = panel.matrix.grab().toImage()
    panel.shares.setCurrentIndex(1)
    panel.shares.activated.emit(1)
    assert panel.matrix.grab().toImage() != before


def test_frames_seen_add_up_and_can_be_counted_anew(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel, session = scores(window), window.session
    first = counted(window)
    session.step(1)
    settle()
    both = first + counted(window)
    panel._choose_scope("seen")
    table = panel.matrix.table
    assert table is not None and session.scores.frames == 2
    labelled = [table.ids[place] for place in table.columns]
    assert np.array_equal(table.counts, both[np.ix_(table.ids, labelled)])
    assert "(2)" in panel.scope.buttons["seen"].text()
    panel.reset.click()
    assert session.scores.frames == 1


def test_earlier_figures_stay_dimmed_while_the_network_is_at_work(
    window: MainWindow, tiny_network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel, session = scores(window), window.session
    table = panel.matrix.table
    with monkeypatch.context() as patched:
        patched.setattr("app.ui.view_words.working", lambda _session: True)
        session._scorebook.leave()
        session.scores_changed.emit(session.scores)
        assert panel.matrix.table is table and panel.body.isVisible() and not panel.body.isEnabled()
        assert panel.told.text() == EARLIER and not model(window).work.isEnabled() and model(window).work.rows
    session.scores_changed.emit(session.scores)
    assert panel.matrix.table is None and not panel.body.isVisible(), "nothing comes any more: it must not stay"
    assert not model(window).work.rows
    session.reset_scores()
    assert panel.body.isEnabled() and panel.matrix.table is not None and panel.told.text() != EARLIER


def test_largest_confusions_are_the_largest(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel = scores(window)
    wrong = counted(window)
    wrong[:, 0] = 0
    np.fill_diagonal(wrong, 0)
    top = panel.mistakes.item(0)
    assert wrong[top.data(Role.VALUE)] == wrong.max() > 0
    panel._choose_mistake(top)
    assert len(window.session.selection) == wrong.max()


def test_shares_are_of_the_named_whole() -> None:
    names = ("", "car", "road", "sign")
    confusion = Confusion(names, 0, np.array([[0, 0, 0, 0], [5, 6, 0, 0], [0, 2, 4, 0], [0, 0, 0, 0]]))
    table = score_table(Scores(None, confusion, confusion, 1), "frame", "classes")
    assert table is not None and table.names == ("car", "road")
    assert (
        table.cell(1, 0)
        == "2 points labelled car called road: 25.0\u2009% of all car, 33.3\u2009% of what is called road"
    )
    assert table.cell(0, 0) == "6 points labelled car found: 75.0\u2009% of all car"
    assert table.iou == pytest.approx([6 / 8, 4 / 6])
    official, present = (value for value, _words in table.means)
    assert official == pytest.approx((6 / 8 + 4 / 6) / 3) and present == pytest.approx((6 / 8 + 4 / 6) / 2)
    assert score_table(Scores(), "frame", "classes") is None
    assert percent(float("nan")) == "–"


def test_every_size_keeps_cells_that_can_be_hit() -> None:
    confusion = Confusion(["", *(f"class {i}" for i in range(19))], 0, np.ones((20, 20), np.int64))
    table = score_table(Scores(None, confusion, None, 1), "frame", "classes")
    assert table is not None and len(table) == 20, "called nothing is a row as well"
    for width, height in ((300, 200), (700, 330), (1100, 400), (2400, 1300)):
        shape = shape_of(table, width, height)
        assert shape.row >= 14 and shape.cell >= 15
        assert shape.cell_rect(0, 0).left() >= shape.name + shape.bar
