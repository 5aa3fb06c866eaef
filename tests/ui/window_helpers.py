"""What tests of the window share: waiting, looking for what is left over, the viewport that remembers."""

from __future__ import annotations

import gc
from collections.abc import Callable

from psygnal import SignalInstance
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication

from app.core.session import Session
from app.ui.main_window import MainWindow
from app.ui.viewer.null_viewport import NullViewport

MakeWindow = Callable[..., MainWindow]


def settle() -> None:
    """Run the event loop until nothing is queued, deferred deletions included."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()


def active_timers() -> list[QTimer]:
    """Every Qt timer made since the test began that is running."""
    return [found for found in gc.get_objects() if isinstance(found, QTimer) and _active(found)]


def _active(timer: QTimer) -> bool:
    try:
        return timer.isActive()
    except RuntimeError:  # deleted by Qt
        return False


OWN = {
    "reports_changed": 2, "methods_changed": 3, "sequence_changed": 3, "frame_changed": 3, "playback_changed": 2,
    "drive_changed": 1, "picked_changed": 1,
}  # fmt: skip
"""Handlers that a session's own parts (language, visibility …) have on it, until the session is closed."""


def listeners(session: Session) -> dict[str, int]:
    """How many handlers each signal of a session still has beside the session's own, those without any left out."""
    signals = {n: getattr(session, n) for n in dir(type(session)) if n.endswith(("_changed", "_added", "_grown"))}
    counts = {name: len(s) - OWN.get(name, 0) for name, s in signals.items() if isinstance(s, SignalInstance)}
    return {name: count for name, count in counts.items() if count > 0}


def viewport(window: MainWindow, view: str = "left") -> NullViewport:
    """The viewport of a view, which remembers what it was told."""
    found = window.area.views[view].viewport
    assert isinstance(found, NullViewport)
    return found
