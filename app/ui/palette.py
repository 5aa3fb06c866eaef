"""The command palette: every action, layer, sequence, recent drive and frame, found by a few letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout

from app.core.layers import colormaps
from app.core.layers.base import Kind
from app.ui import fuzzy, theme
from app.ui.actions import ACTIONS
from app.ui.widgets.rows import HEIGHT, Role, RowDelegate

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

WIDTH = 560
TOP = 52
SHOWN = 12
FRAME = re.compile(r"^(?:go\s*(?:to)?\s*|frame\s*|:)?(\d+)$", re.IGNORECASE)
"""``120``, ``go to 120``, ``frame 120`` and ``:120`` all mean the frame."""


@dataclass(frozen=True)
class Entry:
    """One line: what it is, of which kind, its keys, what it does, and whether that can be done now."""

    name: str
    kind: str
    run: Callable[[], object]
    keys: str = ""
    enabled: bool = True


def entries(window: MainWindow) -> list[Entry]:
    """Everything the palette offers, as things stand."""
    return [*_actions(window), *_layers(window), *_places(window), *_colormaps(window)]


def matching(found: list[Entry], query: str) -> list[Entry]:
    """The entries that answer a query, best first; what cannot be done now comes last."""
    scored = []
    for place, entry in enumerate(found):
        value = fuzzy.score(query, entry.name)
        other = fuzzy.score(query, f"{entry.kind} {entry.name}")
        best = max((v for v in (value, None if other is None else other - 2) if v is not None), default=None)
        if best is not None:
            scored.append((not entry.enabled, -best, place, entry))
    return [entry for *_rest, entry in sorted(scored, key=lambda item: item[:3])]


def frame_of(query: str, frames: int) -> int | None:
    """The frame a query names, kept inside the sequence; None if it names none."""
    found = FRAME.match(query.strip())
    return min(int(found.group(1)), frames - 1) if found and frames else None


class Palette(QFrame):
    """A field and a list over the window; Escape, a click elsewhere or a choice closes it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setObjectName("Palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._window = window
        sequence = window.session.sequence
        self._frames = sequence.frames if sequence is not None else 0
        self._entries = entries(window)
        self._shown: list[Entry] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        self.field = QLineEdit()
        self.field.setFont(theme.font(15))
        self.field.setPlaceholderText("Action, layer, sequence, recent drive, or a frame number")
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setItemDelegate(RowDelegate(self.list, lead_width=92))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda _row: self.run_current())
        self.nothing = QLabel("Nothing is called that.")
        self.nothing.setObjectName("Hint")
        self.nothing.setContentsMargins(8, 2, 8, 4)
        for part in (self.field, self.list, self.nothing):
            column.addWidget(part)
        self.setFixedWidth(WIDTH)
        self._search("")

    def open_at(self, window: MainWindow) -> None:
        """Show the palette in the upper middle of the window."""
        self.adjustSize()
        self.move((window.width() - self.width()) // 2, TOP)
        self.show()
        self.raise_()
        self.field.setFocus()

    def _search(self, query: str) -> None:
        self._shown = matching(self._entries, query)
        frame = frame_of(query, self._frames)
        if frame is not None:
            go = Entry(f"Go to frame {frame}", "Frame", partial(self._window.session.go_to, frame))
            self._shown.insert(0, go)
        self.list.clear()
        for entry in self._shown:
            row = QListWidgetItem(entry.name)
            row.setData(Role.LEAD, entry.kind)
            row.setData(Role.NOTE, entry.keys)
            row.setData(Role.DIM, not entry.enabled)
            self.list.addItem(row)
        self.list.setCurrentRow(0)
        self.list.setFixedHeight(min(max(len(self._shown), 1), SHOWN) * HEIGHT + 4)
        self.list.setVisible(bool(self._shown))
        self.nothing.setVisible(not self._shown)
        self.adjustSize()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up, down and Enter in the field move through the list; without the focus the palette goes."""
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            QTimer.singleShot(0, self, self._close_unless_focused)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: SHOWN, Qt.Key.Key_PageUp: -SHOWN}
            key = Qt.Key(event.key())
            if key in steps:
                row = self.list.currentRow() + steps[key]
                self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.run_current()
                return True
            if key == Qt.Key.Key_Escape:
                self.close()
                return True
        return False

    def _close_unless_focused(self) -> None:
        if not self.field.hasFocus():
            self.close()

    def run_current(self) -> None:
        """Do what the marked line says; a line that cannot be done now stays where it is."""
        row = self.list.currentRow()
        if 0 <= row < len(self._shown) and self._shown[row].enabled:
            entry = self._shown[row]
            self.close()
            entry.run()


def _actions(window: MainWindow) -> list[Entry]:
    found = []
    for info in ACTIONS:
        action = window.menus.actions[info.name]
        own = info.name == "window.palette" or info.needs.startswith("layer.")  # layers have entries of their own
        if own or not action.isVisible():
            continue
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        kind = info.menu.rpartition("/")[2]
        found.append(Entry(action.text().rstrip("…"), kind, action.trigger, keys, action.isEnabled()))
    for name, dock in window.docks.all.items():
        toggle = dock.toggleViewAction()
        usable = window.session.drive is not None
        found.append(Entry(f"Panel: {dock.info.title}", "Window", toggle.trigger, "", usable and bool(name)))
    return found


def _layers(window: MainWindow) -> list[Entry]:
    session, view = window.session, window.desk.active
    if session.drive is None:
        return []
    return [
        Entry(layer.title, "Layer", partial(session.set_layer, layer.name, view), layer.key or "", layer.available)
        for layer in session.layers()
    ]


def _places(window: MainWindow) -> list[Entry]:
    session = window.session
    found = []
    if session.drive is not None:
        found += [
            Entry(entry.name, "Sequence", partial(session.select_sequence, entry.name))
            for entry in session.drive.sequences
        ]
    state = session.frame_state
    if state is not None:
        found += [
            Entry(f"Look through {camera.name}", "Camera", partial(window.desk.camera_requested.emit, camera.name))
            for camera in state.frame.cameras
        ]
    recent = session.settings.recent
    return found + [Entry(f"{p.parent.name}/{p.name}", "Recent", partial(window.open_path, p)) for p in recent]


def _colormaps(window: MainWindow) -> list[Entry]:
    session, view = window.session, window.desk.active
    data = session.layer_data(view)
    if data is None or data.kind is not Kind.SCALAR:
        return []
    layer = window.desk.view.shown_layer
    return [
        Entry(f"Colours: {name}", "Colours", partial(session.set_style, view, layer, colormap=name))
        for name in colormaps.NAMES
    ]
