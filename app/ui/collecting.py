"""Spare what lives as long as the window from Python's garbage collector.

Modules, classes and widgets are some 10⁵ objects that are never garbage. A full collection looks at each of them,
on the main thread: 90 ms, and twice that beside a training that keeps the processor busy. Frozen, they are left
out, and a collection looks only at what was made since.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QTimer

SETTLED_MS = 4000
"""When what a window loads after it has been shown (panels, the first frame's renderer) has been loaded."""


@contextmanager
def long_lived(parent: QObject) -> Iterator[None]:
    """Freeze what there is now, and once more when ``parent``'s window has settled; released at the end."""
    gc.freeze()
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.timeout.connect(gc.freeze)
    timer.start(SETTLED_MS)
    try:
        yield
    finally:
        timer.stop()
        gc.unfreeze()
