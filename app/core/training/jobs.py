"""Training runs as processes of their own: started, queued, paused, stopped and found through their folders.

A run belongs to no window: it is started detached, lives in its folder, and whoever looks at the folder sees it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import app
from app.core.errors import DataError, UsageError
from app.core.training.folder import (
    LIVE,
    PAUSED,
    QUEUED,
    RunFolder,
    Status,
    now,
    process_born,
    refused,
    this_host,
)
from app.core.training.memory import keeping
from app.core.training.reader import status_of
from app.core.training.recipe import Recipe
from app.core.training.run import begin

NICENESS = 19
"""How far below others a run in the background stands, so that the window stays smooth."""

_CHILDREN: list[subprocess.Popen[bytes]] = []
"""Runs this process started: asked now and then how they are, so that none stays as a remainder."""


@dataclass(frozen=True)
class RunInfo:
    """One run as found in its folder."""

    path: Path
    recipe: str
    data: Path
    status: Status


def default_runs_folder() -> Path:
    """Where runs go if nobody says otherwise: in ``$LIDARSCOPE_HOME`` or the user's data folder."""
    import platformdirs

    home = os.environ.get("LIDARSCOPE_HOME")
    return (Path(home) if home else Path(platformdirs.user_data_dir("lidarscope"))) / "runs"


def start(kind: str, recipe: Recipe, data: Path, out: Path, *, queue: bool = False) -> RunInfo:
    """Begin a run in a process of its own; with ``queue`` it waits for others in the same folder of runs.

    Returns at once. ``UsageError`` or ``DataError`` where the folder, the recipe or the disk do not allow it.
    """
    run = begin(out, kind, recipe, data)
    waiting = Status(QUEUED, max_steps=run.read_config()[1].max_steps, host=this_host(), changed=now())
    run.write_status(waiting)
    if not queue:
        resume(out)
    else:
        advance(out.parent)
    return info(out)


def resume(out: Path, changes: Mapping[str, str] | None = None) -> int:
    """Let a run go on: a paused one from its pause, any other in a new process; returns its process id.

    ``UsageError`` where it is running already.
    """
    run = RunFolder(out)
    run.read_config()
    status = status_of(run)
    if status.state == PAUSED and not changes:
        run.pause.unlink(missing_ok=True)
        return status.pid
    if status.state in LIVE:
        raise UsageError(f"{out} is {status.state} already (process {status.pid}).")
    for order in (run.pause, run.stop):
        order.unlink(missing_ok=True)
    settings = [part for key, value in (changes or {}).items() for part in ("--set", f"{key}={value}")]
    pid = _spawn(run, ["resume", str(out.resolve()), "--nice", str(NICENESS), *settings])
    kept = run.read_status() or Status("starting")
    run.write_status(
        replace(
            kept, state="starting", pid=pid, born=process_born(pid), host=this_host(), heartbeat=now(), message=""
        )
    )
    return pid


def pause(out: Path) -> None:
    """Let a run save and wait; it keeps its memory. ``UsageError`` where it is not running."""
    _order(out, RunFolder(out).pause, "paused")


def stop(out: Path) -> None:
    """Let a run save and end; a queued one leaves the queue. ``UsageError`` where it is not there to be stopped."""
    run, status = RunFolder(out), info(out).status
    if status.state == QUEUED:
        run.write_status(replace(status, state="stopped", changed=now()))
        return
    _order(out, run.stop, "stopped")


def _order(out: Path, file: Path, word: str) -> None:
    status = info(out).status
    if status.state not in LIVE:
        raise UsageError(f"{out} cannot be {word}: it is {status.state}.")
    try:
        file.touch()
    except OSError as error:
        raise DataError(refused(file, error)) from None


def info(path: Path) -> RunInfo:
    """What a folder says of its run; ``DataError`` where it is none."""
    run = RunFolder(path)
    kind, _, data = run.read_config()
    return RunInfo(path, kind, data, status_of(run))


def runs(folder: Path) -> list[RunInfo]:
    """The runs in a folder, those that changed last first; folders that hold none are left out."""
    for child in _CHILDREN[:]:
        if child.poll() is not None:
            _CHILDREN.remove(child)
    found = []
    for config in sorted(folder.glob("*/config.json")):
        with contextlib.suppress(DataError):
            found.append(info(config.parent))
    return sorted(found, key=lambda run: run.status.changed, reverse=True)


def advance(folder: Path) -> Path | None:
    """Start the run that has been queued longest, unless one is running; returns which.

    A run calls this when it ends, so a queue goes on with no window open.
    """
    there = runs(folder)
    if any(run.status.state in LIVE for run in there):
        return None
    queued = [run for run in there if run.status.state == QUEUED and RunFolder(run.path).status.exists()]
    if not queued:
        return None
    first = min(queued, key=lambda run: run.status.changed)
    resume(first.path)
    return first.path


def wait(out: Path, states: tuple[str, ...], seconds: float) -> Status:
    """The status once it is one of ``states``; ``DataError`` where that takes longer than ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        status = info(out).status
        if status.state in states:
            return status
        if time.monotonic() > end:
            raise DataError(f"{out} is still {status.state} after {seconds:g} s. {status.message}")
        time.sleep(0.1)


def _spawn(run: RunFolder, arguments: list[str]) -> int:
    root = str(Path(app.__file__).resolve().parents[1])
    program = f"import sys; sys.path[:1] = [{root!r}]; from app.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**keeping(os.environ), "PYTHONUNBUFFERED": "1"}
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        environment.pop(name, None)
    try:
        with run.console.open("ab") as console:
            child = subprocess.Popen(
                [sys.executable, "-c", program, *arguments],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True, env=environment,
            )  # fmt: skip
    except OSError as error:
        raise DataError(refused(run.console, error)) from None
    _CHILDREN.append(child)
    return child.pid
