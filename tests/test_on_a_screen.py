"""The whole program on a real X screen (Xvfb), worked with a real mouse and keys, judged by what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from small_drive import write_small_drive

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def screen() -> Iterator[str]:
    """An X display of its own, ``:N``."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; scripts/setup.sh dev installs it")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1700x1040x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


class Hands:
    """A user at that screen."""

    def __init__(self, display: str, home: Path) -> None:
        self.environment = {
            **os.environ,
            "DISPLAY": display,
            "LIDARSCOPE_HOME": str(home),
            "QT_QPA_PLATFORM": "xcb",
        }
        self.saved = home / "session.json"

    def do(self, *words: str) -> str:
        done = subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=30)
        return done.stdout.strip()

    def session(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.saved.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            found = {}
        return found

    def until(self, true: Callable[[], object], what: str, again: Callable[[], object] | None = None) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, f"{what} did not happen; the session says {self.session()}"
            time.sleep(0.2)
            if again is not None and not true():
                again()

    def eye(self) -> np.ndarray:
        pose = np.array(self.session()["views"]["left"]["camera"]["camera_from_world"])
        return -pose[:3, :3].T @ pose[:3, 3]


@pytest.mark.xvfb
@pytest.mark.timeout(240)
def test_mouse_and_keys_on_a_real_screen(screen: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    drive = write_small_drive(tmp_path / "drive on a screen").root
    hands = Hands(screen, home)
    program = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "open", str(drive)], env=hands.environment, cwd=ROOT
    )
    try:
        hands.until(lambda: hands.session().get("path"), "the drive being opened")
        window = hands.do("search", "--sync", "--onlyvisible", "--name", "LidarScope$").split()[0]
        hands.do("windowmove", "--sync", window, "0", "0")
        hands.do("windowfocus", "--sync", window)
        hands.do("mousemove", "700", "400")

        hands.until(
            lambda: hands.session()["views"]["left"]["layer"] == "range",
            "key 2 choosing the range layer",
            again=lambda: hands.do("key", "2"),  # a key pressed before the focus has come is nobody's
        )
        hands.do("key", "Right")
        hands.until(lambda: hands.session()["frame"] == 1, "the right arrow going to the next frame")

        before = hands.eye()
        hands.do("mousedown", "1")
        for step in range(1, 13):
            hands.do("mousemove", str(700 + 12 * step), str(400 - 2 * step))
        hands.do("mouseup", "1")
        hands.until(lambda: np.linalg.norm(hands.eye() - before) > 0.5, "a drag turning the view")

        family = psutil.Process(program.pid).children(recursive=True)
        hands.do("key", "ctrl+q")
        assert program.wait(30) == 0
        assert hands.session()["closed"]
        _gone, alive = psutil.wait_procs(family, timeout=10)
        assert not alive, "processes were left behind"
    finally:
        if program.poll() is None:
            program.kill()
            program.wait(10)
