"""Write the demo drive, or what is missing of it, while the window already shows what is there."""

from __future__ import annotations

import json
from pathlib import Path

from app.core.demo.files import FramePaths, read_marker
from app.core.demo.writer import FRAMES, WrittenDrive, default_drive_path, write_drive
from app.core.errors import UsageError
from app.core.tasks.base import Partial, TaskEvents
from app.core.tasks.context import Context

LANE = "background"
MOST_WORLDS = 100
"""Sequences have names of two digits."""


def write_demo(
    context: Context, *, folder: Path | None = None, frames: int = FRAMES, seed: int = 0, worlds: int = 1
) -> TaskEvents[WrittenDrive]:
    """Write a demo drive; ``folder`` None: the built-in drive's own place.

    ``worlds`` streets of seeds ``seed``, ``seed`` + 1 … become the sequences 00, 01 … of the drive: what a network
    needs to learn more than one street. Yields a ``Partial`` with a :class:`WrittenDrive` as soon as its first
    frame can be opened, and after each further one. A drive that is complete costs nothing.

    Raises
    ------
    UsageError, DataError
        The numbers make no sense, the folder holds something else, or it cannot be written.
    """
    if not 1 <= worlds <= MOST_WORLDS:
        raise UsageError(f"A demo drive has 1 to {MOST_WORLDS} worlds; {worlds} were asked for.")
    path = folder or default_drive_path(seed)
    written = WrittenDrive(path, frames, seed)
    for world in range(worlds):
        written = yield from _one_world(path, frames, seed + world, f"{world:02d}")
    return WrittenDrive(path, written.frames, seed)


def _one_world(path: Path, frames: int, seed: int, sequence: str) -> TaskEvents[WrittenDrive]:
    drive = WrittenDrive(path, frames, seed)
    folder = path / "sequences" / sequence
    if frames >= 1 and _is_of(path, seed, sequence) and FramePaths.of(folder, 0).complete:
        yield Partial(drive)
        if _is_complete(folder, frames):
            return drive
    events = write_drive(path, frames=frames, seed=seed, sequence=sequence)
    try:
        while True:
            event = next(events)
            yield Partial(drive) if isinstance(event, Partial) else event
    except StopIteration as stop:
        written: WrittenDrive = stop.value
        return written
    finally:
        events.close()


def _is_of(path: Path, seed: int, sequence: str) -> bool:
    """Whether the folder holds a drive of that seed, made by this version of the demo world."""
    from app.core.demo.world import VERSION

    marker = read_marker(path)
    if marker is None or marker["lidarscope_demo"] != VERSION:
        return False
    mine = marker.get("sequences", {}).get(sequence)
    return isinstance(mine, dict) and mine.get("seed") == seed


def _is_complete(sequence: Path, frames: int) -> bool:
    """Whether all frames are there, and the surface, which is described last."""
    try:
        about = json.loads((sequence / "world" / "world.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    described = isinstance(about, dict) and int(about.get("frames", 0)) >= frames
    return described and all(FramePaths.of(sequence, index).complete for index in range(frames))


ENTRY = write_demo
