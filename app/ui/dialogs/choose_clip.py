"""Choosing the CLIP that reads the words: the one that comes along, one of open_clip's by name, or a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import LidarScopeError
from app.core.language import choosing
from app.core.state import TaskInfo
from app.core.tasks.list_clips import NamedClip
from app.ui import fuzzy, text
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.query_words import DEMO
from app.ui.widgets.common import heading, hint
from app.ui.widgets.rows import Role, RowDelegate

FILES = ["CLIP weights (*.safetensors *.pt *.pth *.bin)", "All files (*)"]
BY_NAME = (
    "Weights that are not on this machine are downloaded once, which the task list shows and can cancel. What a "
    "licence allows is for you to read: “not stated” means that nobody says."
)
BY_FILE = (
    "A weights file (safetensors, open_clip's .pt), or the folder of an open_clip or Hugging Face CLIP. A bare "
    "file that does not tell its architecture needs its name, such as ViT-B-32."
)
SHOWN = 200
"""Rows of the list at most: who wants one of the others types a letter more."""


class ChooseClip(Listening, QDialog):
    """Beside the window, which goes on; it closes itself once the chosen CLIP can be used."""

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        super().__init__(parent)
        self.setWindowTitle("Choose a CLIP")
        self.resize(560, 600)
        self._desk = desk
        self._language = desk.asking.language
        self._named: tuple[NamedClip, ...] = ()
        self._asked = False
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(6)
        self._build_demo(column)
        self._build_named(column)
        self._build_file(column)
        self.state = hint("")
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.state)
        foot = QHBoxLayout()
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        foot.addStretch(1)
        foot.addWidget(close)
        column.addLayout(foot)
        self.listen(self._language.clip_changed, self._on_clip)
        self.listen(desk.session.task_changed, self._on_task)
        self.finished.connect(lambda _code: self.stop_listening())
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(button is self.use)
        self.use.setDefault(True)
        self._ask_names()
        self._show_state()

    # parts

    def _build_demo(self, column: QVBoxLayout) -> None:
        column.addWidget(heading("Built in"))
        row = QHBoxLayout()
        row.addWidget(hint(DEMO), 1)
        self.demo = QPushButton("Use the demo CLIP")
        self.demo.clicked.connect(lambda *_: self._choose(choosing.demo()))
        row.addWidget(self.demo, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)

    def _build_named(self, column: QVBoxLayout) -> None:
        title = heading("By name, from open_clip")
        title.setContentsMargins(0, 10, 0, 0)
        column.addWidget(title)
        column.addWidget(hint(BY_NAME))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Type a part of a name: ViT-B-32 laion")
        self.filter.setAccessibleName("Part of a name")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(lambda _words: self._fill())
        self.list = QListWidget()
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("CLIPs by name")
        self.list.itemActivated.connect(lambda _row: self._use_named())
        self.list.currentRowChanged.connect(lambda _row: self._show_buttons())
        self.use = QPushButton("Use this one")
        self.use.clicked.connect(lambda *_: self._use_named())
        row = QHBoxLayout()
        row.addWidget(self.filter, 1)
        row.addWidget(self.use)
        column.addLayout(row)
        column.addWidget(self.list, 1)

    def _build_file(self, column: QVBoxLayout) -> None:
        title = heading("A file of yours")
        title.setContentsMargins(0, 10, 0, 0)
        column.addWidget(title)
        column.addWidget(hint(BY_FILE))
        self.architecture = QLineEdit()
        self.architecture.setPlaceholderText("Architecture, if the file does not tell")
        self.architecture.setAccessibleName("Architecture")
        file, folder = QPushButton("File…"), QPushButton("Folder…")
        file.clicked.connect(lambda *_: self._ask_path(QFileDialog.FileMode.ExistingFile))
        folder.clicked.connect(lambda *_: self._ask_path(QFileDialog.FileMode.Directory))
        row = QHBoxLayout()
        row.addWidget(self.architecture, 1)
        row.addWidget(file)
        row.addWidget(folder)
        column.addLayout(row)

    # names

    def _ask_names(self) -> None:
        """The names come from the engine: importing open_clip takes seconds."""

        def came(found: tuple[NamedClip, ...]) -> None:
            self._named = found
            if self.isVisible():
                self._fill()

        def failed(error: LidarScopeError) -> None:
            if self.isVisible():
                self.list.clear()
                self.list.addItem(str(error))

        self._say_waiting()
        self._desk.session.run_task("list_clips", "Look up CLIPs", came, key="list_clips", on_error=failed)

    def _say_waiting(self) -> None:
        row = QListWidgetItem("The names are being looked up …")
        row.setData(Role.DIM, True)
        self.list.addItem(row)
        self._show_buttons()

    def _fill(self) -> None:
        """The names that answer the filter, best first."""
        if not self._named:
            return
        words = self.filter.text()
        scored = [(fuzzy.score(words, f"{one.model} {one.pretrained}"), one) for one in self._named]
        found = [(value, place, one) for place, (value, one) in enumerate(scored) if value is not None]
        found.sort(key=lambda item: (-item[0], item[1]))
        self.list.clear()
        for _value, _place, one in found[:SHOWN]:
            row = QListWidgetItem(f"{one.model} · {one.pretrained}")
            row.setData(Role.NOTE, one.licence or "not stated")
            row.setData(Role.VALUE, one)
            row.setToolTip(f"{one.model}, weights {one.pretrained}; licence {one.licence or 'not stated'}")
            self.list.addItem(row)
        if not found:
            row = QListWidgetItem("Nothing is called that.")
            row.setData(Role.DIM, True)
            self.list.addItem(row)
        self.list.setCurrentRow(0 if found and words else -1)
        self._show_buttons()

    def _show_buttons(self) -> None:
        self.use.setEnabled(self._chosen() is not None)

    def _chosen(self) -> NamedClip | None:
        row = self.list.currentItem()
        found = row.data(Role.VALUE) if row is not None else None
        return found if isinstance(found, NamedClip) else None

    # choosing

    def _use_named(self) -> None:
        one = self._chosen()
        if one is not None:
            self._choose(choosing.named(one.model, one.pretrained))

    def _ask_path(self, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, "Choose a CLIP")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        if mode is QFileDialog.FileMode.ExistingFile:
            dialog.setNameFilters(FILES)
        dialog.fileSelected.connect(self.use_path)
        dialog.show()

    def use_path(self, name: str) -> None:
        """Use a file or folder."""
        self._choose(choosing.from_path(Path(name), self.architecture.text().strip()))

    def _choose(self, source: choosing.ClipSource) -> None:
        self._asked = True
        self._language.set_clip(source)
        self._on_clip()

    def _on_clip(self) -> None:
        """It goes when what was asked for can be used; else it says why not, and stays."""
        language = self._language
        if (
            self._asked
            and language.reading_clip is None
            and not language.clip_problem
            and language.clip is not None
        ):
            self.close()
            return
        self._show_state()

    def _on_task(self, task: TaskInfo) -> None:
        reading = self._language.reading_clip
        if reading is not None and reading.title in task.title and task.state == "running":
            left = f", {text.seconds(task.remaining)} left" if task.remaining is not None else ""
            share = f" · {100 * task.done / task.total:.0f} %{left}" if task.total > 1 else ""
            self._say(f"{task.text or 'Reading'}{share} …", "Soft")

    def _show_state(self) -> None:
        language = self._language
        if language.reading_clip is not None:
            self._say(f"Reading {language.reading_clip.title} …", "Soft")
        elif language.clip_problem:
            self._say(language.clip_problem, "Error")
        else:
            self._say("", "Soft")

    def _say(self, words: str, name: str) -> None:
        self.state.setText(words)
        self.state.setVisible(bool(words))
        if self.state.objectName() != name:
            self.state.setObjectName(name)
            self.state.style().unpolish(self.state)
            self.state.style().polish(self.state)


def ask_clip(parent: QWidget, desk: Desk) -> None:
    """Open the dialog beside the window."""
    dialog = ChooseClip(parent, desk)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
