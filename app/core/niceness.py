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
