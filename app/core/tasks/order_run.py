"""Tell a training run what to do, through its folder: pause, resume, stop, note; or delete it."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

LANE = "background"
PRIORITY = 0

ORDERS = ("pause", "resume", "stop", "note", "delete")


def order_run(context: Context, *, order: str, path: Path, words: str = "") -> TaskEvents[None]:
    """Give one of ``ORDERS`` to the run in ``path``; ``words`` are the notes that ``note`` writes.

    ``delete`` removes the whole folder with its checkpoints, and only a folder of a run that nobody trains.

    Raises
    ------
    UsageError
        The run is not in a state for that, or there is no such order.
    DataError
        The folder is no run, or the disk refuses.
    """
    from app.core.tasks.follow_runs import NOTES
    from app.core.training import jobs

    yield Progress(0, 0, f"{order} {path.name}")
    match order:
        case "pause":
            jobs.pause(path)
        case "resume":
            jobs.resume(path)
        case "stop":
            jobs.stop(path)
        case "note":
            write_atomically(path / NOTES, words.encode())
        case "delete":
            _delete(path)
        case _:
            raise UsageError(f"A run takes no order '{order}'; there are: {', '.join(ORDERS)}.")


def _delete(path: Path) -> None:
    """Out of the list in one move, then file by file: what a kill leaves of it is no run any more."""
    from app.core.training.folder import RunFolder

    run = RunFolder(path)
    if not run.config.is_file():
        raise DataError(f"{path} is no run: it has no {run.config.name}; nothing was deleted.")
    hidden = path.with_name(f".{path.name}.deleted")
    try:
        with run.locked():
            if hidden.exists():
                shutil.rmtree(hidden)
            path.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise DataError(f"{path} cannot be deleted ({error.strerror or error}).") from None


ENTRY = order_run
