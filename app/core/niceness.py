"""How far the window's own processes stand back, so that the window itself gets a core at once when it wants one.

The event loop wants little time, but now. Beside drawing and reading processes of its own rank it shares a core
with them in turns; measured on two cores, those waits added up to 40 ms in one turn of the loop while a drive was
opened.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PROMPT = 4
"""For what somebody waits for: moving pictures and the frame in view."""

LATER = 9
"""For pictures at rest and long work."""


def stand_back(by: int) -> None:
    """Lower the priority of this process, where the system has such a thing; call it before threads are started."""
    if hasattr(os, "nice"):
        os.nice(by)


def stand_behind_all(by: int) -> None:
    """Lower the priority of this process below every other one's, for work that nobody waits for.

    On Linux it also takes the idle policy, under which a core is given up at once when anybody else wants it; a
    process of merely low priority keeps its core until its time slice ends. Where the kernel shares processor time
    among sessions first and among their processes only then ("autogroup", usual on desktops), priorities do not
    count beyond the own session, so that of the session is lowered too, if it is this process's own.

    Measured on two cores beside a training on both: while a drive plays, the longest turn of the window's event
    loop takes 35 to 80 ms beside niceness 19 with the batch policy, and 20 to 40 ms with the idle policy.
    """
    if not by:
        return
    stand_back(by)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # there is no such thing here
            Path("/proc/self/autogroup").write_text(str(by))
