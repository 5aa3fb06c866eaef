"""Write a demo drive in SemanticKITTI's layout, frame by frame, so that it can be looked at while it grows.

A killed write is taken up where it stopped and ends with the same bytes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.demo.files import MARKER, FramePaths, json_bytes, packed, png, read_marker
from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.tasks.base import Partial, Progress, TaskEvents

if TYPE_CHECKING:
    from app.core.demo.world import DemoFrame, World

FRAMES = 40


@dataclass(frozen=True)
class WrittenDrive:
    """A finished demo drive: the folder to open, its frames and its seed."""

    path: Path
    frames: int
    seed: int


def default_drive_path(seed: int = 0) -> Path:
    """Where the built-in drive of a seed is kept: in ``$LIDARSCOPE_HOME`` or the user's cache folder."""
    import platformdirs

    home = os.environ.get("LIDARSCOPE_HOME")
    base = Path(home) if home else Path(platformdirs.user_cache_dir("lidarscope"))
    return base / "demo" / f"seed-{seed}"


def write_drive(
    out: Path, *, frames: int = FRAMES, seed: int = 0, sequence: str = "00", world: World | None = None
) -> TaskEvents[WrittenDrive]:
    """Write a demo drive, or what is missing of it; a task (:mod:`app.core.tasks.base`).

    Yields ``Progress`` before and ``Partial(k)`` after each frame, k in order, also for frames that
    were there already. Calibration, poses and times of all frames are written before the first.
    ``world`` replaces the seed's own (tests pass one with small sensors).

    Raises
    ------
    UsageError
        ``frames`` or ``seed`` make no sense.
    DataError
        The folder holds something else, may not be written, or the disk is full.
    """
    from app.core.demo.surface import write_surface
    from app.core.demo.world import build_world

    if frames < 1:
        raise UsageError(f"A demo drive has at least one frame; {frames} were asked for.")
    if seed < 0:
        raise UsageError(f"The seed of a demo drive is 0 or more; {seed} was given.")
    folder = out / "sequences" / sequence
    yield Progress(0, frames + 1, "building the street")
    place = world if world is not None else build_world(seed)
    total = _prepare(out, folder, place, frames, seed, sequence)
    for frame in range(frames):
        yield Progress(frame, frames + 1, f"frame {frame + 1} of {frames}")
        paths = FramePaths.of(folder, frame)
        if not paths.complete:
            _write_frame(paths, place, frame)
        yield Partial(frame)
        if not frame:  # early, since whoever looks at the drive while it grows may ask for it
            for name in write_surface(folder / "world", place, total):
                yield Progress(1, frames + 1, f"the surface, {name}")
    yield Progress(frames + 1, frames + 1, "done")
    return WrittenDrive(out, total, seed)


def _prepare(out: Path, folder: Path, world: World, frames: int, seed: int, sequence: str) -> int:
    """Texts and marker, written before any frame; returns how many frames the drive has in all."""
    from app.core.demo.calibration import texts
    from app.core.demo.world import PERIOD, VERSION

    marker = read_marker(out)
    known: dict[str, Any] = dict(marker.get("sequences", {})) if marker else {}
    mine = known.get(sequence)
    same = mine is not None and marker is not None and marker["lidarscope_demo"] == VERSION and mine["seed"] == seed
    if folder.exists() and mine is None and any(folder.iterdir()):
        raise DataError(
            f"{folder} holds a sequence that is no demo drive; choose an empty folder, so that nothing is lost."
        )
    if folder.exists() and not same:
        shutil.rmtree(folder)
    _sweep(folder)
    total = max(frames, int(mine["frames"]) if same and mine is not None else 0)
    for path, text in texts(folder, world.calibration, world.poses(total), PERIOD).items():
        write_atomically(path, text.encode())
    if marker is not None and marker["lidarscope_demo"] != VERSION:
        known = {}
    known[sequence] = {"seed": seed, "frames": total}
    write_atomically(
        out / MARKER,
        json_bytes({"lidarscope_demo": VERSION, "seed": seed, "frames": total, "sequences": known}),
    )
    return total


def _sweep(folder: Path) -> None:
    """Remove what a killed write left beside its targets; younger than a minute it may be somebody's work."""
    for path in folder.rglob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > 60:
                path.unlink()


def _write_frame(paths: FramePaths, world: World, frame: int) -> None:
    made, picture = world.both(frame)
    write_atomically(paths.truth, packed(truth_arrays(made)))
    label = made.labels.astype(np.uint32) | (made.instances.astype(np.uint32) << np.uint32(16))
    write_atomically(paths.label, label.tobytes())
    write_atomically(paths.image, png(picture))
    record = np.concatenate([made.points, made.intensity[:, None]], axis=1).astype("<f4")
    write_atomically(paths.scan, record.tobytes())


def truth_arrays(frame: DemoFrame) -> dict[str, np.ndarray]:
    """What a frame's ``truth`` file holds, one row a point in the scan's order."""
    return {
        "visible": frame.visible.astype(np.uint8),
        "ring": frame.ring.astype(np.int16),
        "flow": frame.flow.astype(np.float32),
        "normal": frame.normals.astype(np.float16),
    }
