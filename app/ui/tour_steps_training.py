"""The tour's steps about training: start a small run from the window, watch it learn, kill it, resume it, compare
it with another, use what it learnt. Left out where the opened sequence has no labels to learn from."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox

from app.core.session_training import SessionTraining
from app.core.tasks.follow_runs import SeenRun
from app.ui.dialogs.new_run import NewRun
from app.ui.panels.curves import CurvesPanel
from app.ui.tour_driver import Driver, turn
from app.ui.widgets.curve_board import CurveBoard

PATIENCE = 150.0
"""Seconds for anything a run does: its process loads its libraries first, and others may use the machine too."""

SMALL = {
    "network_fields": "cr=0.1", "voxel_size": "0.5", "max_points": 6000, "batch_size": 1, "max_steps": 2000,
    "checkpoint_every": 5, "validate_every": 10, "validate_scans": 1, "watch_every": 5, "hold_out": 3,
    "class_weights": "none", "precision": "32", "lovasz": "0", "threads": 1,
}  # fmt: skip
"""A run so small that a step takes a fraction of a second anywhere; it is stopped long before its last step."""


def _possible(driver: Driver) -> bool:
    sequence = driver.session.sequence
    return sequence is not None and sequence.has_labels and sequence.frames >= 3


@contextlib.contextmanager
def cared_for(driver: Driver) -> Iterator[SessionTraining]:
    """A tour that breaks off leaves no run behind: they would go on in a folder that is gone."""
    training = driver.session.training
    try:
        yield training
    except BaseException:
        for run in training.live:
            _kill(run.status.pid)
        raise


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _chosen(training: SessionTraining) -> SeenRun:
    run = training.chosen
    assert run is not None
    return run


def _step(training: SessionTraining) -> int:
    """Newest step of the chosen run that the window knows."""
    metrics = training.curves(_chosen(training).path).metrics if training.chosen is not None else None
    return int(metrics.steps[-1]) if metrics is not None and len(metrics) else 0


def _board(driver: Driver) -> CurveBoard:
    panel = driver.window.docks["curves"].panel
    assert isinstance(panel, CurvesPanel)
    driver.wait(lambda: panel.board is not None, "the plots", 30)
    assert panel.board is not None
    return panel.board


def fill(form: NewRun, values: dict[str, object]) -> None:
    """Put values into the form's own widgets."""
    form.form.finish()
    for name, value in values.items():
        editor = form.form.fields[name].editor
        if isinstance(editor, QSpinBox):
            editor.setValue(int(str(value)))
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, QLineEdit):
            editor.setText(str(value))


def _new_run(driver: Driver, values: dict[str, object]) -> NewRun:
    driver.window.menus.actions["train.new"].trigger()
    form = driver.window.findChildren(NewRun)[-1]
    fill(form, values)
    return form


def _form(driver: Driver) -> None:
    def work() -> None:
        driver.window.set_workspace("train")
        _board(driver)
        form = _new_run(driver, SMALL)
        form.move(driver.window.pos() + driver.window.rect().center() - form.rect().center())
        field = form.form.fields["learning_rate"]
        assert isinstance(field.editor, QLineEdit)
        field.editor.setText("-1")
        driver.check("learning_rate" in form.verdict.text() and not form.start.isEnabled(),
                     f"a learning rate of −1 is refused: {form.verdict.text()}")  # fmt: skip
        field.editor.setText("0.01")
        driver.check(form.start.isEnabled(), f"what fits can be started: {form.verdict.text()}")
        drive = driver.session.drive
        driver.check(drive is not None and form.data.text() == str(drive.path), "the opened drive is filled in")
        form.changed_only.setChecked(True)

    driver.take("training form", work)


def _start(driver: Driver) -> None:
    def work() -> None:
        with cared_for(driver) as training:
            form = driver.window.findChildren(NewRun)[-1]
            name = form.name.text()
            form.start.click()
            took = driver.wait(lambda: training.chosen is not None and _step(training) >= 12, "12 steps", PATIENCE)
            driver.note(f"12 steps of {name} after {took:.1f} s")
            run, board = _chosen(training), _board(driver)
            driver.check(run.name == name and run.live, f"{name} is going on in process {run.status.pid}")
            driver.check(run.status.pid != os.getpid(), "it is a process of its own")
            driver.wait(lambda: len(board.plots["rate"].shown(run.path)[0]) > 0, "its curves", 10)
            x, y = board.plots["rate"].shown(run.path)
            rows = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()[: len(x)]]
            driver.check([row["step"] for row in rows] == x.tolist(), "the curve has every step of metrics.jsonl")
            driver.check(
                bool(np.allclose([row["rate"] for row in rows], y)), "and its values are those in the file"
            )

    driver.take("training start", work)


def _watch(driver: Driver) -> None:
    session = driver.session

    def shown_step() -> int:
        report = session.scores.report
        return report.card.step if report is not None and session.layer_data("left") is not None else 0

    def work() -> None:
        with cared_for(driver) as training:
            driver.window.menus.actions["train.watch"].trigger()
            driver.wait(lambda: shown_step() > 0, "a prediction by the run's weights", PATIENCE)
            first = shown_step()
            driver.wait(lambda: shown_step() > first, "a newer prediction", PATIENCE)
            run, data, report = _chosen(training), session.layer_data("left"), session.scores.report
            assert data is not None and report is not None
            driver.check(data.name == "prediction", "the view shows the prediction")
            driver.check(report.file == run.path / "watch.safetensors", "by the weights that the run writes")
            driver.check(report.card.step % 5 == 0, f"after step {first}, then after step {report.card.step}")
            frame = session.frame_state
            assert frame is not None
            driver.check(len(data.values) == len(frame.cloud), "there is a class for every drawn point")

    driver.take("training watch", work)


def _killed(driver: Driver) -> None:
    def work() -> None:
        with cared_for(driver) as training:
            pid = _chosen(training).status.pid
            _kill(pid)
            driver.wait(lambda: _chosen(training).status.state == "crashed", "the crash to be seen", 30)
            told = _chosen(training).status
            driver.check(bool(told.message), f"process {pid} was killed, the window says: {told.message}")
            kept = sorted(path.name for path in (_chosen(training).path / "checkpoints").glob("step-*"))
            driver.check(bool(kept), f"its last checkpoint is {kept[-1] if kept else 'gone'}")

    driver.take("training killed", work)


def _resume(driver: Driver) -> None:
    def work() -> None:
        with cared_for(driver) as training:
            before, path = _step(training), _chosen(training).path
            old = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()[:before]]
            driver.window.cancel()  # the banner that told of the crash
            driver.window.menus.actions["train.resume"].trigger()
            driver.wait(lambda: _chosen(training).live and _step(training) >= before + 3, "more steps", PATIENCE)
            training.stop(path)
            driver.wait(lambda: _chosen(training).status.state == "stopped", "the end", PATIENCE)
            training.poll()
            rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
            steps = [row["step"] for row in rows]
            driver.check(steps == list(range(1, len(rows) + 1)), f"steps 1 to {len(rows)} are there, each once")
            same = [a["loss"] == b["loss"] for a, b in zip(old, rows, strict=False)]
            driver.check(all(same), f"the {len(same)} losses from before the kill are the same, bit for bit")

    driver.take("training resumed", work)


def _compare(driver: Driver) -> None:
    def work() -> None:
        with cared_for(driver) as training:
            first, board = _chosen(training), _board(driver)
            form = _new_run(driver, {**SMALL, "learning_rate": "0.001", "max_steps": 20})
            form.queue.click()

            def ended() -> bool:
                run = training.chosen
                return run is not None and run.path != first.path and run.status.state == "finished"

            driver.wait(ended, "the other run's end", PATIENCE)
            second = _chosen(training)
            driver.wait(lambda: _step(training) == 20, "all of its steps", 10)
            turn(100)
            driver.check(board.plots["rate"].keys == {first.path, second.path}, "both runs are on the curves")
            for run in (first, second):
                x, _y = board.plots["rate"].shown(run.path)
                lines = len((run.path / "metrics.jsonl").read_text().splitlines())
                driver.check(len(x) == lines, f"{run.name} with its {lines} steps")
            driver.check(len(set(training.compared.values())) == 2, "each in a colour of its own")

    driver.take("training compared", work)


def _use(driver: Driver) -> None:
    session = driver.session

    def work() -> None:
        with cared_for(driver) as training:
            run = training.runs[-1]
            training.choose(run.path)
            driver.window.menus.refresh()
            driver.window.menus.actions["train.use"].trigger()
            driver.check(training.watched is None, "using a run ends the watching")

            def used() -> bool:
                report = session.scores.report
                return report is not None and report.file.is_relative_to(run.path / "checkpoints")

            driver.wait(used, "a prediction by its best weights", PATIENCE)
            report = session.scores.report
            assert report is not None
            driver.check(
                report.card.run == str(run.path), f"the prediction names {run.name}, step {report.card.step}"
            )

    driver.take("training used", work)
    driver.session.set_method("predict", None)
    driver.session.set_layer("height")
    driver.window.set_workspace("browse")


def training(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    """All of the training's steps, one after the other."""
    if not _possible(driver):
        driver.leave_out("Training: the sequence that is open has no labels to learn from, or fewer than 3 frames.")
    else:
        for step in (_form, _start, _watch, _killed, _resume, _compare, _use):
            step(driver)
