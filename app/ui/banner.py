"""A calm line above the views for what the user should know now: one at a time, never a box in the way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.ui import icons, theme
from app.ui.widgets.common import tool_button

INFO_SECONDS = 9
OFFER_SECONDS = 30
"""A sentence with a button stays longer: one has to decide."""

ICONS = {"info": ("info", "accent"), "warning": ("warning", "warning"), "error": ("error", "error")}


class Banner(QWidget):
    """Hidden until something is said; information goes by itself, errors wait to be read."""

    def __init__(self) -> None:
        super().__init__()
        self._plate = QFrame()
        self._plate.setObjectName("Banner")
        around = QHBoxLayout(self)
        around.setContentsMargins(8, 7, 8, 7)
        around.addWidget(self._plate)
        row = QHBoxLayout(self._plate)
        row.setContentsMargins(12, 5, 6, 5)
        row.setSpacing(10)
        self._icon = QLabel()
        self._icon.setFixedWidth(18)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.action = QPushButton()
        self.action.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.action.clicked.connect(self._do)
        row.addWidget(self._icon)
        row.addWidget(self.label, 1)
        row.addWidget(self.action)
        row.addWidget(tool_button("close", "Dismiss (Esc)", self.hide))
        self._call: Callable[[], None] | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self._level = "info"
        self.hide()

    def say(
        self, sentence: str, level: str = "info", action: str = "", call: Callable[[], None] | None = None
    ) -> None:
        """Show a sentence; ``action`` is the text of a button that runs ``call``."""
        self._call, self._level = call, level
        self._plate.setProperty("level", level)
        self._plate.style().polish(self._plate)
        self.label.setText(sentence)
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.retheme()
        self.show()
        if level == "info":
            self._timer.start((OFFER_SECONDS if action else INFO_SECONDS) * 1000)
        else:
            self._timer.stop()

    @property
    def level(self) -> str:
        """How grave the sentence is that is shown, or was shown last."""
        return self._level

    def retheme(self) -> None:
        """Draw the icon in the theme's colours."""
        icon, role = ICONS[self._level]
        self._icon.setPixmap(icons.pixmap(icon, getattr(theme.current(), role), 18, self.devicePixelRatioF()))

    def stop(self) -> None:
        """End the timer."""
        self._timer.stop()

    def _do(self) -> None:
        self.hide()
        if self._call is not None:
            self._call()
