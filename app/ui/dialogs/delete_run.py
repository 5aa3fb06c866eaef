"""Asks before a training run is deleted: nothing brings it back."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from app.core.session import Session


def ask_delete(parent: QWidget, session: Session, path: Path) -> QMessageBox:
    """Ask, without holding up the window, and delete the run where the answer is yes."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("Delete a run")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setText(f"Delete {path.name} with its checkpoints, curves and notes?")
    box.setInformativeText(f"{path} is removed for good.")
    yes = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton("Keep it", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    yes.clicked.connect(lambda *_: session.training.delete(path))
    box.open()
    return box
