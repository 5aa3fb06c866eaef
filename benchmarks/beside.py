"""Window and training side by side: what the one costs the other.

Machines are noisier than what is measured here, so a window of its own process is stopped and continued by turns
while one training runs, and the steps of both kinds of turns are compared.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from app.core.training import jobs
from app.core.training.folder import LIVE
from app.core.training.recipes import recipe_of
from benchmarks.drives import demo_drive, long_drive
from benchmarks.rows import Row
from benchmarks.window import WindowBench

TURNS, TURN, USED = 8, 10.0, 30.0
"""Turns of each kind and the seconds of one; seconds for which the window is used while stalls are looked for."""


def rows() -> list[Row]:
    """Steps of the recipe ``demo``, as the window would start it, with and without an idle window; then stalls."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.core.settings import home_of_its_own
    from app.ui.application import window_on

    drive = demo_drive()
    with tempfile.TemporaryDirectory(prefix="lidarscope-", dir=drive.parent) as folder, home_of_its_own():
        long = long_drive(Path(folder) / "long drive", 60, drive)
        out = Path(folder) / "run"
        _, recipe = recipe_of("demo", {"max_steps": "100000", "validate_every": "0", "checkpoint_every": "500"})
        jobs.start("supervised", recipe, drive, out)
        try:
            _wait_for(out, 5)
            idle = _idle_window(drive, out)
            with window_on(viewport_kind="open3d") as (window, session):
                bench = WindowBench(window, session)
                bench.start(drive)
                stalls = bench.stalls(drive, long, seconds=USED, while_also=" while a training runs")
        finally:
            jobs.stop(out)
            _wait_until_over(out)
    return [idle, *stalls]


def _idle_window(drive: Path, out: Path) -> Row:
    command = [sys.executable, "-m", "benchmarks.beside", str(drive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        try:
            assert child.stdout is not None
            if not child.stdout.readline():  # it says when its first frame is there and it rests
                raise RuntimeError("the idle window ended before it showed a frame")
            return _by_turns(child.pid, out)
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def _by_turns(group: int, out: Path) -> Row:
    beside: list[float] = []
    alone: list[float] = []
    worked = 0.0
    for turn in range(2 * TURNS):
        stopped = turn % 2 == 0
        os.killpg(group, signal.SIGSTOP if stopped else signal.SIGCONT)
        before = _worked(group)
        (alone if stopped else beside).extend(_steps_within(out, TURN))
        worked += _worked(group) - before
    share = worked / (TURNS * TURN)
    return Row(
        "a training step beside an idle window",
        "s",
        statistics.median(beside),
        "without a window",
        statistics.median(alone),
        reach=1.05,
        of_ratio=True,
        note=f"{len(beside)} and {len(alone)} steps by turns; the window used {share:.1%} of a core",
    )


def _worked(group: int) -> float:
    """Seconds of processor time of a process and its children."""
    leader = psutil.Process(group)
    times = [process.cpu_times() for process in (leader, *leader.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


def _steps(out: Path) -> int:
    return jobs.info(out).status.step


def _wait_for(out: Path, step: int) -> None:
    end = time.monotonic() + 300
    while _steps(out) < step:
        if time.monotonic() > end:
            raise RuntimeError(f"the training did not reach step {step}: {jobs.info(out).status}")
        time.sleep(0.5)


def _steps_within(out: Path, seconds: float) -> list[float]:
    """Seconds of the steps that begin and end within the next ``seconds``, as the run writes them down."""
    log = out / "metrics.jsonl"
    time.sleep(0.5)
    first = log.stat().st_size
    time.sleep(seconds - 0.5)
    with log.open("rb") as file:
        file.seek(first)
        lines = file.read().splitlines()
    # the first of them began before, in the turn of the other kind; the last may be half written
    return [json.loads(line)["seconds"] for line in lines[1:-1]]


def _wait_until_over(out: Path) -> None:
    end = time.monotonic() + 60
    while jobs.info(out).status.state in LIVE and time.monotonic() < end:
        time.sleep(0.2)


def _rest(drive: Path) -> None:
    """A window on a drive that nobody touches, until it is killed."""
    from app.core.settings import home_of_its_own
    from app.ui.application import window_on
    from app.ui.tour_driver import turn

    with home_of_its_own(), window_on(viewport_kind="open3d") as (window, session):
        bench = WindowBench(window, session)
        bench.start(drive)
        bench.driver.rest(3.0)
        print("resting", flush=True)
        turn(3_600_000)  # the event loop sleeps: nothing here asks it anything


if __name__ == "__main__":
    _rest(Path(sys.argv[1]))
