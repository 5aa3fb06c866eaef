"""Small runs for tests: settings, child processes, and what they wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {
    "network_fields.cr": "0.05", "voxel_size": "0.5", "learning_rate": "0.05", "max_steps": "8", "threads": "1",
    "checkpoint_every": "3", "validate_every": "0", "watch_every": "0", "hold_out": "4", "ema": "0.9",
}  # fmt: skip


def losses(run: Path) -> list[tuple[int, float]]:
    """(step, loss) of a run, as written."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [(row["step"], row["loss"]) for row in map(json.loads, lines)]


def in_child(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """The command line in a child process."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        cwd=ROOT, env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def train_arguments(data: Path, out: Path, **settings: str) -> list[str]:
    """``train supervised`` with the small settings."""
    told = {**SETTINGS, **{k.replace("__", "."): v for k, v in settings.items()}}
    sets = [part for key, value in told.items() for part in ("--set", f"{key}={value}")]
    return ["train", "supervised", "--data", str(data), "--out", str(out), *sets]


def until(condition: Callable[[], Any], child: subprocess.Popen[str] | None = None, seconds: float = 60) -> None:
    """Wait for something, or fail: also when the child ends before."""
    end = time.monotonic() + seconds
    while not condition():
        if child is not None and child.poll() is not None:
            raise AssertionError(f"the child ended with {child.returncode}: {child.communicate()[1]}")
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)
