"""What is missing or odd in the shown frame, in one line over the view; all of it on hover and on a click."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QMenu, QToolButton, QWidget

from app.ui import icons, theme
from app.ui.text import shortened


class NotesChip(QToolButton):
    """Hidden for a frame that is as it should be."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("ViewChip")
        self.setFont(theme.font(12))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(14, 14))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        icons.bind(self, "warning", "warning")
        self.clicked.connect(self._show_all)
        self._notes: tuple[str, ...] = ()
        self.hide()

    def show_notes(self, notes: tuple[str, ...], folder: Path | None, room: int) -> None:
        """Show these sentences in at most ``room`` pixels; paths below ``folder`` are shortened."""
        self._notes = notes
        self.setVisible(bool(notes))
        if not notes:
            return
        more = f" (+{len(notes) - 1})" if len(notes) > 1 else ""
        metrics = QFontMetrics(self.font())
        width = max(room - metrics.horizontalAdvance(more) - 60, 40)
        first = shortened(notes[0], folder)
        self.setText(metrics.elidedText(first, Qt.TextElideMode.ElideRight, width) + more)
        self.setToolTip("\n".join(notes))
        self.setAccessibleName("; ".join(notes))
        self.adjustSize()

    def _show_all(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for note in self._notes:
            menu.addAction(note).setEnabled(False)
        menu.addSeparator()
        notes = "\n".join(self._notes)
        menu.addAction("Copy").triggered.connect(lambda: QApplication.clipboard().setText(notes))
        menu.popup(self.mapToGlobal(self.rect().topLeft()))
