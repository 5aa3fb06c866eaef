"""The CLIP that reads the words: its name, what it knows, and a way to another one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.session_language import SessionLanguage
from app.ui import theme
from app.ui.query_words import DEMO, clip_rows
from app.ui.widgets.common import ElidedLabel, heading, hint, tool_button
from app.ui.widgets.value_rows import ValueRows

NONE = "No CLIP is chosen. It is the network that puts words and pictures into one space: nothing is found without."


class ClipCard(QWidget):
    """``choose()`` opens the dialog; what is shown is read from the session's language."""

    def __init__(self, language: SessionLanguage, choose: Callable[[], None]) -> None:
        super().__init__()
        self._language = language
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(4)
        column.addWidget(heading("CLIP"))
        row = QHBoxLayout()
        row.setSpacing(4)
        self.name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.name.setFont(theme.font(14, bold=True))
        self.name.setFixedHeight(26)
        self.other = tool_button("chevron_down", "Choose another CLIP", choose)
        row.addWidget(self.name, 1)
        row.addWidget(self.other)
        column.addLayout(row)
        self.problem = hint("")
        self.problem.setObjectName("Error")
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said = hint("")
        self.rows = ValueRows("CLIP")
        self.button = QPushButton("Choose a CLIP…")
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.clicked.connect(lambda *_: choose())
        for part in (self.problem, self.said, self.rows):
            column.addWidget(part)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)

    def refresh(self) -> None:
        """Show what is chosen, being read, or wrong."""
        language = self._language
        source, reading, info = language.clip, language.reading_clip, language.clip_info
        title = info.title if info is not None else source.title if source is not None else "No CLIP"
        self.name.setText(title)
        self.problem.setText(language.clip_problem)
        self.problem.setVisible(bool(language.clip_problem))
        words = NONE if source is None else "\n".join(info.notes) if info is not None else ""
        if reading is not None:
            words = f"Reading {reading.title} …"
        elif language.demo_clip:
            words = DEMO
        self.said.setText(words)
        self.said.setVisible(bool(words))
        self.rows.show_rows(clip_rows(language))
        self.rows.setVisible(info is not None)
        self.button.setVisible(source is None or language.demo_clip)
