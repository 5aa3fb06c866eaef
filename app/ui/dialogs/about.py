"""Version, libraries and licence."""

from __future__ import annotations

import platform
from importlib import metadata

from PySide6.QtCore import Qt
from PySide6.QtSvgWidgets import QSvgWidget
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.header import device
from app.ui.widgets.common import hint

LIBRARIES = ("PySide6-Essentials", "open3d", "open3d-cpu", "numpy", "numba", "torch", "pyqtgraph")


class About(QDialog):
    """What one needs to know to report a fault."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About LidarScope")
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 24, 26, 18)
        column.setSpacing(14)
        head = QHBoxLayout()
        head.setSpacing(14)
        mark = QSvgWidget(str(theme.ICONS / "lidarscope.svg"))
        mark.setFixedSize(52, 52)
        words = QVBoxLayout()
        title = QLabel("LidarScope")
        title.setFont(theme.font(20, bold=True))
        words.addWidget(title)
        words.addWidget(hint("A workbench for research on 3D perception with LiDAR drives. MIT licence."))
        head.addWidget(mark)
        head.addLayout(words, 1)
        column.addLayout(head)
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        for name, value in versions():
            label = QLabel(value)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setObjectName("Soft")
            form.addRow(name, label)
        column.addLayout(form)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.setMinimumWidth(420)


def versions() -> list[tuple[str, str]]:
    """Names and versions of what this runs on; libraries that are not installed are left out."""
    found = [("Python", platform.python_version()), ("System", platform.platform(terse=True)), ("Device", device())]
    for name in LIBRARIES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found
