"""Training in the window: the list of runs, what one may do with them, their curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot
from run_folders import write_run
from window_helpers import MakeWindow, settle

from app.core.tasks.follow_runs import NOTES
from app.core.training.folder import (
    CRASHED,
    FAILED,
    FINISHED,
    PAUSED,
    QUEUED,
    RUNNING,
    STOPPED,
    RunFolder,
    append_line,
)
from app.ui import run_look
from app.ui.dialogs.delete_run import ask_delete
from app.ui.main_window import MainWindow
from app.ui.panels.curves import CurvesPanel
from app.ui.panels.training import TrainingPanel
from app.ui.widgets.curve_board import CurveBoard
from app.ui.widgets.run_list import DOT, HEIGHT, SIDE


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def training(make_window: MakeWindow, drive: Path, runs: Path, qtbot: QtBot) -> MainWindow:
    """A window in the workspace Train, its runs in a folder of the test."""
    window = make_window(drive)
    window.session.update_settings(runs_folder=str(runs))
    window.set_workspace("train")
    qtbot.waitUntil(lambda: curves(window).board is not None, timeout=20_000)
    return window


def panel(window: MainWindow) -> TrainingPanel:
    found = window.docks["training"].panel
    assert isinstance(found, TrainingPanel)
    return found


def curves(window: MainWindow) -> CurvesPanel:
    found = window.docks["curves"].panel
    assert isinstance(found, CurvesPanel)
    return found


def board(window: MainWindow) -> CurveBoard:
    found = curves(window).board
    assert found is not None
    return found


def look(window: MainWindow) -> None:
    """Twice: what is chosen at the first look is read at the second."""
    for _ in range(2):
        window.session.training.poll()
    settle()


# the list


def test_without_runs_the_panel_says_what_to_press(training: MainWindow) -> None:
    look(training)
    shown = panel(training)
    assert shown.empty.isVisible() and "New run" in shown.empty.text()
    assert not shown.list.isVisible() and not shown.buttons.isVisible()
    assert "No run is on the curves" in curves(training).empty.text()


@pytest.mark.parametrize(
    ("state", "words", "on"),
    [
        (RUNNING, "step 30 of 40 · 5.0 s left", {"pause", "stop", "watch", "use"}),
        (PAUSED, "paused at step 30", {"resume", "stop", "watch", "use"}),
        (QUEUED, "waits in the queue", {"resume", "stop", "use"}),
        (STOPPED, "stopped at step 30", {"resume", "use"}),
        (FINISHED, "finished", {"use"}),
        (CRASHED, "crashed at step 30", {"resume", "use"}),
    ],
)
def test_each_state_has_words_and_its_buttons(
    training: MainWindow, runs: Path, state: str, words: str, on: set[str]
) -> None:
    write_run(runs / "a-1", state)
    look(training)
    run = training.session.training.chosen
    assert run is not None and words in run_look.progress(run)
    buttons = panel(training).button
    assert {name for name, button in buttons.items() if button.isVisible() and button.isEnabled()} == on
    assert all(button.toolTip() for button in buttons.values())


def test_a_failed_run_tells_its_reason_whole(training: MainWindow, runs: Path) -> None:
    reason = "The loss became nan (cross_entropy) at step 31; the run has stopped and the batch is kept. " * 3
    write_run(runs / "a-1", FAILED, message=reason)
    look(training)
    label = panel(training).reason
    assert label.isVisible() and label.text() == reason
    assert label.height() >= label.heightForWidth(label.width())


def test_the_facts_are_those_of_the_run(training: MainWindow, runs: Path) -> None:
    write_run(runs / "a-1", RUNNING)
    look(training)
    values = {name: label.text() for name, label in panel(training).details.values.items()}
    assert values["Step"] == "30 of 40" and values["Speed"] == "2.0 steps/s"
    assert values["Best mIoU"] == "30.0 % at step 30" and values["Memory"] == "100 MB"
    assert values["Loss"] == f"{np.mean([2 / s for s in range(11, 31)]):.4f}"
    assert values["Data"] == str(runs) and values["Recipe"] == "supervised"
    assert values["GPU"] == "–"


def test_the_facts_tell_how_busy_the_card_is(training: MainWindow, runs: Path) -> None:
    write_run(runs / "a-1", RUNNING, gpu_load=0.83, gpu_memory_mb=2310.4)
    look(training)
    assert panel(training).details.values["GPU"].text() == "83 % · 2\N{THIN SPACE}310 MB"


def test_a_press_on_the_dot_compares_and_elsewhere_chooses(training: MainWindow, runs: Path) -> None:
    for name in ("a-1", "b-1"):
        write_run(runs / name)
    look(training)
    session, rows = training.session.training, panel(training).list
    first, second = (rows.row_of(rows.item(i)).run.path for i in range(2))  # type: ignore[union-attr]
    assert session.chosen is not None and session.chosen.path == first
    dot, name = (QPointF(x, HEIGHT + 12).toPoint() for x in (SIDE + DOT / 2, 120))
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, dot)
    assert list(session.compared) == [second] and session.chosen.path == first
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, name)
    assert session.chosen.path == second
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert not session.compared


def test_notes_are_written_into_the_runs_folder(training: MainWindow, runs: Path) -> None:
    run = write_run(runs / "a-1")
    look(training)
    notes = panel(training).details.notes
    panel(training).details.tabs.setCurrentIndex(1)
    notes.setPlainText("better than the last")
    notes.save_now()
    assert (run.path / NOTES).read_text() == "better than the last"
    look(training)
    assert notes.toPlainText() == "better than the last"


def test_a_run_is_deleted_only_after_a_yes(training: MainWindow, runs: Path) -> None:
    run = write_run(runs / "a-1")
    look(training)
    for keep in (True, False):
        box = ask_delete(training, training.session, run.path)
        assert run.path.name in box.text()
        role = QMessageBox.ButtonRole.RejectRole if keep else QMessageBox.ButtonRole.DestructiveRole
        next(b for b in box.buttons() if box.buttonRole(b) is role).click()
        settle()
        assert run.path.exists() is keep


def test_the_menu_follows_the_chosen_run(training: MainWindow, runs: Path) -> None:
    write_run(runs / "a-1", RUNNING)
    look(training)
    training.menus.refresh()
    actions = training.menus.actions
    assert actions["train.pause"].isEnabled() and not actions["train.resume"].isEnabled()
    assert not actions["train.delete"].isEnabled()
    actions["train.compare"].trigger()
    settle()
    assert list(training.session.training.compared) == [runs / "a-1"] and actions["train.compare"].isChecked()
    actions["train.pause"].trigger()
    assert RunFolder(runs / "a-1").pause.exists()
    actions["train.stop"].trigger()
    assert RunFolder(runs / "a-1").stop.exists()


# curves


def test_the_curves_are_the_runs_numbers(training: MainWindow, runs: Path) -> None:
    for name in ("a-1", "b-1"):
        write_run(runs / name)
    look(training)
    training.session.training.compare(runs / "a-1", True)
    training.session.training.compare(runs / "b-1", True)
    plots = board(training).plots
    assert plots["rate"].keys == {runs / "a-1", runs / "b-1"}
    x, y = plots["rate"].shown(runs / "a-1")
    assert x.tolist() == list(range(1, 31)) and np.allclose(y, 0.01 * x)
    x, y = plots["miou"].shown(runs / "b-1")
    assert x.tolist() == [10, 20, 30] and np.allclose(y, x)
    assert plots["classes"].keys == {"car", "road"}, "a class that has no value has no curve"
    assert [board(training).classes.item(i).text() for i in range(2)] == ["car", "road"]
    training.session.training.compare(runs / "a-1", False)
    assert runs / "b-1" in plots["rate"].keys


def test_new_rows_lengthen_one_run_and_touch_no_other(training: MainWindow, runs: Path) -> None:
    grown = write_run(runs / "a-1", RUNNING)
    write_run(runs / "b-1")
    look(training)
    for name in ("a-1", "b-1"):
        training.session.training.compare(runs / name, True)
    plot = board(training).plots["rate"]
    other = plot._drawn[runs / "b-1"].item.xData
    append_line(grown.metrics, {"step": 31, "loss": 0.1, "rate": 0.5, "seconds": 6.0})
    look(training)
    assert plot.shown(runs / "a-1")[0][-1] == 31
    assert plot._drawn[runs / "b-1"].item.xData is other


def test_the_loss_is_a_mean_with_the_loss_behind_it(training: MainWindow, runs: Path) -> None:
    write_run(runs / "a-1")
    look(training)
    plot, panel_of_curves = board(training).plots["loss"], curves(training)
    loss = 2 / np.arange(1.0, 31)
    assert np.allclose(plot.shown((runs / "a-1", "raw"))[1], loss)
    assert np.allclose(plot.shown((runs / "a-1", "mean"))[1][-1], loss[-10:].mean())
    panel_of_curves.smooth.slider.setValue(0)
    assert np.allclose(plot.shown((runs / "a-1", "mean"))[1], loss)
    panel_of_curves.set_axis("time")
    assert np.allclose(plot.shown((runs / "a-1", "mean"))[0], np.arange(1, 31) * 0.1)
    assert np.allclose(board(training).plots["miou"].shown(runs / "a-1")[0], [1, 2, 3])


def test_hovering_tells_the_values_there_in_every_plot(training: MainWindow, runs: Path) -> None:
    write_run(runs / "a-1")
    look(training)
    plots = board(training).plots
    plots["loss"]._on_hover(19.6)
    assert plots["rate"].told()[0][1] == "0.2000" and plots["miou"].told()[0][1] == "20.0 %"
    assert "step 20" in plots["loss"].values.text() and plots["miou"].cursor.isVisible()
    plots["loss"]._on_hover(None)
    assert plots["rate"].told()[0][1] == "0.3000" and not plots["miou"].cursor.isVisible()


def test_zooming_stays_while_curves_grow_and_a_double_click_ends_it(training: MainWindow, runs: Path) -> None:
    grown = write_run(runs / "a-1", RUNNING)
    look(training)
    plot = board(training).plots["loss"]
    plot.box.setXRange(3, 9, padding=0)
    plot.box.sigRangeChangedManually.emit([True, False])
    append_line(grown.metrics, {"step": 90, "loss": 0.1, "rate": 0.5, "seconds": 6.0})
    look(training)
    assert plot.box.viewRange()[0] == [3, 9]
    QTest.mouseDClick(plot.plot.viewport(), Qt.MouseButton.LeftButton)
    left, right = plot.box.viewRange()[0]
    assert left == 0 and right >= 90
    assert board(training).plots["miou"].box.viewRange()[0] == pytest.approx([left, right])


def test_a_class_is_brought_to_the_front_and_back(training: MainWindow, runs: Path) -> None:
    write_run(runs / "a-1")
    look(training)
    curves(training).mark("car")
    drawn = board(training).plots["classes"]._drawn
    assert drawn["car"].line.strong and drawn["road"].line.faint
    curves(training).mark("car")
    drawn = board(training).plots["classes"]._drawn
    assert not drawn["car"].line.strong and not drawn["road"].line.faint
