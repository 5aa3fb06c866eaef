"""Raw .bin scans say nothing about their columns: this form asks, and nothing is ever guessed."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core import saved
from app.core.session import Session
from app.core.settings import SavedOptions
from app.ui import text
from app.ui.widgets.common import hint

COMMON = (
    ("KITTI: x y z intensity", "x y z intensity"),
    ("nuScenes: x y z intensity ring", "x y z intensity ring"),
    ("Positions only: x y z", "x y z"),
    ("My own …", ""),
)
BYTES = 4


class Columns(QDialog):
    """A path and the names of its float32 columns, in order."""

    def __init__(self, parent: QWidget, session: Session, path: Path | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open raw .bin scans")
        self.setMinimumWidth(540)
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(hint("A .bin file is a run of float32 numbers. State what they are, in order."))
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(9)
        self.path = QLineEdit(str(path) if path is not None else "")
        self.path.setPlaceholderText("A .bin file, or a folder of them")
        form.addRow("Scans", self._with_buttons())
        self.usual = QComboBox()
        for label, names in COMMON:
            self.usual.addItem(label, names)
        form.addRow("Usual columns", self.usual)
        self.names = QLineEdit(COMMON[0][1])
        form.addRow("Columns", self.names)
        column.addLayout(form)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setObjectName("Soft")
        column.addWidget(self.verdict)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self._open)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        self.usual.activated.connect(lambda _i: self.names.setText(self.usual.currentData() or self.names.text()))
        self.names.textChanged.connect(self._check)
        self.path.textChanged.connect(self._check)
        self._check()

    def columns(self) -> tuple[str, ...]:
        """The stated names."""
        return tuple(self.names.text().replace(",", " ").split())

    def _with_buttons(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.path, 1)
        for label, mode in (
            ("File…", QFileDialog.FileMode.ExistingFile),
            ("Folder…", QFileDialog.FileMode.Directory),
        ):
            button = QPushButton(label)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _on=False, m=mode: self._choose(m))
            row.addWidget(button)
        return holder

    def _choose(self, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, "Raw scans")
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()

    def _check(self) -> None:
        """Say at once whether the stated columns fit the file's size."""
        problem, good = verdict(self.path.text(), self.columns())
        self.verdict.setText(problem)
        self.verdict.setObjectName("Soft" if good else "Warning")
        self.verdict.style().polish(self.verdict)
        self.buttons.button(QDialogButtonBox.StandardButton.Open).setEnabled(good and bool(self.path.text()))

    def _open(self) -> None:
        options = saved.open_options(SavedOptions(columns=self.columns()))
        self._session.open(Path(self.path.text()).expanduser(), options)
        self.accept()


def verdict(path: str, columns: tuple[str, ...]) -> tuple[str, bool]:
    """One sentence on whether a file can hold such records, and whether it may be opened so."""
    missing = [name for name in ("x", "y", "z") if name not in columns]
    if missing:
        return f"The columns need {', '.join(missing)}.", False
    if len(set(columns)) != len(columns):
        return "A column is named twice.", False
    if not path:
        return "", True
    try:
        size = os.stat(Path(path).expanduser()).st_size if Path(path).expanduser().is_file() else None  # noqa: PTH116
    except OSError as error:
        return f"The file cannot be looked at ({error.strerror}).", False
    if size is None:
        exists = Path(path).expanduser().is_dir()
        return ("", True) if exists else ("There is no such file or folder.", False)
    record = BYTES * len(columns)
    if size % record:
        return f"{text.count(size)} bytes are no multiple of {len(columns)} columns × {BYTES} bytes.", False
    return f"{text.plural(size // record, 'point')} of {len(columns)} columns.", True
