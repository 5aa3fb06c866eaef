"""The window's processes stand back by what they are for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.core.niceness import LATER, PROMPT


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no niceness")
@pytest.mark.parametrize("by", [PROMPT, LATER])
def test_a_process_and_its_later_threads_stand_back(by: int) -> None:
    program = (
        "import os, threading\n"
        f"from app.core.niceness import stand_back\nstand_back({by})\n"
        "thread = threading.Thread(target=lambda: print(os.nice(0)))\nthread.start(); thread.join()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) == min(os.nice(0) + by, 19)


def test_what_somebody_waits_for_goes_before_long_work() -> None:
    assert 0 < PROMPT < LATER < 19
