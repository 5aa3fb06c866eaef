"""Window and training side by side: what the one costs the other."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
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
            alone = [_rate(out)]
            with window_on(viewport_kind="open3d") as (window, session):
                bench = WindowBench(window, session)
                bench.start(drive)
                bench.driver.rest(3.0)
                beside = _rate(out, bench)
                stalls = bench.stalls(drive, long, seconds=USED, while_also=" while a training runs")
            alone.append(_rate(out))  # before and after: other programs come and go
        finally:
            jobs.stop(out)
            _wait_until_over(out)
    best = max(alone)
    note = f"{beside:.3f} steps a second beside the window, {alone[0]:.3f} before and {alone[1]:.3f} after it"
    return [
        Row("seconds of a training step beside an idle window", "s", 1 / beside, "without a window", 1 / best,
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


def _rate(out: Path, bench: WindowBench | None = None) -> float:
    """Steps a second over the measured time, from one step's end to another's."""
    first, began = _next_step(out, bench)
    end = time.perf_counter() + MEASURED
    _until(lambda: time.perf_counter() > end, bench)
    last, ended = _next_step(out, bench)
    return (last - first) / (ended - began)


def _next_step(out: Path, bench: WindowBench | None) -> tuple[int, float]:
    lines = out / "metrics.jsonl"
    before = _count(lines)
    _until(lambda: _count(lines) > before, bench)
    return _count(lines), time.perf_counter()


def _count(lines: Path) -> int:
    return lines.read_bytes().count(b"\n")


def _until(done: Callable[[], bool], bench: WindowBench | None) -> None:
    if bench is not None:
        bench.driver.wait(done, "the next step", 300)
        return
    while not done():
        time.sleep(0.005)


def _wait_until_over(out: Path) -> None:
    end = time.monotonic() + 60
    while jobs.info(out).status.state in LIVE and time.monotonic() < end:
        time.sleep(0.2)
