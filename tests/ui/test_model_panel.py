"""The model panel, the scores and the Model menu: every state says what is so and what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from small_drive import write_small_drive
from window_helpers import MakeWindow, settle

from app.core.evaluation.confusion import Confusion
from app.core.labels import UNKNOWN
from app.core.methods.predict import PredictOptions, write_tiny
from app.core.methods.similarity import SimilarityOptions
from app.core.prediction.scores import Scores
from app.ui import view_words
from app.ui.main_window import MainWindow
from app.ui.model_facts import checkpoint_name, work_rows
from app.ui.panels.confusion import EARLIER, ConfusionPanel
from app.ui.panels.model import NOTHING, SWITCHED_OFF, UNSEEN, ModelPanel
from app.ui.score_table import percent, score_table
from app.ui.widgets.class_matrix_paint import shape_of
from app.ui.widgets.rows import Role


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the smallest network, untrained."""
    return write_tiny(tmp_path_factory.mktemp("weights") / "tiny net.safetensors", seed=3)


def model(window: MainWindow) -> ModelPanel:
    panel = window.docks["model"].panel
    assert isinstance(panel, ModelPanel)
    return panel


def scores(window: MainWindow) -> ConfusionPanel:
    panel = window.docks["confusion"].panel
    assert isinstance(panel, ConfusionPanel)
    return panel


def values(panel: ModelPanel) -> dict[str, str]:
    return {row.name: row.value for part in (panel.work, panel.card, panel.own_scores) for row in part.rows}


def counted(window: MainWindow) -> np.ndarray:
    """(20, 20) the frame's confusion, counted here point by point."""
    session = window.session
    state = session.frame_state
    assert state is not None and state.frame.labels is not None and session.label_set is not None
    guess = state.cloud.layers["prediction"].values
    truth = session.label_set.train_ids(state.frame.labels)
    truth = np.where(truth == UNKNOWN, 0, truth)
    matrix = np.zeros((20, 20), np.int64)
    for row, column in zip(guess, truth, strict=True):
        matrix[row, column] += 1
    return matrix


# states


def test_without_a_checkpoint_the_panels_say_what_to_do(window: MainWindow) -> None:
    window.set_workspace("labels")
    panel = model(window)
    assert panel.state.text() == NOTHING and panel.choose.isVisible() and not panel.options.isVisible()
    assert not panel.power.isVisible() and not panel.similar_title.isVisible()
    assert "Model panel" in scores(window).empty.text() and not scores(window).body.isVisible()
    assert not window.menus.actions["model.predict"].isEnabled()


def test_a_chosen_checkpoint_predicts_and_tells_about_itself(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
    settle()
    panel, session = model(window), window.session
    assert session.views["left"].layer == "prediction"
    assert panel.name.text() == "tiny net" and panel.power.isChecked() and not panel.state.isVisible()
    shown = values(panel)
    assert shown["Network"] == "minkunet cr 0.07" and shown["Sees"] == "50 cm voxels"
    assert shown["Classes"] == "19 of SemanticKITTI" and "mIoU here" in shown
    assert session.scores.report is not None
    rate = len(session.frame_state.frame) / session.scores.report.seconds  # type: ignore[union-attr]
    assert int(shown["Points a second"].replace("\u2009", "")) == round(rate)
    assert session.settings.recent_checkpoints == (tiny,)
    assert window.area.views["left"].title.text() == "Class (predicted) · tiny net"


def test_a_broken_checkpoint_is_said_in_one_sentence(window: MainWindow, tmp_path: Path, tiny: Path) -> None:
    window.set_workspace("labels")
    bad = tmp_path / "broken.safetensors"
    bad.write_bytes(b"12345")
    window.desk.models.use(bad)
    settle()
    panel = model(window)
    assert "broken.safetensors" in panel.state.text() and panel.state.objectName() == "Error"
    assert not panel.card.isVisible() and not panel.work.isVisible()
    assert window.session.settings.recent_checkpoints == ()
    assert "broken.safetensors" in scores(window).empty.text()
    assert "broken.safetensors" in window.area.views["left"].waiting.words
    window.desk.models.use(tiny)
    settle()
    assert not panel.state.isVisible() and panel.card.isVisible()
    assert window.area.views["left"].waiting.words == ""


def test_switching_off_and_on_brings_back_what_was_there(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    session, panel = window.session, model(window)
    session.set_layer("intensity")
    window.desk.models.use(tiny)
    window.desk.models.change(votes=4)
    window.activateWindow()
    settle()
    QTest.keyClick(window, Qt.Key.Key_M)
    assert "predict" not in session.methods and session.views["left"].layer == "intensity"
    assert panel.state.text() == SWITCHED_OFF and not panel.card.isVisible()
    window.desk.models.change(votes=12)
    assert "predict" not in session.methods, "options chosen while it is off switch nothing on"
    settle()
    QTest.keyClick(window, Qt.Key.Key_M)
    assert session.methods["predict"] == PredictOptions(tiny, votes=12)
    assert session.views["left"].layer == "prediction"


def test_a_network_that_no_view_shows_says_so(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.session.set_method("predict", PredictOptions(tiny))
    settle()
    panel = model(window)
    assert panel.state.text() == UNSEEN and panel.show_it.isVisible() and scores(window).show_it.isVisible()
    panel.show_it.click()
    assert window.session.scores.report is not None and panel.state.text() == ""


def test_a_drive_without_labels_says_why_there_are_no_scores(
    make_window: MakeWindow, tmp_path: Path, tiny: Path
) -> None:
    window = make_window(write_small_drive(tmp_path / "bare", frames=2, labels=False).root)
    window.set_workspace("labels")
    window.desk.models.use(tiny)
    settle()
    assert "no labels" in scores(window).empty.text() and not scores(window).body.isVisible()
    assert "no labels" in model(window).no_labels.text() and "mIoU here" not in values(model(window))
    assert "Time per frame" in values(model(window))


def test_options_in_the_panel_and_the_menu_are_the_same(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    panel, session = model(window), window.session
    window.desk.models.use(tiny)
    panel.votes.buttons[4].click()
    panel.precision.setCurrentIndex(panel.precision.findData("fp32"))
    panel.precision.activated.emit(panel.precision.currentIndex())
    assert session.methods["predict"] == PredictOptions(tiny, votes=4, precision="fp32")
    assert session.scores.report is not None and session.scores.report.votes == 4
    window.menus.refresh()
    assert window.menus.actions["model.votes_4"].isChecked()
    window.menus.actions["model.votes_1"].trigger()
    assert panel.votes.buttons[1].isChecked() and not panel.votes.buttons[4].isChecked()


# the table


def test_the_table_is_the_confusion_of_the_frame(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
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


def test_a_click_on_a_cell_selects_exactly_its_points(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
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


def test_the_matrix_can_be_walked_with_the_keys(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
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


def test_rows_can_be_sorted_and_sharing_changed(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
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


def test_frames_seen_add_up_and_can_be_counted_anew(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
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
    window: MainWindow, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
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


def test_largest_confusions_are_the_largest(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
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


# what else looks like this


def test_what_else_looks_like_the_picked_point(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    panel, session = model(window), window.session
    window.desk.models.use(tiny)
    settle()
    assert not panel.find_button.isEnabled()
    session.pick(7)
    settle()
    assert "Point 7, predicted" in panel.similar.text() and panel.find_button.isEnabled()
    panel.find_button.click()
    settle()
    assert session.methods["similarity"] == SimilarityOptions((0, 7))
    data = session.layer_data("left")
    assert data is not None and data.name == "feature_similarity" and data.values[7] == pytest.approx(1, abs=1e-3)
    assert "point 7 of frame 0" in panel.similar.text() and panel.end_button.isVisible()
    panel.end_button.click()
    assert "similarity" not in session.methods and session.views["left"].layer == "prediction"
    panel.find_button.click()
    panel.power.click()
    assert not session.methods and session.views["left"].layer == "height", "both steps are taken back"


# around the view


def test_a_view_says_why_it_cannot_show_its_layer(window: MainWindow) -> None:
    window.session.set_layer("prediction")
    chip = window.area.views["left"].waiting
    assert chip.isVisible() and "checkpoint" in chip.words
    window.session.set_layer("height")
    assert not chip.isVisible()


def test_the_inspector_says_where_a_prediction_came_from(window: MainWindow, tiny: Path) -> None:
    from app.ui.panels.inspector import InspectorPanel

    window.desk.models.use(tiny)
    window.session.pick(11)
    settle()
    panel = window.docks["inspector"].panel
    assert isinstance(panel, InspectorPanel)
    rows = {panel.list.item(i).text(): panel.list.item(i) for i in range(panel.list.count())}
    assert "tiny net.safetensors" in rows["Prediction"].toolTip()
    assert rows["Checkpoint"].data(Role.NOTE) == "tiny net.safetensors"


def test_names_of_checkpoints() -> None:
    assert checkpoint_name(Path("/x/runs/first/checkpoints/best.safetensors")) == "first · best"
    assert checkpoint_name(Path("/x/runs/first/watch.safetensors")) == "first · watch"
    assert checkpoint_name(Path("/x/SPVCNN.pt")) == "SPVCNN"
    assert work_rows(Scores(), 10) == ()


def test_the_title_names_nobody_where_nothing_is_predicted(window: MainWindow) -> None:
    assert view_words.author(window.session) == ""
    assert view_words.title(window.session, "left") == "Height"


def test_the_picture_of_the_table_follows_the_theme(window: MainWindow, tiny: Path) -> None:
    window.set_workspace("labels")
    window.desk.models.use(tiny)
    settle()
    panel = scores(window)
    dark = panel.matrix.grab().toImage()
    window.session.update_settings(theme="light")
    settle()
    light = panel.matrix.grab().toImage()
    assert dark.pixelColor(QPoint(3, 3)).lightness() < 100 < light.pixelColor(QPoint(3, 3)).lightness()
