"""Following a run from outside: its curves as they grow, its state as it really is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.core.errors import DataError
from app.core.training.folder import (
    CRASHED,
    LIVE,
    QUEUED,
    RunFolder,
    Status,
    now,
    process_born,
    this_host,
)

SILENT = 60.0
"""Seconds without a heartbeat after which a run on another machine counts as crashed."""


class Tail:
    """The lines of a growing JSON-lines file, each given once; only new bytes are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = -1
        self._offset = 0

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """New whole lines, and whether the file was begun anew (forget all earlier lines then)."""
        try:
            with self._path.open("rb") as file:
                stat = os.fstat(file.fileno())
                anew = self._inode not in (-1, stat.st_ino) or stat.st_size < self._offset
                if anew:
                    self._offset = 0
                self._inode = stat.st_ino
                file.seek(self._offset)
                raw = file.read()
        except FileNotFoundError:
            return [], False
        except OSError as error:
            raise DataError(f"{self._path} cannot be read ({error.strerror}).") from None
        whole = raw[: raw.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [row for line in whole.splitlines() if (row := _row(line)) is not None], anew


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None  # torn by a kill: it is cut when the run is resumed
    return found if isinstance(found, dict) and "step" in found else None


@dataclass(frozen=True)
class News:
    """What is new in a run: ``metrics`` and ``validations`` as written, and its true status.

    ``anew``: the run went back to a checkpoint; rows at and past the first new step replace older ones, and what
    was read before is to be forgotten, for all rows come again.
    """

    metrics: tuple[dict[str, Any], ...]
    validations: tuple[dict[str, Any], ...]
    status: Status
    anew: bool


class RunReader:
    """Reads what a run has added since the last look. One for each who looks."""

    def __init__(self, folder: Path) -> None:
        self.folder = RunFolder(folder)
        self._metrics = Tail(self.folder.metrics)
        self._validations = Tail(self.folder.validation)

    def poll(self) -> News:
        """New rows since the last call, all of them at first."""
        metrics, again = self._metrics.read()
        validations, anew = self._validations.read()
        if again and not anew:  # both files begin anew together for whoever reads
            self._validations = Tail(self.folder.validation)
            validations, _ = self._validations.read()
        elif anew and not again:
            self._metrics = Tail(self.folder.metrics)
            metrics, _ = self._metrics.read()
        return News(tuple(metrics), tuple(validations), status_of(self.folder), again or anew)


def status_of(folder: RunFolder) -> Status:
    """The status as it really is: a run that says it lives, but whose process is gone, has crashed."""
    status = folder.read_status()
    if status is None:
        return Status(QUEUED if not folder.step_checkpoints() else CRASHED)
    if status.state not in LIVE or _lives(status):
        return status
    message = "Its process ended without a word; it can be resumed from its last checkpoint."
    return replace(status, state=CRASHED, message=message)


def _lives(status: Status) -> bool:
    if status.host != this_host():
        return now() - status.heartbeat < SILENT
    born = process_born(status.pid)
    return born > 0 and abs(born - status.born) < 2.0
