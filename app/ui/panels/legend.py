"""Panel: the classes that occur, with their colours, counts and a switch each."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QListWidget, QListWidgetItem

from app.core.labels import UNKNOWN
from app.core.layers.base import Kind, LayerData
from app.core.layers.coloring import LegendEntry, legend
from app.core.state import FrameState
from app.ui import text
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import hint
from app.ui.widgets.rows import Role, RowDelegate


class LegendPanel(Panel):
    """Click hides or shows a class, Shift-click isolates it (and again shows all)."""

    hint = "click hides · Shift-click isolates"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 2, 0, 4)
        self.list = QListWidget()
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Legend")
        self.list.itemClicked.connect(self._on_clicked)
        self.empty = hint("", inset=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addWidget(self.empty)
        self.column.addWidget(self.list, 1)
        self.column.addStretch(0)
        self._entries: list[LegendEntry] = []
        self._of: object = None
        session = self.session
        self.listen(session.frame_changed, lambda _state: self._refresh())
        self.listen(session.drive_changed, lambda _drive: self._refresh())
        self.listen(session.view_changed, lambda _name: self._refresh())
        self.listen(desk.active_changed, lambda _name: self._refresh())
        self._refresh()

    def _refresh(self) -> None:
        state, data = self.session.frame_state, self.session.layer_data(self.desk.active)
        if state is None or data is None or data.kind is not Kind.CLASS:
            self._entries, self._of = [], None
            self.list.clear()
            self.list.hide()
            self.empty.setText(self._why_empty(data))
            self.empty.show()
            return
        self.empty.hide()
        self.list.show()
        if data is not self._of:  # counting 120 000 labels once a frame, not at every switch
            self._of, self._entries = data, legend(data)
            self._fill(state)
        self._show_hidden()

    def _why_empty(self, data: LayerData | None) -> str:
        if self.session.drive is None or data is None:
            return ""
        return f"{data.title} has no classes. Class layers show their counts here."

    def _fill(self, state: FrameState) -> None:
        self.list.clear()
        for entry in self._entries:
            row = QListWidgetItem(entry.name)
            row.setData(Role.SWATCH, QColor(*entry.color))
            row.setData(Role.NOTE, text.count(entry.count))
            row.setData(Role.VALUE, entry.train_id)
            row.setToolTip(f"{entry.name}: {text.plural(entry.count, 'point')}")
            self.list.addItem(row)
            if entry.train_id == UNKNOWN:
                self._add_unknown(state)

    def _add_unknown(self, state: FrameState) -> None:
        """Every raw id that the label set does not list, by itself: none is folded into another class."""
        for raw, amount in sorted(state.unknown_labels.items()):
            row = QListWidgetItem(f"raw id {raw}")
            row.setData(Role.ICON, "warning:warning")
            row.setData(Role.NOTE, text.count(amount))
            row.setToolTip(f"The label map does not list raw id {raw}; {text.plural(amount, 'point')} carry it.")
            self.list.addItem(row)

    def _show_hidden(self) -> None:
        hidden = self.desk.view.style.hidden
        for i in range(self.list.count()):
            row = self.list.item(i)
            train_id = row.data(Role.VALUE)
            if train_id is not None:
                row.setData(Role.DIM, train_id in hidden)

    def _on_clicked(self, row: QListWidgetItem) -> None:
        train_id = row.data(Role.VALUE)
        if train_id is None:
            return
        view = self.desk.active
        if QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            others = {entry.train_id for entry in self._entries} - {train_id}
            if others and others <= self.desk.view.style.hidden:
                self.session.show_all_classes(view)
            else:
                self.session.isolate_class(train_id, view)
        else:
            self.session.toggle_class(train_id, view)


ENTRY = PanelInfo("Legend", "right", 20, LegendPanel, share=330)
