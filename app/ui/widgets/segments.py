"""A few choices side by side, one of which is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QToolButton

from app.ui import theme

Value = TypeVar("Value")


class Segments(QFrame, Generic[Value]):
    """``choices``: value, words, tooltip. ``chosen(value)`` is called when the user chooses."""

    def __init__(
        self, name: str, choices: tuple[tuple[Value, str, str], ...], chosen: Callable[[Value], None]
    ) -> None:
        super().__init__()
        self.setObjectName("Segments")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(1)
        self._group = QButtonGroup(self)
        self.buttons: dict[Value, QToolButton] = {}
        for value, words, tip in choices:
            button = QToolButton()
            button.setText(words)
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {words}")
            button.setFont(theme.font(12))
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setStyleSheet("padding: 2px 10px")
            button.clicked.connect(lambda _on, v=value: chosen(v))
            self._group.addButton(button)
            row.addWidget(button)
            self.buttons[value] = button

    def show_value(self, value: Value | None) -> None:
        """Mark a choice without calling anybody; None, or one that is not on offer, marks none."""
        self._group.setExclusive(False)
        for known, button in self.buttons.items():
            button.setChecked(known == value)
        self._group.setExclusive(True)
