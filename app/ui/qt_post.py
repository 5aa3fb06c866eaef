"""The one way from another thread into the window: a call is queued to the main thread's event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


class QtPost(QObject):
    """Callable from any thread; what it is given runs on the thread that made it, in order.

    After ``close`` nothing runs any more, so results that arrive late cannot touch a closed window.
    """

    _queued = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open = True
        self._queued.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def __call__(self, call: Callable[[], None]) -> None:
        if self._open:
            self._queued.emit(call)

    def close(self) -> None:
        """Drop everything that is still queued."""
        self._open = False

    @Slot(object)
    def _run(self, call: Callable[[], None]) -> None:
        if self._open:
            call()
