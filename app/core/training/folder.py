"""A run's folder: what lies in it, and how each file is written so that a kill at any moment harms nothing.

config.json        recipe and data, resolved; written once
identity.json      code, libraries and data, to tell whether a run goes on under the same conditions
metrics.jsonl      one object a step: step, loss, its parts, learning rate, seconds
validation.jsonl   one object a validation: step, miou, iou by class
status.json        state, step, process, heartbeat
checkpoints/       step-NNNNNNNN.safetensors (the last few) and best.safetensors
watch.safetensors  newest weights, small, for whoever watches
log.txt, console.txt, tensorboard/, class_counts.json, notes.txt, pause, stop, lock
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.core.errors import DataError, UsageError
from app.core.files import lock, write_atomically
from app.core.model_card import BEST, STEP_PATTERN
from app.core.training.recipe import Recipe, checked
from app.core.training.recipes import kind_of

FORMAT = 1
"""Of the folder; raised when older folders cannot be read any more."""

QUEUED, STARTING, RUNNING, PAUSED, STOPPED, FINISHED, FAILED, CRASHED = (
    "queued", "starting", "running", "paused", "stopped", "finished", "failed", "crashed",
)  # fmt: skip
LIVE = (STARTING, RUNNING, PAUSED)
"""States in which a process should be there."""


@dataclass(frozen=True)
class Status:
    """What a run says of itself. ``heartbeat`` and ``changed`` are seconds since 1970; ``born`` is when the process
    began, which tells it from a later one with its number. ``gpu_load`` is the share of time in which its graphics
    card computed, 0 to 1, and ``gpu_memory_mb`` what the run holds there; None without one, or if nothing tells."""

    state: str
    step: int = 0
    max_steps: int = 0
    message: str = ""
    pid: int = 0
    born: float = 0.0
    host: str = ""
    heartbeat: float = 0.0
    changed: float = 0.0
    seconds_per_step: float = 0.0
    seconds_left: float = 0.0
    memory_mb: float = 0.0
    gpu_load: float | None = None
    gpu_memory_mb: float | None = None
    scores: dict[str, float] = field(default_factory=dict)


class RunFolder:
    """Names and formats of a run's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.identity = path / "identity.json"
        self.metrics = path / "metrics.jsonl"
        self.validation = path / "validation.jsonl"
        self.status = path / "status.json"
        self.checkpoints = path / "checkpoints"
        self.best = self.checkpoints / BEST
        self.watch = path / "watch.safetensors"
        self.log = path / "log.txt"
        self.console = path / "console.txt"
        self.tensorboard = path / "tensorboard"
        self.class_counts = path / "class_counts.json"
        self.pause = path / "pause"
        self.stop = path / "stop"
        self.lock = path / "lock"

    def create(self, kind: str, recipe: Recipe, data: Path) -> None:
        """Make the folder with its config; ``UsageError`` where something else lies there already."""
        if self.config.exists():
            raise UsageError(f"{self.path} holds a run already; resume it, or choose another folder.")
        if self.path.is_dir() and any(self.path.iterdir()):
            raise UsageError(
                f"{self.path} is not empty and no run; choose another folder, so that nothing is lost."
            )
        self.write_config(kind, recipe, data)

    def write_config(self, kind: str, recipe: Recipe, data: Path) -> None:
        """Replace the config."""
        fields = recipe.model_dump(mode="json")
        content = {"format": FORMAT, "recipe": kind, "data": str(data), "fields": fields}
        write_atomically(self.config, json.dumps(content, indent=2).encode())

    def read_config(self) -> tuple[str, Recipe, Path]:
        """Kind, recipe and data; ``DataError`` where the folder is no run, or one of another version."""
        try:
            content = json.loads(self.config.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"{self.path} is no run: it has no {self.config.name}.") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{self.config} cannot be read ({error}).") from None
        found = content.get("format") if isinstance(content, dict) else None
        if found != FORMAT:
            raise DataError(
                f"{self.path} was written by another version of LidarScope (run format {found}, this one reads "
                f"{FORMAT}); its checkpoints still load, but it cannot be resumed."
            )
        try:
            recipe = checked(kind_of(str(content["recipe"])), content["fields"])
            return str(content["recipe"]), recipe, Path(content["data"])
        except (KeyError, TypeError) as error:
            raise DataError(f"{self.config} is incomplete ({error}).") from None
        except UsageError as error:
            raise DataError(f"{self.config} does not fit this version of LidarScope: {error}") from None

    def write_status(self, status: Status) -> None:
        """Replace the status; ``DataError`` where the disk refuses."""
        write_atomically(self.status, json.dumps(asdict(status)).encode())

    def read_status(self) -> Status | None:
        """What the run last said; None where it has said nothing that can be read."""
        try:
            content = json.loads(self.status.read_text(encoding="utf-8"))
            known = Status.__dataclass_fields__
            return Status(**{name: value for name, value in content.items() if name in known})
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def step_checkpoints(self) -> list[Path]:
        """Checkpoints by step, newest first; unfinished ones have other names and never count."""
        return sorted(self.checkpoints.glob(STEP_PATTERN), reverse=True)

    def checkpoint(self, step: int) -> Path:
        """The checkpoint after ``step`` steps."""
        return self.checkpoints / f"step-{step:08d}.safetensors"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run; ``UsageError`` where another process does. The lock ends with the process."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise DataError(refused(self.lock, error)) from None
        try:
            if not lock(descriptor):
                status = self.read_status()
                raise UsageError(
                    f"{self.path} is being trained by another process"
                    f"{f' ({status.pid})' if status is not None else ''}; stop that one first."
                )
            yield
        finally:
            os.close(descriptor)


def append_line(path: Path, content: dict[str, Any]) -> None:
    """Add one JSON line in one write; ``DataError`` where the disk refuses (a torn line is cut on resuming)."""
    line = (json.dumps(content) + "\n").encode()
    try:
        with path.open("ab", buffering=0) as file:
            if file.write(line) != len(line):
                raise OSError(28, "No space left on device")
    except OSError as error:
        raise DataError(refused(path, error)) from None


def refused(path: Path, error: OSError) -> str:
    """One sentence about a file that the disk would not take."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: {path} could not be written; free some space and resume the run."
    return f"{path} could not be written ({error.strerror or error}); the run can be resumed once that is mended."


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a JSON-lines file, up to the first that is not; empty where there is none."""
    rows: list[dict[str, Any]] = []
    try:
        raw = path.read_bytes()
    except OSError:
        return rows
    for line in raw.split(b"\n")[:-1]:
        try:
            row = json.loads(line)
        except ValueError:
            break
        if not isinstance(row, dict) or "step" not in row:
            break
        rows.append(row)
    return rows


def cut_after(path: Path, step: int) -> None:
    """Leave the whole lines up to ``step``: what a killed run wrote past its last checkpoint is written again.

    The file is replaced, never shortened in place, so that a reader notices.
    """
    if not path.exists():
        return
    kept = [row for row in read_lines(path) if row["step"] <= step]
    content = "".join(json.dumps(row) + "\n" for row in kept).encode()
    if content != path.read_bytes():
        write_atomically(path, content)


def process_born(pid: int) -> float:
    """When a process began, seconds since 1970; 0 where there is none, or only its remains."""
    import psutil

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0


def this_host() -> str:
    """Name of this machine."""
    return socket.gethostname()


def now() -> float:
    """Seconds since 1970."""
    return time.time()
