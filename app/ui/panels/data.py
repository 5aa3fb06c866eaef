"""Panel: the opened drive, its sequences, what is broken or absent in it, and the recent drives."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QApplication, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from app.core.settings import Settings
from app.core.state import DriveInfo, SequenceInfo
from app.ui import text
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.rows import Role, RowDelegate

RECENT_SHOWN = 6


class DataPanel(Panel):
    """A tree of two parts: what is open, and what was open."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 2, 0, 4)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(True)
        self.tree.setIndentation(16)
        self.tree.setItemDelegate(RowDelegate(self.tree, inset=2))
        self.tree.setUniformRowHeights(True)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.setAccessibleName("Data")
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.tree.clicked.connect(self._on_clicked)
        self.tree.itemActivated.connect(self._activate)
        self.tree.customContextMenuRequested.connect(self._context_menu)
        self.column.addWidget(self.tree)
        self.listen(self.session.drive_changed, lambda _drive: self._fill())
        self.listen(self.session.sequence_changed, self._mark_current)
        self.listen(self.session.sequence_grown, lambda _s: self._fill())
        self.listen(self.session.settings_changed, self._on_settings)
        self._recent = self.session.settings.recent
        self._sequences: dict[str, QTreeWidgetItem] = {}
        self._fill()

    def _fill(self) -> None:
        self.tree.clear()
        self._sequences = {}
        drive = self.session.drive
        if drive is None:
            row = self._row(None, "No drive is open", dim=True)
            row.setFlags(Qt.ItemFlag.ItemIsEnabled)
        else:
            self._add_drive(drive)
        self._add_recent(drive.path if drive is not None else None)
        self._mark_current(self.session.sequence)

    def _add_drive(self, drive: DriveInfo) -> None:
        top = self._row(None, drive.path.name or str(drive.path), note=drive.title, icon="drive:soft", strong=True)
        top.setToolTip(0, str(drive.path))
        for sentence in drive.problems:
            self._problem(top, sentence)
        for entry in drive.sequences:
            self._add_sequence(top, entry)
        top.setExpanded(True)

    def _add_sequence(self, top: QTreeWidgetItem, entry: SequenceInfo) -> None:
        row = self._row(top, entry.name, note=text.plural(entry.frames, "frame"), value=("sequence", entry.name))
        self._sequences[entry.name] = row
        row.setToolTip(0, f"{entry.name}: {text.plural(entry.frames, 'frame')}, {entry.rate:g} Hz")
        for sentence in entry.problems:
            self._problem(row, sentence)
        for sentence in absences(entry):
            self._row(row, sentence, dim=True).setToolTip(0, sentence)

    def _problem(self, parent: QTreeWidgetItem, sentence: str) -> None:
        drive = self.session.drive
        row = self._row(
            parent, text.shortened(sentence, drive.path if drive else None), icon="warning:warning", dim=True
        )
        row.setToolTip(0, sentence)

    def _add_recent(self, opened: Path | None) -> None:
        others = [path for path in self._recent if path != opened][:RECENT_SHOWN]
        if not others:
            return
        top = self._row(None, "Recent", icon="clock:faint", dim=True)
        for path in others:
            row = self._row(top, path.name, note=path.parent.name, value=("recent", path))
            row.setToolTip(0, f"Open {path}")
        top.setExpanded(opened is None)

    def _row(
        self,
        parent: QTreeWidgetItem | None,
        name: str,
        *,
        note: str = "",
        icon: str = "",
        dim: bool = False,
        strong: bool = False,
        value: tuple[str, object] | None = None,
    ) -> QTreeWidgetItem:
        row = QTreeWidgetItem([name])
        for role, content in ((Role.NOTE, note), (Role.ICON, icon), (Role.VALUE, value)):
            row.setData(0, role, content)
        row.setData(0, Role.DIM, dim)
        row.setData(0, Role.STRONG, strong)
        if parent is None:
            self.tree.addTopLevelItem(row)
        else:
            parent.addChild(row)
        return row

    def _mark_current(self, sequence: SequenceInfo | None) -> None:
        """Select the shown sequence; only its own problems are unfolded."""
        self.tree.blockSignals(True)
        self.tree.clearSelection()
        for name, row in self._sequences.items():
            current = sequence is not None and name == sequence.name
            row.setSelected(current)
            row.setExpanded(current)
        self.tree.blockSignals(False)

    def _on_settings(self, settings: Settings) -> None:
        if settings.recent != self._recent:
            self._recent = settings.recent
            self._fill()

    def _on_clicked(self, index: QModelIndex) -> None:
        row = self.tree.itemFromIndex(index)
        value = row.data(0, Role.VALUE)
        if value is None:
            row.setExpanded(not row.isExpanded())
        elif value[0] == "sequence":
            self._activate(row)
        self._mark_current(self.session.sequence)

    def _activate(self, row: QTreeWidgetItem) -> None:
        """A sequence opens at a click, a recent drive at a double click or Enter."""
        value = row.data(0, Role.VALUE)
        if value is None:
            return
        kind, what = value
        if kind == "sequence":
            shown = self.session.sequence
            if shown is None or shown.name != what:
                self.session.select_sequence(what)
        elif kind == "recent":
            self.desk.path_requested.emit(what)

    def _context_menu(self, at: QPoint) -> None:
        row = self.tree.itemAt(at)
        if row is None or not row.toolTip(0):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sentence = row.toolTip(0)
        menu.addAction("Copy").triggered.connect(lambda: QApplication.clipboard().setText(sentence))
        value = row.data(0, Role.VALUE)
        if value is not None and value[0] == "recent":
            menu.addAction("Open").triggered.connect(lambda: self._activate(row))
            menu.addAction("Forget").triggered.connect(lambda: self._forget(value[1]))
        menu.popup(self.tree.viewport().mapToGlobal(at))

    def _forget(self, path: Path) -> None:
        self.session.update_settings(recent=tuple(p for p in self._recent if p != path))


def absences(entry: SequenceInfo) -> list[str]:
    """What a sequence does not have, said plainly; absences a reader already explains are left to it."""
    said = " ".join(entry.problems).lower()
    missing = []
    if not entry.has_labels and "label" not in said:
        missing.append("no labels")
    if not entry.has_poses and "pose" not in said:
        missing.append("no poses")
    if not entry.cameras and "camera" not in said and "image" not in said:
        missing.append("no camera images")
    return missing


ENTRY = PanelInfo("Data", "left", 10, DataPanel, share=172)
