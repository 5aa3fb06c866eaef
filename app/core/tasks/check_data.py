"""What a recording holds and what is missing or broken in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.core.datasets.base import OpenOptions
from app.core.datasets.report import describe_steps
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

LANE = "background"


def check_data(
    context: Context,
    *,
    path: Path,
    options: OpenOptions | None = None,
    frame: int | None = None,
    sequence: str | None = None,
) -> TaskEvents[dict[str, Any]]:
    """The report of :func:`app.core.datasets.report.describe`, with progress.

    Raises
    ------
    DataError, UsageError
        The recording cannot be opened, or there is no such frame.
    """
    steps = describe_steps(path, options, frame=frame, sequence=sequence)
    try:
        while True:
            yield Progress(*next(steps))
    except StopIteration as stop:
        report: dict[str, Any] = stop.value
        return report


ENTRY = check_data
