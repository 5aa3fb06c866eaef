"""Drag and drop of a folder or file onto the window, with a hint where to let go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QMainWindow

from app.ui import theme

MARGIN = 60


class DropTarget(QObject):
    """Makes a window take local files; the first one that is dropped is opened."""

    def __init__(self, window: QMainWindow, on_path: Callable[[Path], None]) -> None:
        super().__init__(window)
        self._window, self._on_path = window, on_path
        self.hint = QLabel("Drop a folder or a scan to open it", window)
        self.hint.setObjectName("DropHint")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setFont(theme.font(18, bold=True))
        self.hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hint.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take drags that carry a local file; leave all else alone."""
        if isinstance(event, QDragEnterEvent):
            path = dropped_path(event.mimeData())
            if path is not None:
                self._show_hint(path)
                event.acceptProposedAction()
                return True
        elif event.type() == QEvent.Type.DragLeave:
            self.hint.hide()
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self.hint.hide()
            path = dropped_path(event.mimeData())
            if path is not None:
                event.acceptProposedAction()
                self._on_path(path)
                return True
        return False

    def _show_hint(self, path: Path) -> None:
        self.hint.setText(f"Drop to open “{path.name}”")
        self.hint.setGeometry(self._window.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN))
        self.hint.raise_()
        self.hint.show()


def dropped_path(data: QMimeData) -> Path | None:
    """The first local file or folder of a drag."""
    for url in data.urls():
        if url.isLocalFile():
            return Path(url.toLocalFile())
    return None
