"""Save the played range of the active view as MP4 or as numbered pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import UsageError
from app.ui import text
from app.ui.desk import Desk
from app.ui.dialogs.save_picture import SIZES
from app.ui.recorder import Recorder, Recording

if TYPE_CHECKING:
    from app.ui.viewport_area import ViewportArea

KINDS = (("MP4 film", "film"), ("Numbered PNG pictures", "pictures"))


class SavePlayback(QDialog):
    """Range, size, rate and kind first, then where; the task panel shows how far it is."""

    def __init__(self, parent: QWidget, desk: Desk, area: ViewportArea) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save playback")
        self._desk, self._area = desk, area
        playback = desk.session.playback
        sequence = desk.session.sequence
        last = max(sequence.frames - 1, 0) if sequence is not None else 0
        self.kind = QComboBox()
        for label, value in KINDS:
            self.kind.addItem(label, value)
        self.first, self.last = _number(0, last, playback.first), _number(0, last, playback.last)
        self.size_box = QComboBox()
        view = area.views[desk.active]
        for label, width, height in SIZES:
            self.size_box.addItem(label, (width or view.width(), height or view.height()))
        self.size_box.setCurrentIndex(1)
        self.rate = QDoubleSpinBox()
        self.rate.setRange(0.5, 60)
        self.rate.setDecimals(1)
        self.rate.setSuffix(" a second")
        self.rate.setValue(playback.rate * playback.speed)
        self.summary = QLabel()
        self.summary.setObjectName("Soft")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        for label, field in (
            ("As", self.kind),
            ("First frame", self.first),
            ("Last frame", self.last),
            ("Size", self.size_box),
            ("Pictures", self.rate),
        ):
            form.addRow(label, field)
        column.addLayout(form)
        column.addWidget(self.summary)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self._save = buttons.button(QDialogButtonBox.StandardButton.Save)
        buttons.accepted.connect(self._ask_where)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        for spin in (self.first, self.last, self.rate):
            spin.valueChanged.connect(self._summarise)
        self.kind.activated.connect(self._summarise)
        self._summarise()

    def _summarise(self) -> None:
        frames = self.last.value() - self.first.value() + 1
        film = self.kind.currentData() == "film"
        self.rate.setEnabled(film)
        self._save.setEnabled(frames > 0)
        if frames <= 0:
            self.summary.setText("The last frame comes before the first.")
        elif film:
            length = text.seconds(frames / self.rate.value())
            self.summary.setText(f"{text.plural(frames, 'frame')}, a film of {length}")
        else:
            self.summary.setText(text.plural(frames, "picture"))

    def _ask_where(self) -> None:
        sequence = self._desk.session.sequence
        name = f"{sequence.name}_{self._desk.view.layer}" if sequence is not None else "playback"
        film = self.kind.currentData() == "film"
        dialog = QFileDialog(self, "Save playback")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        if film:
            dialog.setNameFilter("MP4 (*.mp4)")
            dialog.setDefaultSuffix("mp4")
        else:
            dialog.setNameFilter("Folder of pictures (*)")
        dialog.selectFile(f"{name}.mp4" if film else name)
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.open()

    def save(self, path: Path) -> Recorder | None:
        """Begin; the recorder reports to the task panel and can be cancelled there. None for a bad name."""
        plan = Recording(
            self.first.value(), self.last.value(), self.size_box.currentData(), self.rate.value(), path
        )
        try:
            recorder = self._area.record(plan)
        except UsageError as error:
            self._desk.session.log_line(str(error), "error")
            return None
        self.accept()
        return recorder


def _number(low: int, high: int, value: int) -> QSpinBox:
    field = QSpinBox()
    field.setRange(low, high)
    field.setValue(value)
    return field
