"""Ways to open a drive: a path, a choice of the user, the demo drive, raw scans with stated columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMainWindow

from app.core.settings import SavedSession
from app.ui.banner import Banner
from app.ui.desk import Desk

if TYPE_CHECKING:
    from app.core.session import Session

SCANS = "Scans (*.ply *.pcd *.las *.laz *.npy *.npz *.bin);;All files (*)"
RAW = ".bin"


class Opening:
    """File dialogs are shown beside the window, which goes on meanwhile."""

    def __init__(self, window: QMainWindow, desk: Desk, banner: Banner) -> None:
        self._window, self._desk, self._banner = window, desk, banner

    @property
    def _session(self) -> Session:
        return self._desk.session

    def open(self, path: Path) -> None:
        """Open whatever is there."""
        self._session.open(path)

    def demo(self) -> None:
        """The demo drive is written once, in the background, and opened with its first frame."""
        self._session.open_demo()

    def bring_back(self, saved: SavedSession) -> None:
        """After a crash: show again what was on the screen, and say so."""
        self._session.restore(saved)
        name = saved.path.name if saved.path is not None else ""
        self._banner.say(
            f"Restored {name}, frame {saved.frame}: the window did not close in order last time.",
            "info",
            "Start fresh",
            self._session.close_drive,
        )

    def offer(self, saved: SavedSession) -> None:
        """After a close in order: one click brings back what was on the screen."""
        name = saved.path.name if saved.path is not None else ""
        self._banner.say(
            f"Last time you looked at {name}, frame {saved.frame}.",
            "info",
            "Continue there",
            lambda: self._session.restore(saved),
        )

    def ask_folder(self) -> None:
        """Choose a data set, a sequence or a folder of scans."""
        dialog = self._dialog("Open a drive")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.show()

    def ask_file(self) -> None:
        """Choose one scan."""
        dialog = self._dialog("Open a scan")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(SCANS.split(";;"))
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.show()

    def ask_columns(self, path: Path | None = None) -> None:
        """Raw scans say nothing about their columns: the user does."""
        from app.ui.dialogs.columns import Columns

        dialog = Columns(self._window, self._session, path)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def name_classes(self, name: str) -> None:
        """Open the drive again with the classes of a label set that comes along; "": with its own."""
        self._session.name_classes(Path(name) if name else None)

    def ask_classes(self) -> None:
        """Choose a label map."""
        dialog = self._dialog("Choose a label map")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Label maps (*.yaml *.yml)", "All files (*)"])
        dialog.fileSelected.connect(lambda name: self._session.name_classes(Path(name)))
        dialog.show()

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        recent = self._session.settings.recent
        if recent:
            dialog.setDirectory(str(recent[0].parent))
        return dialog
