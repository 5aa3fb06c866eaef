"""What an empty window shows: how to begin, and where one was."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtSvgWidgets import QSvgWidget
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout

from app.core.settings import Settings
from app.core.state import TaskInfo
from app.ui import icons, theme
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.panels.tasks import TaskRow
from app.ui.widgets.common import heading, hint
from app.ui.widgets.rows import HEIGHT, Role, RowDelegate

SHOWN = 7
CARD_WIDTH = 560


class StartPage(Listening, QFrame):
    """Three ways in, and the recent drives."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("StartPage")
        self.desk = desk
        outer = QVBoxLayout(self)
        outer.addStretch(3)
        outer.addWidget(self._make_card(), 0, Qt.AlignmentFlag.AlignHCenter)
        self.note = hint("or drop a folder or a scan anywhere on this window")
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        outer.addSpacing(10)
        self.progress = TaskRow(self._cancel)
        self.progress.setFixedWidth(CARD_WIDTH)
        self.progress.hide()
        outer.addWidget(self.progress, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addSpacing(4)
        outer.addWidget(self.note)
        outer.addStretch(4)
        self._recent: tuple[Path, ...] = ()
        self._task = 0
        self.listen(desk.session.settings_changed, self._on_settings)
        self.listen(desk.session.task_changed, self._on_task)
        self._on_settings(desk.session.settings)

    def _make_card(self) -> QFrame:
        card = QFrame()
        card.setObjectName("StartCard")
        card.setFixedWidth(CARD_WIDTH)
        column = QVBoxLayout(card)
        column.setContentsMargins(32, 30, 32, 22)
        column.setSpacing(8)
        column.addLayout(self._make_head())
        column.addSpacing(16)
        column.addLayout(self._make_buttons())
        self.recent_title = heading("Recent")
        self.recent = QListWidget()
        self.recent.setItemDelegate(RowDelegate(self.recent, inset=1, right=1))
        self.recent.setUniformItemSizes(True)
        self.recent.setStyleSheet("background: transparent")
        self.recent.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.recent.itemClicked.connect(self._open_recent)
        self.recent.itemActivated.connect(self._open_recent)
        column.addSpacing(16)
        column.addWidget(self.recent_title)
        column.addWidget(self.recent)
        return card

    def _make_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        mark = QSvgWidget(str(theme.ICONS / "lidarscope.svg"))
        mark.setFixedSize(56, 56)
        words = QVBoxLayout()
        words.setSpacing(2)
        title = QLabel("LidarScope")
        title.setFont(theme.font(24, bold=True))
        words.addWidget(title)
        words.addWidget(hint("Open a recorded LiDAR drive and look at it."))
        row.addWidget(mark)
        row.addLayout(words, 1)
        return row

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        for what, words, icon, tip in (
            ("demo", "Open demo drive", "drive", "A built-in street world; nothing is downloaded (Ctrl+D)"),
            ("folder", "Open folder…", "folder", "A data set, a sequence or a folder of scans (Ctrl+O)"),
            ("file", "Open file…", "file", "One scan: PLY, PCD, LAS, NPY … (Ctrl+Shift+O)"),
        ):
            button = QPushButton(words)
            icons.bind(button, icon)
            button.setIconSize(QSize(17, 17))
            button.setToolTip(tip)
            button.setMinimumHeight(38)
            button.clicked.connect(lambda *_, w=what: self.desk.open_requested.emit(w))
            row.addWidget(button, 1)
        return row

    def _on_settings(self, settings: Settings) -> None:
        if settings.recent == self._recent and self.recent.count():
            return
        self._recent = settings.recent
        self.recent.clear()
        for path in self._recent[:SHOWN]:
            row = QListWidgetItem(path.name)
            row.setData(Role.NOTE, str(path.parent))
            row.setData(Role.ICON, "clock:faint")
            row.setData(Role.VALUE, path)
            row.setToolTip(f"Open {path}")
            self.recent.addItem(row)
        shown = self.recent.count()
        self.recent.setFixedHeight(shown * HEIGHT + 4)
        self.recent.setVisible(shown > 0)
        self.recent_title.setVisible(shown > 0)

    def _open_recent(self, row: QListWidgetItem) -> None:
        self.desk.path_requested.emit(row.data(Role.VALUE))

    def _on_task(self, task: TaskInfo) -> None:
        """Opening may take a moment, writing a demo drive a few seconds: show what goes on."""
        going = task.state in ("queued", "running")
        if going:
            self._task = task.id
            self.progress.show_task(task)
        if task.id == self._task:
            self.progress.setVisible(going)

    def _cancel(self) -> None:
        self.desk.session.cancel_task(self._task)

    def close_page(self) -> None:
        """Let go of the session."""
        self.stop_listening()


def brand_icon() -> QPixmap:
    """The program's own icon."""
    return icons.pixmap("lidarscope", "#58c4ff", 64, 2)
