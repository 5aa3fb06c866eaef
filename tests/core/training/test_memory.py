"""A process that trains keeps its memory: the C library is told before it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.training import memory

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv.pop(1))
from app.core.training import memory
before = os.environ.get("BEGUN")
if before is None:
    os.environ["BEGUN"] = str(os.getpid())
memory.keep(sys.argv[1:])
print(os.environ.get(memory.VARIABLE, "nothing"), before == str(os.getpid()), *sys.argv[1:])
"""


def told(*command: str, **environment: str) -> list[str]:
    bare = {name: value for name, value in os.environ.items() if name not in (memory.VARIABLE, "BEGUN")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT), *command],
        env=bare | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="the variable is read by Linux' C library")
def test_what_trains_starts_over_as_the_same_process_with_the_same_words() -> None:
    assert told("resume", "a run")[0] == memory.KEPT
    assert told("train", "supervised", "--out", "x") == [memory.KEPT, "True", "train", "supervised", "--out", "x"]


def test_other_commands_and_what_the_user_has_set_stay() -> None:
    assert told("info", "x")[0] == "nothing"
    assert told("train", "demo", "--background")[0] == "nothing"
    assert told("train", "demo", GLIBC_TUNABLES="glibc.malloc.arena_max=1")[0] == "glibc.malloc.arena_max=1"
    assert memory.keeping({"A": "b"}) == {"A": "b", memory.VARIABLE: memory.KEPT}
