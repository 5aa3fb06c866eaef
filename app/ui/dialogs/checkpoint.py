"""Choosing a checkpoint file or the folder of a training run, beside the window, which goes on meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

if TYPE_CHECKING:
    from app.core.session import Session
    from app.ui.desk import Desk

FILES = ["Checkpoints (*.safetensors *.pt *.pth *.ckpt)", "All files (*)"]


def ask_checkpoint(parent: QWidget, desk: Desk) -> None:
    """Let the user choose a file; the network predicts with it from then on."""
    dialog = _dialog(parent, desk, "Choose a checkpoint")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters(FILES)
    dialog.show()


def ask_run(parent: QWidget, desk: Desk) -> None:
    """Let the user choose the folder of a training run, which means its best checkpoint."""
    dialog = _dialog(parent, desk, "Choose the folder of a training run")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.show()


def ask_distilled(parent: QWidget, session: Session) -> None:
    """Let the user choose the checkpoint of a network that was taught a CLIP's features."""
    dialog = QFileDialog(parent, "Choose a network that was taught CLIP's features")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters(FILES)
    dialog.fileSelected.connect(lambda name: session.language.set_network(Path(name)))
    dialog.show()


def _dialog(parent: QWidget, desk: Desk, title: str) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    known = desk.models.wanted
    if known is not None:
        dialog.setDirectory(str(known.checkpoint.parent))
    dialog.fileSelected.connect(lambda name: desk.models.use(Path(name)))
    return dialog
