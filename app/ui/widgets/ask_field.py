"""The search field: every key asks at once, Enter begins another prompt beside the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from app.ui import icons, theme
from app.ui.widgets.common import keeps_escape

ASK, ANOTHER = "Type what to look for: red car", "Another prompt beside it …"


@dataclass(frozen=True)
class AskCalls:
    """``typed(words, new)``: with every key; ``new``: they begin another prompt. ``left()``: the focus has gone."""

    typed: Callable[[str, bool], None]
    left: Callable[[], None]
    step: Callable[[int], None]


class AskField(QLineEdit):
    """Shows the words of the active prompt. Up and down choose another one, Escape gives the keys back."""

    def __init__(self, calls: AskCalls) -> None:
        super().__init__()
        self._calls = calls
        self.another = False
        """Whether the next key begins another prompt."""
        self.setObjectName("AskField")
        self.setFont(theme.font(15))
        self.setFixedHeight(38)
        self.setPlaceholderText(ASK)
        self.setAccessibleName("What to look for")
        self.setToolTip("Points light up as you type; Enter begins another prompt (Ctrl+F or /)")
        self.setClearButtonEnabled(True)
        self._glass = self.addAction(icons.icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        icons.bind(self._glass, "search", "faint")
        self.textEdited.connect(self._edited)

    def sizeHint(self) -> QSize:
        """As wide as the panel lets it be."""
        return QSize(200, 38)

    def show_words(self, words: str, *, any_prompt: bool) -> None:
        """The words of the active prompt; what is being typed anew is left alone."""
        if self.another and self.hasFocus():
            return
        self.another = False
        self.setPlaceholderText(ASK if not any_prompt else ANOTHER)
        if words != self.text():
            self.setText(words)

    def event(self, event: QEvent) -> bool:
        """Escape is the field's own while it has the focus."""
        return keeps_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, Escape, up and down; all other keys are text."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._begin_another()
            case Qt.Key.Key_Escape:
                self.clearFocus()
            case Qt.Key.Key_Up:
                self._calls.step(-1)
            case Qt.Key.Key_Down:
                self._calls.step(1)
            case _:
                super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was begun and not typed is forgotten."""
        super().focusOutEvent(event)
        self.another = False
        self._calls.left()

    def _begin_another(self) -> None:
        if self.text().strip():
            self.another = True
            self.setPlaceholderText(ANOTHER)
            self.clear()

    def _edited(self, words: str) -> None:
        new, self.another = self.another, False
        self._calls.typed(words, new)
