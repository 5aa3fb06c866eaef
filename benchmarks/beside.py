"""Window and training side by side: what the one costs the other."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from app.core.training import jobs
from app.core.training.folder import LIVE
from app.core.training.recipes import recipe_of
from benchmarks.drives import demo_drive, long_drive
from benchmarks.rows import Row
from benchmarks.window import WindowBench

MEASURED, USED = 60.0, 30.0
"""Seconds over which steps are counted, and for which the window is used."""


def rows() -> list[Row]:
    """Steps of the recipe ``demo``, as the window would start it, before and beside an idle window; then stalls."""
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
            alone = [_step_seconds(out)]
            with window_on(viewport_kind="open3d") as (window, session):
                bench = WindowBench(window, session)
                bench.start(drive)
                bench.driver.rest(3.0)
                beside = _step_seconds(out, window=True)
                stalls = bench.stalls(drive, long, seconds=USED, while_also=" while a training runs")
            alone.append(_step_seconds(out))  # before and after: other programs come and go
        finally:
            jobs.stop(out)
            _wait_until_over(out)
    note = f"{alone[0]:.3f} before and {alone[1]:.3f} after the window"
    return [
        Row("a training step beside an idle window", "s", beside, "without a window", statistics.mean(alone),
            reach=1.05, of_ratio=True, note=note),
        *stalls,
    ]  # fmt: skip


def _steps(out: Path) -> int:
    return jobs.info(out).status.step


def _wait_for(out: Path, step: int) -> None:
    end = time.monotonic() + 300
    while _steps(out) < step:
        if time.monotonic() > end:
            raise RuntimeError(f"the training did not reach step {step}: {jobs.info(out).status}")
        time.sleep(0.5)


def _step_seconds(out: Path, window: bool = False) -> float:
    """Median seconds of the steps of the measured time, as the run writes them down."""
    first = _steps(out)
    if window:
        from app.ui.tour_driver import turn

        turn(int(1000 * MEASURED))  # the event loop sleeps: nothing here asks it anything
    else:
        time.sleep(MEASURED)
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return statistics.median(row["seconds"] for row in rows if row["step"] > first)


def _wait_until_over(out: Path) -> None:
    end = time.monotonic() + 60
    while jobs.info(out).status.state in LIVE and time.monotonic() < end:
        time.sleep(0.2)
