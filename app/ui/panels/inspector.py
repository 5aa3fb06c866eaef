"""Panel: everything known of the picked point."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QHBoxLayout, QListWidget, QListWidgetItem

from app.core.state import FrameState
from app.ui import text
from app.ui.desk import Desk
from app.ui.hover_text import describe
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import ElidedLabel, hint, tool_button
from app.ui.widgets.rows import Role, RowDelegate

EMPTY = "Click a point to see every value known of it."


class InspectorPanel(Panel):
    """Rows of name and value; a double click copies one value, the button all of them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 2, 0, 4)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 8, 0)
        head.setSpacing(2)
        self.title = ElidedLabel()
        self.title.setObjectName("Soft")
        self.copy = tool_button("copy", "Copy all values (Ctrl+C)", self.copy_all)
        self.look = tool_button("target", "Look at this point", self._look)
        self.clear = tool_button("close", "Let go of the point (Esc)", lambda: self.session.pick(None))
        head.addWidget(self.title, 1)
        for button in (self.look, self.copy, self.clear):
            head.addWidget(button)
        self.column.addLayout(head)
        self.list = QListWidget()
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Values of the picked point")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemDoubleClicked.connect(self._copy_one)
        self.empty = hint(EMPTY, inset=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addWidget(self.empty)
        self.column.addWidget(self.list, 1)
        self.column.addStretch(0)
        self.listen(self.session.picked_changed, lambda _row: self._show())
        self.listen(self.session.frame_changed, self._on_frame)
        self.listen(self.session.facts_changed, lambda _row: self._show())
        self.listen(self.session.view_changed, lambda _name: self._show())
        self.listen(self.session.selection_changed, lambda _rows: self._show())
        self._show()

    def rows(self) -> list[tuple[str, str]]:
        """What is shown, for copying."""
        return [
            (self.list.item(i).text(), str(self.list.item(i).data(Role.NOTE))) for i in range(self.list.count())
        ]

    def copy_all(self) -> None:
        """Put every row on the clipboard, name and value apart by a tab."""
        QApplication.clipboard().setText("\n".join(f"{name}\t{value}" for name, value in self.rows()))

    def _on_frame(self, _state: FrameState) -> None:
        self._show()

    def _show(self) -> None:
        row, state = self.session.picked, self.session.frame_state
        picked = row is not None and state is not None and row < len(state.cloud.points)
        selected = len(self.session.selection)
        self.list.setVisible(picked)
        for button in (self.copy, self.clear, self.look):
            button.setVisible(picked)
        self.empty.setVisible(not picked)
        self.empty.setText(EMPTY if not selected else f"{text.plural(selected, 'point')} selected. {EMPTY}")
        self.title.setText("")
        self.list.clear()
        if picked and row is not None:
            _lines, color = describe(self.session, row)
            origins = {fact.name: fact.origin for fact in self.session.facts}
            for name, value in self.session.inspect(row):
                if name == "Point":
                    self.title.setText(f"Point {text.typeset(value)}")
                else:
                    self._add(name, text.typeset(value), color if name == "Class" else None, origins.get(name, ""))
            if selected:
                self._add("Selected points", text.count(selected))

    def _add(self, name: str, value: str, color: tuple[int, int, int] | None = None, origin: str = "") -> None:
        """A row; its tooltip says where the value came from, where a method knows it."""
        item = QListWidgetItem(name)
        item.setData(Role.NOTE, value)
        item.setToolTip(f"{name}: {value}" + (f"\n{origin}" if origin else ""))
        if color is not None:
            item.setData(Role.SWATCH, QColor(*color))
        self.list.addItem(item)

    def _copy_one(self, item: QListWidgetItem) -> None:
        QApplication.clipboard().setText(str(item.data(Role.NOTE)))

    def _look(self) -> None:
        if self.session.picked is not None:
            self.desk.focus_requested.emit(self.session.picked)


ENTRY = PanelInfo("Inspector", "right", 10, InspectorPanel, share=330)
