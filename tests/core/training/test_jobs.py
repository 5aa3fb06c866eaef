"""Runs as processes of their own: started, paused, stopped, queued, crashed, and always found again."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from training_runs import SETTINGS, in_child, losses

from app.core.errors import DataError, UsageError
from app.core.training import jobs, run
from app.core.training.folder import RunFolder, Status, append_line, cut_after, process_born, this_host
from app.core.training.reader import RunReader, Tail, status_of
from app.core.training.recipe import Recipe

MakeRecipe = Callable[..., Recipe]
ENDLESS = {"max_steps": "100000", "checkpoint_every": "1000"}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of runs; whatever still runs in it is ended with the test."""
    yield tmp_path
    for found in jobs.runs(tmp_path):
        if found.status.state in ("starting", "running", "paused"):
            os.kill(found.status.pid, signal.SIGKILL)


def test_a_run_is_started_paused_resumed_and_stopped(drive: Path, recipe: MakeRecipe, folder: Path) -> None:
    out = folder / "one"
    started = jobs.start("supervised", recipe(**ENDLESS), drive, out)
    assert started.status.state == "starting"
    running = jobs.wait(out, ("running",), 60)
    process = psutil.Process(running.pid)
    assert process.nice() == jobs.NICENESS
    if hasattr(os, "SCHED_IDLE"):
        assert os.sched_getscheduler(running.pid) == os.SCHED_IDLE
    assert os.getsid(running.pid) == running.pid != os.getsid(0)
    jobs.pause(out)
    paused = jobs.wait(out, ("paused",), 30)
    assert RunFolder(out).step_checkpoints()[0] == RunFolder(out).checkpoint(len(losses(out)))
    assert jobs.resume(out) == paused.pid
    jobs.wait(out, ("running",), 30)
    with pytest.raises(UsageError, match="is running already"):
        jobs.resume(out)
    jobs.stop(out)
    stopped = jobs.wait(out, ("stopped",), 30)
    assert RunFolder(out).checkpoint(stopped.step).exists()
    with pytest.raises(UsageError, match="cannot be paused: it is stopped"):
        jobs.pause(out)


def test_a_crash_is_seen_and_mended(drive: Path, recipe: MakeRecipe, folder: Path) -> None:
    out = folder / "one"
    jobs.start("supervised", recipe(**ENDLESS), drive, out)
    pid = jobs.wait(out, ("running",), 60).pid
    os.kill(pid, signal.SIGKILL)
    crashed = jobs.wait(out, ("crashed",), 30)
    assert "can be resumed" in crashed.message
    assert jobs.runs(folder)[0].status.state == "crashed"
    assert jobs.resume(out, {"max_steps": str(crashed.step + 3)}) != pid
    assert jobs.wait(out, ("finished", "failed"), 60).state == "finished"


def test_the_queue_goes_on_by_itself(drive: Path, recipe: MakeRecipe, folder: Path) -> None:
    first, second = folder / "first", folder / "second"
    jobs.start("supervised", recipe(max_steps="12"), drive, first, queue=True)
    waiting = jobs.start("supervised", recipe(max_steps="2"), drive, second, queue=True)
    third = jobs.start("supervised", recipe(), drive, folder / "third", queue=True)
    assert (waiting.status.state, third.status.state) == ("queued", "queued")
    jobs.stop(folder / "third")
    assert jobs.wait(second, ("finished", "failed"), 100).state == "finished"
    assert jobs.info(first).status.state == "finished"
    assert jobs.info(folder / "third").status.state == "stopped"


def test_an_interrupt_on_the_command_line_saves_first(drive: Path, folder: Path) -> None:
    sets = [part for key, value in {**SETTINGS, **ENDLESS}.items() for part in ("--set", f"{key}={value}")]
    child = in_child("train", "supervised", "--data", drive, "--out", folder / "run", *sets, "--json")
    jobs_run = folder / "run"
    while not (jobs_run / "metrics.jsonl").exists():
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    printed, complaint = child.communicate(timeout=60)
    assert child.returncode == 0, complaint
    ended = json.loads(printed)
    assert ended["state"] == "stopped"
    assert RunFolder(jobs_run).checkpoint(ended["step"]).exists()


def test_a_status_is_believed_only_while_its_process_lives(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    mine = Status("running", pid=os.getpid(), born=process_born(os.getpid()), host=this_host())
    folder.write_status(mine)
    assert status_of(folder).state == "running"
    folder.write_status(replace(mine, born=mine.born - 500))  # a later process with the same number
    assert status_of(folder).state == "crashed"
    folder.write_status(replace(mine, host="another", heartbeat=0))
    assert status_of(folder).state == "crashed"
    folder.write_status(replace(mine, state="finished", pid=0))
    assert status_of(folder).state == "finished"


def test_only_new_bytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    tail = Tail(path)
    assert tail.read() == ([], False)
    append_line(path, {"step": 1, "loss": 2.0})
    with path.open("ab") as file:
        file.write(b'{"step": 2, "lo')
    assert tail.read() == ([{"step": 1, "loss": 2.0}], False)
    assert tail.read() == ([], False)
    with path.open("ab") as file:
        file.write(b'ss": 1.0}\n')
    assert tail.read() == ([{"step": 2, "loss": 1.0}], False)
    cut_after(path, 1)
    append_line(path, {"step": 2, "loss": 0.5})
    assert tail.read() == ([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 0.5}], True)


def test_a_reader_follows_a_run_back_to_its_checkpoint(drive: Path, recipe: MakeRecipe, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run.train(out, "supervised", recipe(validate_every="4"), drive)
    reader = RunReader(out)
    news = reader.poll()
    assert [row["step"] for row in news.metrics] == list(range(1, 9))
    assert [row["step"] for row in news.validations] == [4, 8]
    assert (news.status.state, news.anew) == ("finished", False)
    assert reader.poll().metrics == ()
    for path in RunFolder(out).step_checkpoints()[:1]:
        path.unlink()
    run.resume(out)
    again = reader.poll()
    assert again.anew
    assert [row["step"] for row in again.metrics] == list(range(1, 9))
    assert [row["step"] for row in again.validations] == [4, 8]


def test_folders_that_are_no_runs_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/config.json").write_text("[]")
    assert jobs.runs(tmp_path) == []
    assert jobs.advance(tmp_path) is None
    with pytest.raises(DataError, match="is no run"):
        jobs.info(tmp_path)
