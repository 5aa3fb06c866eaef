"""The sentences that words are put into, beside the window: those that come along to read, the user's own to write.

What is written takes effect when the typing rests, as soon as every line can be used.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import LidarScopeError
from app.core.language.templates import TemplateSet, fill
from app.ui import text
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.widgets.common import ElidedLabel, heading, hint, tool_button
from app.ui.widgets.rows import Role, RowDelegate
from app.ui.widgets.run_details import FRAMED

GUIDE = "A prompt takes the place of {} in each of these sentences; the mean of what CLIP reads in them counts."
PATIENCE_MS = 400
FIRST = ("{}", "a photo of a {}.")
NEW = "My sentences"
EXAMPLE = "car"


class OwnTemplates(Listening, QDialog):
    """Sets on the left, the chosen one's name and sentences on the right."""

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sentences for prompts")
        self.resize(680, 460)
        self._language = desk.asking.language
        self._shown = self._language.query.templates
        self._opened = {one.name: one for one in self._language.own_templates}
        self._later = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._later.timeout.connect(self._store)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(8)
        column.addWidget(hint(GUIDE))
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(self._build_list(), 2)
        row.addLayout(self._build_editor(), 3)
        column.addLayout(row, 1)
        column.addLayout(self._build_foot())
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        self.listen(self._language.templates_changed, self._refresh)
        self.listen(self._language.query_changed, lambda _query: self._show_state())
        self.finished.connect(lambda _code: self._leave())
        self._refresh()
        self._show_set()

    # parts

    def _build_list(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(heading("Sets"))
        self.list = QListWidget()
        self.list.setItemDelegate(RowDelegate(self.list, inset=8, right=8))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Sets of sentences")
        self.list.currentItemChanged.connect(lambda row, _before: self._choose(row))
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setSpacing(2)
        self.new = tool_button("plus", "Begin a set of your own", lambda: self._begin(NEW, FIRST))
        self.copy = tool_button("copy", "Begin a set of your own with these sentences", self._copy)
        self.delete = tool_button("close", "Delete this set of your own", self._delete)
        for part in (self.new, self.copy, self.delete):
            row.addWidget(part)
        row.addStretch(1)
        column.addLayout(row)
        return column

    def _build_editor(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(heading("Name"))
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the set")
        self.name.setMaxLength(60)
        self.name.textEdited.connect(lambda _words: self._edited())
        column.addWidget(self.name)
        title = heading("Sentences, one a line")
        title.setContentsMargins(0, 6, 0, 0)
        column.addWidget(title)
        self.lines = QPlainTextEdit()
        self.lines.setAccessibleName("Sentences, one a line")
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.lines.setTabChangesFocus(True)
        self.lines.setStyleSheet(FRAMED)
        self.lines.textChanged.connect(self._edited)
        column.addWidget(self.lines, 1)
        self.example = ElidedLabel()
        self.example.setObjectName("Soft")
        column.addWidget(self.example)
        self.state = hint("")
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.state)
        return column

    def _build_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.reset = QPushButton("Reset")
        self.reset.setToolTip("The sentences that this set had when the dialog was opened, or it was begun")
        self.reset.clicked.connect(lambda *_: self._reset())
        self.aside = QPushButton("Begin anew")
        self.aside.setToolTip("Keep the file that cannot be used under another name, and begin an empty one")
        self.aside.clicked.connect(lambda *_: self._try(self._language.set_templates_aside))
        self.use = QPushButton("Use these")
        self.use.setToolTip("Put the words of the query into these sentences")
        self.use.clicked.connect(lambda *_: self._language.set_templates(self._shown))
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        for part in (self.reset, self.aside):
            row.addWidget(part)
        row.addStretch(1)
        for part in (self.use, close):
            row.addWidget(part)
        return row

    def sizeHint(self) -> QSize:
        """Wide enough for two columns."""
        return QSize(680, 460)

    # what is shown

    def _set(self) -> TemplateSet | None:
        return next((one for one in self._language.template_sets if one.name == self._shown), None)

    def _own(self) -> bool:
        return any(one.name == self._shown for one in self._language.own_templates)

    def _refresh(self) -> None:
        """The sets there are; the chosen one stays."""
        sets, own = self._language.template_sets, {one.name for one in self._language.own_templates}
        if self._set() is None:
            self._shown = sets[0].name
        self.list.blockSignals(True)
        self.list.clear()
        for one in sets:
            row = QListWidgetItem(one.name if one.name in own else one.title.partition(" (")[0])
            row.setData(Role.VALUE, one.name)
            row.setData(Role.NOTE, text.count(len(one.templates)))
            row.setData(Role.DIM, one.name not in own)
            row.setToolTip("Your own" if one.name in own else "Comes along; copy it to change it")
            self.list.addItem(row)
            if one.name == self._shown:
                self.list.setCurrentItem(row)
        self.list.blockSignals(False)
        self._show_state()

    def _show_set(self) -> None:
        """The chosen set in the editor."""
        chosen, own = self._set(), self._own()
        self.name.setText(chosen.name if chosen is not None else "")
        self.name.setReadOnly(not own)
        self.lines.blockSignals(True)
        self.lines.setPlainText("\n".join(chosen.templates) if chosen is not None else "")
        self.lines.setReadOnly(not own)
        self.lines.blockSignals(False)
        self._show_state()

    def _show_state(self, problem: str = "") -> None:
        language = self._language
        chosen, own, used = self._set(), self._own(), language.query.templates == self._shown
        problem = problem or language.templates_problem
        if problem:
            words = problem
        elif own:
            words = "The query uses these; changes are seen at once." if used else "Your own; changes are kept."
        else:
            words = "These come along and stay as they are; copy them to write your own."
        self.state.setText(words)
        name = "Error" if problem else "Hint"
        if self.state.objectName() != name:
            self.state.setObjectName(name)
            self.state.style().unpolish(self.state)
            self.state.style().polish(self.state)
        self._show_example(chosen)
        self.example.setVisible(not problem)
        broken = bool(language.templates_problem)
        self.aside.setVisible(broken)
        self.new.setEnabled(not broken)
        self.copy.setEnabled(not broken and chosen is not None)
        self.delete.setEnabled(own)
        before = self._opened.get(self._shown)
        self.reset.setVisible(own and before is not None)
        self.reset.setEnabled(before is not None and (before != chosen or bool(problem)))
        self.use.setEnabled(chosen is not None and not used)

    def _show_example(self, chosen: TemplateSet | None) -> None:
        """The last sentence with the words that are asked."""
        query = self._language.query
        asked = query.asked[query.active_asked].text if query.asked else ""
        told = chosen is not None and bool(chosen.templates)
        self.example.setText(f"“{fill(chosen.templates[-1], asked or EXAMPLE)}”" if told and chosen else "")

    # what the user does

    def _choose(self, row: QListWidgetItem | None) -> None:
        self._store_now()
        if row is not None:
            self._shown = str(row.data(Role.VALUE))
            self._show_set()

    def _edited(self) -> None:
        if self._own():
            self._later.start()

    def _store_now(self) -> None:
        if self._later.isActive():
            self._later.stop()
            self._store()

    def _store(self) -> None:
        """Keep what is written, if it can be used; the sentence says what is wrong with it otherwise."""
        before, name = self._shown, self.name.text().strip()
        lines = self.lines.toPlainText().splitlines()
        if self._try(lambda: self._language.save_templates(name, lines, instead_of=before), shown=name):
            if before in self._opened:
                self._opened[name] = self._opened.pop(before)
            self._show_state()

    def _begin(self, name: str, lines: tuple[str, ...]) -> None:
        """Another set of the user's own, under a name that is free."""
        taken = {one.name for one in self._language.template_sets}
        free = next(one for one in (name, *(f"{name[:36]} {i}" for i in range(2, 1000))) if one not in taken)
        if self._try(lambda: self._language.save_templates(free, lines), shown=free):
            self._opened[free] = self._language.own_templates[-1]
            self._show_set()
            self.name.setFocus()
            self.name.selectAll()

    def _copy(self) -> None:
        chosen = self._set()
        if chosen is not None:
            self._begin(f"My {chosen.name}"[:40], chosen.templates)

    def _delete(self) -> None:
        self._later.stop()
        gone = self._shown
        if self._try(lambda: self._language.delete_templates(gone)):
            self._opened.pop(gone, None)
            self._show_set()

    def _reset(self) -> None:
        self._later.stop()
        before, now = self._opened.get(self._shown), self._shown
        if before is not None:
            self._try(lambda: self._language.save_templates(now, before.templates, instead_of=now))
            self._show_set()

    def _try(self, call: Callable[[], object], *, shown: str = "") -> bool:
        """Do what may be refused; the sentence below then says why. ``shown``: the set to show with it."""
        before = self._shown
        self._shown = shown or before
        try:
            call()
        except LidarScopeError as error:
            self._shown = before
            self._show_state(str(error))
            return False
        self._show_state()
        return True

    def _leave(self) -> None:
        self._store_now()
        self.stop_listening()


def edit_templates(parent: QWidget, desk: Desk) -> None:
    """Open it beside the window."""
    dialog = OwnTemplates(parent, desk)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
