"""A name with a widget beside it, aligned with the rows of numbers; titles and choices of such columns."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.ui import theme
from app.ui.widgets.common import heading
from app.ui.widgets.parameter_row import NAME_WIDTH, RESET
from app.ui.widgets.segments import Segments, Value

GAP = 6


class NamedRow(QWidget):
    """``title`` is the label, ``part`` the widget."""

    def __init__(self, name: str, part: QWidget, tip: str = "", *, inset: bool = True) -> None:
        super().__init__()
        self.title, self.part = QLabel(name), part
        self.title.setObjectName("Soft")
        self.title.setFixedWidth(NAME_WIDTH)
        part.setFont(theme.font(12))
        part.setMinimumWidth(40)
        part.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, RESET + GAP if inset else 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.title)
        row.addWidget(part, 1)
        self.setToolTip(tip)


def title(words: str, top: int = 8) -> QLabel:
    """The heading of a part of a panel."""
    label = heading(words)
    label.setContentsMargins(0, top, 0, 2)
    return label


def combo(choices: Sequence[tuple[str, str, str]] = ()) -> QComboBox:
    """A combo box that never widens its panel. ``choices``: value, words, tooltip."""
    box = QComboBox()
    box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    box.setMinimumContentsLength(6)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for value, words, tip in choices:
        box.addItem(words, value)
        box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    return box


def button(words: str, tip: str) -> QPushButton:
    """A small button that takes no focus."""
    made = QPushButton(words)
    made.setFont(theme.font(12))
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setStyleSheet("padding: 3px 8px")
    made.setToolTip(tip)
    return made


def wide(segments: Segments[Value], padding: int = 4) -> Segments[Value]:
    """As wide as there is room."""
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    segments.setSizePolicy(policy)
    for one in segments.buttons.values():
        one.setSizePolicy(policy)
        one.setStyleSheet(f"padding: 2px {padding}px")
    return segments
