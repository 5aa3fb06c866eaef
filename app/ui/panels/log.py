"""Panel: what happened, line by line."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QListWidget, QListWidgetItem, QMenu

from app.core.state import LogLine
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.rows import Role, RowDelegate

KEPT = 2000
ICONS = {"warning": "warning:warning", "error": "error:error"}


class LogPanel(Panel):
    """Oldest on top; the last line stays in sight unless the user has scrolled away from it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 0, 0, 4)
        self.list = QListWidget()
        self.list.setItemDelegate(RowDelegate(self.list, lead_width=66))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Log")
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.column.addWidget(self.list)
        for line in self.session.log:
            self._add(line)
        self.listen(self.session.log_added, self._add)

    def _add(self, line: LogLine) -> None:
        bar = self.list.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        row = QListWidgetItem(line.text)
        row.setData(Role.LEAD, f"{line.time:%H:%M:%S}")
        row.setData(Role.ICON, ICONS.get(line.level, ""))
        row.setToolTip(line.text)
        self.list.addItem(row)
        if self.list.count() > KEPT:
            self.list.takeItem(0)
        if at_end:
            self.list.scrollToBottom()

    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy").triggered.connect(self._copy)
        menu.addAction("Select all").triggered.connect(self.list.selectAll)
        menu.popup(self.list.viewport().mapToGlobal(at))

    def _copy(self) -> None:
        rows = sorted(self.list.selectedItems(), key=self.list.row)
        QApplication.clipboard().setText("\n".join(f"{r.data(Role.LEAD)}  {r.text()}" for r in rows))


ENTRY = PanelInfo("Log", "bottom", 30, LogPanel, share=100)
