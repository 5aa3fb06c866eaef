"""Folders of training runs as they lie there after some steps, for tests of the window."""

from __future__ import annotations

import os
from pathlib import Path

from app.core.training.folder import FINISHED, RunFolder, Status, append_line, now, process_born, this_host
from app.core.training.recipes import recipe_of


def write_run(path: Path, state: str = FINISHED, steps: int = 30, **changes: object) -> RunFolder:
    """A run's folder; one that lives is this very process."""
    run = RunFolder(path)
    run.write_config("supervised", recipe_of("supervised", {"max_steps": "40"})[1], path.parent)
    born = process_born(os.getpid())
    run.write_status(
        Status(state, step=steps, max_steps=40, pid=os.getpid(), born=born, host=this_host(), heartbeat=now(),
               seconds_per_step=0.5, seconds_left=5.0, memory_mb=100, **changes)  # type: ignore[arg-type]
    )  # fmt: skip
    for step in range(1, steps + 1):
        append_line(run.metrics, {"step": step, "loss": 2 / step, "rate": 0.01 * step, "seconds": 6.0})
    for step in range(10, steps + 1, 10):
        score = {"miou_present": step / 100, "iou": {"car": step / 50, "road": step / 80, "truck": None}}
        append_line(run.validation, {"step": step, **score})
    return run
