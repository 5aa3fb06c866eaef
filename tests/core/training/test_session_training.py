"""Training runs in the session: found in their folder, followed as they grow, told what to do, watched."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from training_runs import SETTINGS

from app.core.curves import Rows, Table, rows_of, running_mean, thinned
from app.core.errors import UsageError
from app.core.files import write_atomically
from app.core.methods.predict import PredictOptions, write_tiny
from app.core.session import Session
from app.core.tasks.engine import LocalEngine
from app.core.tasks.follow_runs import NOTES
from app.core.training.folder import FINISHED, QUEUED, STOPPED, RunFolder, Status, append_line
from app.core.training.recipes import recipe_of


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def session(runs: Path) -> Iterator[Session]:
    made = Session(LocalEngine())
    made.update_settings(runs_folder=str(runs))
    yield made
    for run in made.training.live:
        os.kill(run.status.pid, signal.SIGKILL)
    made.close()


def write_run(path: Path, state: str = FINISHED, steps: int = 5, score: float = 0.5) -> RunFolder:
    """A run's folder as it lies there after some steps."""
    run = RunFolder(path)
    run.write_config("supervised", recipe_of("supervised", SETTINGS)[1], path.parent)
    run.write_status(Status(state, step=steps, max_steps=8))
    write_steps(run, 1, steps)
    append_line(run.validation, {"step": steps, "miou_present": score, "iou": {"car": score, "road": None}})
    run.log.write_text("2026-01-01 10:00:00,000 begun\n")
    return run


def write_steps(run: RunFolder, first: int, last: int) -> None:
    for step in range(first, last + 1):
        append_line(run.metrics, {"step": step, "loss": 1 / step, "rate": 0.1, "seconds": 0.5})


def errors(session: Session) -> list[str]:
    return [line.text for line in session.log if line.level == "error"]


def until(session: Session, condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it took too long; {[line.text for line in session.log][-3:]}"
        time.sleep(0.1)
        session.training.poll()


# curves


def test_tables_grow_and_forget() -> None:
    table, steps = Table(), np.arange(1, 1001)
    for part in np.array_split(steps, 7):
        table.add(Rows(part, {"loss": part / 2.0}))
    table.add(rows_of([{"step": 1001, "loss": 3, "iou": {"car": 0.5, "road": None}, "note": "no number"}]))
    assert table.steps.tolist() == list(range(1, 1002))
    assert table.column("loss")[[0, 999, 1000]].tolist() == [0.5, 500.0, 3.0]
    assert np.isnan(table.column("iou/car")[:1000]).all() and table.column("iou/car")[1000] == 0.5
    assert table.names == ("iou/car", "loss")
    table.clear()
    assert len(table) == 0 and table.names == ()


def test_running_means_are_those_of_the_last_values() -> None:
    values = np.array([1.0, 3.0, np.nan, 5.0, 7.0])
    assert running_mean(values, 2).tolist() == [1.0, 2.0, 3.0, 5.0, 6.0]
    assert running_mean(values, 1)[[0, 1, 3]].tolist() == [1.0, 3.0, 5.0]
    rng = np.random.default_rng(0)
    many = rng.random(500)
    means = [many[max(0, i - 19) : i + 1].mean() for i in range(500)]
    assert np.allclose(running_mean(many, 20), means)


def test_thinning_loses_no_peak_and_keeps_the_order() -> None:
    rng = np.random.default_rng(1)
    x, y = np.arange(100_000.0), rng.random(100_000)
    y[54_321], y[12_345] = 9.0, -9.0
    seen_x, seen_y = thinned(x, y, -np.inf, np.inf, 300)
    assert len(seen_x) == len(seen_y) == 600
    assert seen_y.max() == 9.0 and seen_y.min() == -9.0
    assert (np.diff(seen_x) >= 0).all()
    few_x, few_y = thinned(x, y, 100.5, 110.5, 300)
    assert few_x.tolist() == list(range(100, 112)) and few_y.tolist() == y[100:112].tolist()


# looking


def test_runs_of_the_folder_are_listed_the_newest_first(session: Session, runs: Path) -> None:
    for place, (name, state) in enumerate((("a-1", FINISHED), ("b-1", STOPPED), ("c-1", QUEUED))):
        run = write_run(runs / name, state, score=0.1 * (place + 1))
        os.utime(run.config, (1e9 + place, 1e9 + place))
    (runs / "no run").mkdir()
    session.training.poll()
    assert [run.name for run in session.training.runs] == ["c-1", "b-1", "a-1"]
    assert session.training.chosen is not None and session.training.chosen.name == "c-1"
    best = session.training.runs[0]
    assert (best.best, best.best_step) == (pytest.approx(0.3), 5)
    assert session.training.free_name("a") == "a-2" and session.training.free_name("new") == "new-1"


def test_a_run_of_another_version_is_listed_with_the_reason(session: Session, runs: Path) -> None:
    run = write_run(runs / "old-1")
    run.config.write_text(json.dumps({**json.loads(run.config.read_text()), "format": 99}))
    session.training.poll()
    (seen,) = session.training.runs
    assert seen.status.state == "failed" and "another version" in seen.status.message
    assert errors(session) == []


def test_only_new_rows_are_read_and_resuming_begins_anew(session: Session, runs: Path) -> None:
    run = write_run(runs / "a-1")
    training = session.training
    training.poll()
    training.poll()
    said: list[Path] = []
    training.curves_changed.connect(said.append)
    training.poll()
    assert said == [], "nothing is new"
    write_steps(run, 6, 7)
    training.poll()
    curves = training.curves(run.path)
    assert said == [run.path] and curves.metrics.steps.tolist() == [1, 2, 3, 4, 5, 6, 7]
    lines = run.metrics.read_bytes().splitlines(keepends=True)
    write_atomically(run.metrics, b"".join(lines[:3]))  # as a run does that goes on from step 3
    write_steps(run, 4, 4)
    training.poll()
    assert training.curves(run.path).metrics.steps.tolist() == [1, 2, 3, 4]
    assert len(training.curves(run.path).validations) == 1


def test_two_windows_each_get_all_rows(session: Session, runs: Path) -> None:
    run = write_run(runs / "a-1")
    other = Session(LocalEngine(), settings=session.settings)
    for _ in range(2):
        session.training.poll()
        other.training.poll()
    write_steps(run, 6, 6)
    session.training.poll()
    other.training.poll()
    for each in (session, other):
        assert each.training.curves(run.path).metrics.steps.tolist() == [1, 2, 3, 4, 5, 6]
    other.close()


def test_a_run_that_is_gone_leaves_list_curves_and_comparison(session: Session, runs: Path) -> None:
    for name in ("a-1", "b-1"):
        write_run(runs / name)
    training = session.training
    training.poll()
    training.compare(runs / "a-1", True)
    training.compare(runs / "b-1", True)
    training.delete(runs / "a-1")
    assert not (runs / "a-1").exists() and [run.name for run in training.runs] == ["b-1"]
    assert list(training.compared) == [runs / "b-1"]
    assert list(runs.iterdir()) == [runs / "b-1"], "nothing of it is left beside"


def test_colours_stay_with_their_runs_and_are_given_again(session: Session, runs: Path) -> None:
    names = [f"r-{i}" for i in range(9)]
    for name in names:
        write_run(runs / name, steps=1)
    training = session.training
    training.poll()
    for name in names[:8]:
        training.compare(runs / name, True)
    with pytest.raises(UsageError, match="8 runs"):
        training.compare(runs / names[8], True)
    training.compare(runs / names[3], False)
    training.compare(runs / names[8], True)
    assert training.compared[runs / names[8]] == 3 and training.compared[runs / names[7]] == 7


# orders


def test_notes_are_kept_in_the_run(session: Session, runs: Path) -> None:
    run = write_run(runs / "a-1")
    session.training.poll()
    session.training.note(run.path, "Größer.\nzwei")
    assert (run.path / NOTES).read_text(encoding="utf-8") == "Größer.\nzwei"
    session.training.poll()
    assert session.training.curves(run.path).notes == "Größer.\nzwei"


def test_what_is_no_run_is_not_deleted(session: Session, runs: Path) -> None:
    (runs / "precious").mkdir(parents=True)
    (runs / "precious" / "thesis.txt").write_text("all of it")
    session.training.delete(runs / "precious")
    assert (runs / "precious" / "thesis.txt").exists()
    assert "is no run" in errors(session)[0]


def test_a_run_that_is_being_trained_is_not_deleted(session: Session, runs: Path) -> None:
    run = write_run(runs / "a-1")
    with run.locked():
        session.training.delete(run.path)
    assert run.config.exists() and "stop that one first" in errors(session)[0]


def test_what_does_not_fit_is_refused_in_one_sentence(session: Session, runs: Path, drive: Path) -> None:
    training = session.training
    with pytest.raises(UsageError, match="no name for a run"):
        training.start("supervised", {}, drive, "../elsewhere")
    told: list[str] = []
    training.start("supervised", {"batch_size": 0}, drive, "x", on_error=lambda error: told.append(str(error)))
    training.start("supervised", {}, drive / "nowhere", "x", on_error=lambda error: told.append(str(error)))
    assert "batch_size must be" in told[0] and "does not exist" in told[1]
    assert not (runs / "x").exists()
    write_run(runs / "done-1")
    training.pause(runs / "done-1")
    assert "cannot be paused: it is finished" in errors(session)[-1]


def test_queued_runs_leave_the_queue_when_they_are_stopped(session: Session, runs: Path) -> None:
    write_run(runs / "a-1", QUEUED)
    session.training.poll()
    session.training.stop(runs / "a-1")
    assert session.training.runs[0].status.state == STOPPED


# predicting with them


def with_weights(run: RunFolder, seed: int = 0) -> Path:
    """Put watched weights into a run's folder; a new file each time, as a run writes them."""
    beside = write_tiny(run.path / ".tiny", seed=seed)
    beside.replace(run.watch)
    return run.watch


def test_watching_waits_for_weights_and_follows_them(session: Session, runs: Path, drive: Path) -> None:
    run, training = write_run(runs / "a-1"), session.training
    session.open(drive)
    training.poll()
    training.watch(run.path)
    assert training.watched is not None and "predict" not in session.methods, "there are no weights yet"
    with_weights(run)
    training.poll()
    assert session.methods["predict"] == PredictOptions(run.watch)
    assert session.views["left"].layer == "prediction"
    first = session.layer_data("left")
    assert first is not None and session.scores.report is not None
    identity = session.scores.report.identity
    with_weights(run, seed=1)
    training.poll()
    assert session.scores.report is not None and session.scores.report.identity != identity
    training.watch(None)
    assert "predict" not in session.methods and training.watched is None


def test_another_checkpoint_ends_the_watching(session: Session, runs: Path, drive: Path, tmp_path: Path) -> None:
    run, training = write_run(runs / "a-1"), session.training
    with_weights(run)
    session.open(drive)
    other = PredictOptions(write_tiny(tmp_path / "other.safetensors"))
    session.set_method("predict", other)
    training.poll()
    training.watch(run.path)
    assert session.methods["predict"] == PredictOptions(run.watch)
    training.watch(None)
    assert session.methods["predict"] == other, "what predicted before is back"
    training.watch(run.path)
    session.set_method("predict", other)
    training.poll()
    assert training.watched is None and session.methods["predict"] == other


def test_using_a_run_takes_its_folder(session: Session, runs: Path, drive: Path) -> None:
    run = write_run(runs / "a-1")
    run.checkpoints.mkdir()
    write_tiny(run.best)
    session.open(drive)
    session.training.poll()
    session.training.use(run.path)
    assert session.methods["predict"] == PredictOptions(run.path)
    assert session.scores.report is not None and session.scores.report.file == run.best
    assert session.views["left"].layer == "prediction"


# a real run


def test_a_run_is_started_paused_stopped_and_resumed(session: Session, runs: Path, drive: Path) -> None:
    training = session.training
    fields = recipe_of("supervised", {**SETTINGS, "max_steps": "4000", "checkpoint_every": "50"})[1]
    training.start("supervised", fields.model_dump(mode="json"), drive, "real-1")
    assert errors(session) == []
    path = runs / "real-1"
    assert path in training.compared and training.chosen is not None and training.chosen.path == path
    until(session, lambda: len(training.curves(path).metrics) >= 2)
    training.pause(path)
    until(session, lambda: training.live and training.live[0].status.state == "paused")
    training.resume(path)
    until(session, lambda: training.live and training.live[0].status.state == "running")
    training.stop(path)
    until(session, lambda: training.runs[0].status.state == STOPPED)
    steps = training.curves(path).metrics.steps
    assert steps.tolist() == list(range(1, len(steps) + 1))
    assert any("real-1 stopped at step" in line.text for line in session.log)
