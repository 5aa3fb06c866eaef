"""Read a submission to SemanticKITTI's server back and name every problem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.core.evaluation import submission_check
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

LANE = "background"


def check_submission(
    context: Context, *, path: Path, data: Path, sequences: Sequence[str] | None = None
) -> TaskEvents[list[str]]:
    """The problems of the zip ``path``, a sentence each; see :mod:`app.core.evaluation.submission_check`.

    Raises
    ------
    DataError
        It is no zip file, or ``data`` is no SemanticKITTI folder.
    """
    steps = submission_check.check_submission(path, data, sequences)
    try:
        while True:
            yield Progress(*next(steps))
    except StopIteration as stop:
        problems: list[str] = stop.value
        return problems
    finally:
        steps.close()


ENTRY = check_submission
