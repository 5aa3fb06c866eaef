"""What is on the screen is saved by itself, a few seconds after it changed and when the window closes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from app.core.settings import SavedSession
from app.ui.listening import Listening

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

DELAY_MS = 2500
PROCESS = "process"


class Autosave(Listening):
    """Watches the session and the cameras of a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._timer = QTimer(window, singleShot=True)
        self._timer.timeout.connect(self.save)
        session = window.session
        window.area.camera_moved = self.soon
        for signal in (
            session.drive_changed,
            session.sequence_changed,
            session.frame_changed,
            session.view_changed,
            session.views_changed,
            session.accumulation_changed,
            session.playback_changed,
            session.surface.state_changed,
        ):
            self.listen(signal, self.soon)

    def soon(self) -> None:
        """Save in a moment; changes that follow each other quickly are saved once."""
        if not self._timer.isActive():
            self._timer.start(DELAY_MS)

    def save(self, *, closed: bool = False) -> None:
        """Save now; the session writes beside its file and moves it over, and only if something changed."""
        window, session = self._window, self._window.session
        for name in window.area.views:
            camera = window.area.camera(name)
            if camera.intrinsics is None:
                session.remember_camera(name, camera)
        session.remember_layout(window.layout_state() | {PROCESS: process_name()})
        session.autosave(closed=closed)

    def close(self) -> None:
        """The window closes in order."""
        self._timer.stop()
        self.stop_listening()
        self.save(closed=True)


def process_name() -> str:
    """This process by its number and the moment it began: numbers are used again."""
    import psutil

    return f"{os.getpid()} {psutil.Process().create_time()}"


def crashed(saved: SavedSession | None) -> bool:
    """Whether a saved session was left by a window that did not close in order, with a drive open.

    The session of a window that is still open elsewhere is none.
    """
    if saved is None or saved.closed or saved.path is None:
        return False
    return not _running(saved.layout.get(PROCESS, ""))


def _running(process: str) -> bool:
    import psutil

    number, _, began = process.partition(" ")
    try:
        return str(psutil.Process(int(number)).create_time()) == began
    except (ValueError, psutil.Error):
        return False
