"""How many of the machine's cores work may take."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

_shared = False


def usable_cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores() -> None:
    """From now on other processes of the program draw and answer beside this one's networks."""
    global _shared
    _shared = True


def network_threads() -> AbstractContextManager[None]:
    """Torch with half of the cores while a sparse network runs in this thread, where processes share them.

    Such a network is a thousand small products, and torch's threads wait for each other after each of them. On two
    cores, two threads took a quarter less time than one on an idle machine, but twice as long as one beside a
    program that draws (a real scan, networks of a tenth and of the published width).
    """
    from app.models.threads import at_most

    return at_most(usable_cores() // 2 if _shared else None)
