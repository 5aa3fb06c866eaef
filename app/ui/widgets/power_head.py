"""The head of a panel that switches something on: what is there now, the switch, and what stands in its way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.widgets.common import ElidedLabel, hint
from app.ui.widgets.named_row import button


class PowerHead(QWidget):
    """``told``: a line about what is there; ``power``: the switch, which calls ``toggle``."""

    def __init__(self, words: str, tip: str, toggle: Callable[[], object]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.told = ElidedLabel()
        self.told.setObjectName("Soft")
        self.power = QToolButton()
        self.power.setText(words)
        self.power.setCheckable(True)
        self.power.setFont(theme.font(12))
        self.power.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.power.setToolTip(tip)
        self.power.clicked.connect(lambda _on: toggle())
        row.addWidget(self.told, 1)
        row.addWidget(self.power)


class Obstacle(QWidget):
    """``problem``: why nothing shows, one sentence; ``offer``: a button that does what would help."""

    def __init__(self, help_out: Callable[[], object]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        self.problem = hint("")
        self.problem.setObjectName("Error")
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.offer = button("", "What helps here")
        self.offer.clicked.connect(lambda *_: help_out())
        column.addWidget(self.problem)
        column.addWidget(self.offer, 0, Qt.AlignmentFlag.AlignLeft)

    def show_problem(self, sentence: str, offer: str = "") -> None:
        """Show these, and nothing at all where both are ""."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.offer.setText(offer)
        self.offer.setVisible(bool(offer))
        self.setVisible(bool(sentence or offer))
