"""Save the active view as a picture of any size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import DataError
from app.core.files import write_atomically
from app.ui.desk import Desk
from app.ui.markers import MarkerLayer

if TYPE_CHECKING:
    from app.ui.viewport_area import ViewportArea

LARGEST = 8192
SIZES = (
    ("As on the screen", 0, 0),
    ("1280 × 800", 1280, 800),
    ("1920 × 1080", 1920, 1080),
    ("3840 × 2160", 3840, 2160),
    ("Square 2048", 2048, 2048),
)


class SavePicture(QDialog):
    """Size first, then where; the view is drawn once more at that size, at full detail."""

    def __init__(self, parent: QWidget, desk: Desk, area: ViewportArea) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save picture")
        self._desk, self._area = desk, area
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        self.size_box = QComboBox()
        for label, width, height in SIZES:
            self.size_box.addItem(label, (width, height))
        self.wide, self.high = _pixels(), _pixels()
        self.marked = QCheckBox("Mark the picked point")
        self.marked.setEnabled(desk.session.picked is not None)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.addRow("Size", self.size_box)
        form.addRow("Width", self.wide)
        form.addRow("Height", self.high)
        form.addRow("", self.marked)
        column.addLayout(form)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._ask_where)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.size_box.activated.connect(lambda _i: self._take_size())
        self._take_size()

    def _take_size(self) -> None:
        width, height = self.size_box.currentData()
        view = self._area.views[self._desk.active]
        self.wide.setValue(width or view.width())
        self.high.setValue(height or view.height())

    def _ask_where(self) -> None:
        state = self._desk.session.frame_state
        name = f"{state.frame.name}_{self._desk.view.layer}.png" if state is not None else "view.png"
        dialog = QFileDialog(self, "Save picture", name, "PNG (*.png);;JPEG (*.jpg)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.open()

    def save(self, path: Path) -> None:
        """Draw and write; the log says when it is done or why not."""
        size = (self.wide.value(), self.high.value())
        frame = self._area.views[self._desk.active]
        marks = frame.marks if self.marked.isChecked() else None
        session = self._desk.session

        def done(image: np.ndarray) -> None:
            try:
                write_atomically(path, encoded(image, path.suffix, marks))
            except DataError as error:
                session.log_line(str(error), "error")
            else:
                session.log_line(f"Saved {path} ({size[0]} × {size[1]}).")

        frame.viewport.snapshot(*size, done)
        self.accept()


def encoded(image: np.ndarray, suffix: str, marks: MarkerLayer | None = None) -> bytes:
    """(h, w, 3) uint8 as the bytes of a PNG or JPEG; ``DataError`` for another ending."""
    kind = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}.get(suffix.lower())
    if kind is None:
        raise DataError(f"Pictures end in .png or .jpg, not in '{suffix}'; choose such a name.")
    pixels = np.ascontiguousarray(image)
    height, width = pixels.shape[:2]
    picture = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    if marks is not None:
        picture = picture.copy()
        painter = QPainter(picture)
        marks.paint_on(painter, (width, height), max(height / 800, 1.0))
        painter.end()
    store = QByteArray()
    buffer = QBuffer(store)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, kind, 95)  # type: ignore[call-overload]
    buffer.close()
    return bytes(store.data())


def _pixels() -> QSpinBox:
    field = QSpinBox()
    field.setRange(64, LARGEST)
    field.setSuffix(" px")
    field.setFixedWidth(120)
    return field
