"""From the command to the first frame on the screen: a process of its own each time, as a user starts it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.drives import demo_drive
from benchmarks.rows import Row

FRAME_LIMIT = 120.0
REPEATS = 3

PROGRAM = """
import sys
from app.cli import main

if __name__ == "__main__":  # child processes import this file too
    from PySide6.QtCore import QTimer
    from app.ui import application

    begin = application.begin

    def begin_and_look(window, session, *args, **kwargs):
        timer = QTimer(window, interval=5)

        def look():
            state, picture = session.frame_state, window.area.views["left"].viewport.picture
            if state is not None and picture is not None and picture.points is state.cloud.points:
                timer.stop()
                print("shown", flush=True)
                window.close()

        timer.timeout.connect(look)
        timer.start()
        begin(window, session, *args, **kwargs)

    application.begin = begin_and_look
    sys.exit(main(sys.argv[1:]))
"""
"""The real command line; the window is closed once its view shows a picture of the first frame's points."""


def rows() -> list[Row]:
    """Wall time of the real command, medians; the demo drive is written anew each time."""
    drive = demo_drive()
    with tempfile.TemporaryDirectory(prefix="lidarscope-start-") as folder:
        program = Path(folder) / "start.py"
        program.write_text(PROGRAM)
        fresh = [_seconds(program, folder, "demo", "--out", f"{folder}/drive-{i}") for i in range(REPEATS)]
        again = [_seconds(program, folder, "open", str(drive)) for _ in range(REPEATS)]
    return [
        Row("'demo' with nothing written, to the first frame shown", "s", statistics.median(fresh), reach=10),
        Row("'open' of a drive that is there, to the first frame shown", "s", statistics.median(again)),
    ]


def _seconds(program: Path, home: str, *command: str) -> float:
    environment = os.environ | {"LIDARSCOPE_HOME": home, "PYTHONPATH": str(Path.cwd())}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(program), *command], stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            taken = time.perf_counter() - start
            process.wait(FRAME_LIMIT)
        finally:
            process.kill()
    if line.strip() != "shown":
        raise RuntimeError(f"the window showed no frame: {line!r}, status {process.returncode}")
    return taken
