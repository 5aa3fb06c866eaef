"""The window with its real engine and render processes: it shows a frame, and nothing is left when it closes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import psutil
from pytestqt.qtbot import QtBot

from app.ui.application import window_on


def children() -> set[int]:
    """Our child processes; Python's own tracker of shared memory lives as long as we do."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            command = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if "resource_tracker" not in command and process.status() != psutil.STATUS_ZOMBIE:
            found.add(process.pid)
    return found


def segments() -> set[str]:
    """Shared memory that this process has made: other tests may run beside it."""
    folder = Path("/dev/shm")
    return {path.name for path in folder.glob(f"lidarscope_{os.getpid()}_*")} if folder.is_dir() else set()


def test_processes_and_shared_memory_end_with_the_window(
    qtbot: QtBot, nothing_left_behind: None, drive: Path
) -> None:
    processes, memory = children(), segments()
    with window_on(viewport_kind="open3d") as (window, session):
        window.show()
        session.open(drive)
        view = window.area.views["left"]
        qtbot.waitUntil(lambda: session.frame_state is not None and view.settled, timeout=90_000)
        picture = view.viewport.picture
        assert picture is not None and session.frame_state is not None
        assert picture.points is session.frame_state.cloud.points
        assert len(np.unique(picture.image.reshape(-1, 3), axis=0)) > 20, "the picture shows coloured points"
        assert view.stats.isVisible() and "900" in view.stats.text()
        assert len(children() - processes) >= 2
        assert not Path("/dev/shm").is_dir() or segments() - memory
        session.split(True)
        qtbot.waitUntil(lambda: all(frame.settled for frame in window.area.views.values()), timeout=60_000)
    qtbot.waitUntil(lambda: not children() - processes, timeout=20_000)
    assert segments() - memory == set()
