"""Every key and what it does, from the action table; the mouse's part is said first."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.actions import ACTIONS, MENUS
from app.ui.widgets.common import heading

MOUSE = (
    ("Left drag", "Turn the view; draw with the selection tools"),
    ("Right drag", "Move sideways"),
    ("Wheel", "Come nearer to what is under the pointer"),
    ("Double click", "Turn about this point"),
    ("Click", "Inspect the point"),
    ("Hover", "Show the point in all views and pictures"),
)


class Shortcuts(QDialog):
    """Two columns of groups, with a field to find a key or an action."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(860, 720)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a key or an action")
        self.search.textChanged.connect(self._filter)
        column.addWidget(self.search)
        self._rows: list[tuple[str, QWidget, QWidget]] = []
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setHorizontalSpacing(40)
        sides = (QVBoxLayout(), QVBoxLayout())
        for place, side in enumerate(sides):
            grid.addLayout(side, 0, place)
            grid.setColumnStretch(place, 1)
        groups = [("Mouse", list(MOUSE)), *((menu, keys_of(menu)) for menu in MENUS)]
        lengths = [0, 0]
        for title, rows in groups:
            if rows:
                shorter = lengths.index(min(lengths))
                sides[shorter].addWidget(self._group(title, rows))
                lengths[shorter] += len(rows) + 2
        for side in sides:
            side.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        column.addWidget(scroll, 1)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)

    def _group(self, title: str, rows: list[tuple[str, str]]) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 4, 0, 10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(0, 1)
        grid.addWidget(heading(title), 0, 0, 1, 2)
        for place, (keys, words) in enumerate(rows, start=1):
            left, right = QLabel(words), QLabel(keys)
            right.setObjectName("Soft")
            right.setFont(theme.font(12))
            right.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(left, place, 0)
            grid.addWidget(right, place, 1)
            self._rows.append((f"{keys} {words}".lower(), left, right))
        return holder

    def _filter(self, query: str) -> None:
        for text, *parts in self._rows:
            for part in parts:
                part.setVisible(query.lower() in text)


def keys_of(menu: str) -> list[tuple[str, str]]:
    """Keys and words of a menu's actions that have keys, submenus included."""
    rows = [("1 … 9", "Show a layer")] if menu == "Layers" else []
    for action in ACTIONS:
        if action.menu.partition("/")[0] == menu and action.shortcuts and not action.needs.startswith("layer."):
            keys = [QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in action.shortcuts]
            rows.append((" · ".join(keys), action.text.rstrip("…")))
    return rows
