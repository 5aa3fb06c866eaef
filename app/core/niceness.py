"""How far the window's own processes stand back, so that the window itself gets a core at once when it wants one.

The event loop wants little time, but now. Beside drawing and reading processes of its own rank it shares a core
with them in turns; measured on two cores, those waits added up to 40 ms in one turn of the loop while a drive was
opened.
"""

from __future__ import annotations

import os

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
    process of merely low priority keeps its core until its time slice ends. Kernels that share processor time among
    sessions first ("autogroup") still give a run of its own session its part of a busy machine: that is left so,
    for otherwise a run beside any other computation would stand still.

    Measured on two cores beside a training on both: while a drive plays, the longest turn of the window's event
    loop takes 35 to 80 ms beside niceness 19 with the batch policy, and 20 to 40 ms with the idle policy.
    """
    if not by:
        return
    stand_back(by)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
