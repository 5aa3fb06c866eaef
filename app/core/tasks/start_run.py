"""Begin a training run as a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.core.errors import DataError
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

LANE = "background"
PRIORITY = 0


def start_run(
    context: Context,
    *,
    kind: str,
    fields: Mapping[str, Any],
    data: Path,
    out: Path | None,
    called: str,
    queue: bool,
) -> TaskEvents[Path]:
    """Start a run of the recipe ``kind`` with ``fields`` in ``out``/``called`` (``out`` None: where runs usually
    go), or put it into the queue there; returns its folder at once, the training goes on by itself.

    Raises
    ------
    UsageError
        A field does not fit, or the folder holds something already.
    DataError
        There is no such data, or the disk refuses.
    """
    from app.core.training import jobs
    from app.core.training.recipe import checked
    from app.core.training.recipes import kind_of

    yield Progress(0, 0, f"start {called}")
    if not data.exists():
        raise DataError(f"{data} does not exist; choose the recording to train on.")
    path = (out or jobs.default_runs_folder()) / called
    jobs.start(kind, checked(kind_of(kind), fields), data, path, queue=queue)
    return path


ENTRY = start_run
