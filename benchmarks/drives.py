"""Drives to measure on: the demo drive, written once, and long ones made of links to its files."""

from __future__ import annotations

import os
from pathlib import Path

from app.core.demo.writer import default_drive_path, write_drive
from app.core.tasks.base import run


def demo_drive(frames: int = 20) -> Path:
    """The demo drive in the user's cache, with at least that many frames."""
    folder = default_drive_path(0)
    run(write_drive(folder, frames=frames))
    return folder


def long_drive(folder: Path, frames: int, source: Path | None = None) -> Path:
    """A SemanticKITTI drive of ``frames`` scans whose files link to those of ``source`` in turn."""
    sequence = sorted(((source or demo_drive()) / "sequences").iterdir())[0]
    target = folder / "sequences" / sequence.name
    for kind, ending in (("velodyne", ".bin"), ("labels", ".label"), ("image_2", ".png")):
        files = sorted((sequence / kind).glob(f"*{ending}"))
        (target / kind).mkdir(parents=True, exist_ok=True)
        for index in range(frames if files else 0):
            link = target / kind / f"{index:06d}{ending}"
            if not link.exists():
                os.link(files[index % len(files)], link)
    (target / "calib.txt").write_text((sequence / "calib.txt").read_text())
    identity = "1 0 0 0 0 1 0 0 0 0 1 "
    (target / "poses.txt").write_text("".join(f"{identity}{0.7 * i:.2f}\n" for i in range(frames)))
    (target / "times.txt").write_text("".join(f"{0.1 * i:.3f}\n" for i in range(frames)))
    return folder
