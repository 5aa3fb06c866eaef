"""Panel: long work that is going on or has just ended."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from app.core.state import TaskInfo
from app.ui import icons, text, theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import ElidedLabel, hint, tool_button

KEPT = 6
"""Ended tasks that stay in the list."""

STATES = {
    "done": ("check", "good"),
    "failed": ("error", "error"),
    "cancelled": ("close", "faint"),
    "queued": ("clock", "faint"),
    "running": ("play", "accent"),
}


class TaskRow(QWidget):
    """One task: state, title, progress, what is left, cancel."""

    def __init__(self, cancel: object) -> None:
        super().__init__()
        self._task: TaskInfo | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 0, 8, 0)
        grid.setHorizontalSpacing(8)
        self.mark, self.title, self.rest = QLabel(), ElidedLabel(), QLabel()
        self.mark.setFixedWidth(15)
        self.rest.setObjectName("Soft")
        self.rest.setFont(theme.font(12))
        self.rest.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel = tool_button("close", "Cancel", cancel)  # type: ignore[arg-type]
        for column, part in enumerate((self.mark, self.title, self.bar, self.rest, self.cancel)):
            grid.addWidget(part, 0, column)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(2, 4)
        self.setFixedHeight(26)

    def changeEvent(self, event: QEvent) -> None:
        """The mark follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and self._task is not None:
            self.show_task(self._task)

    def show_task(self, task: TaskInfo) -> None:
        """Show the task's newest state."""
        self._task = task
        icon, role = STATES[task.state]
        self.mark.setPixmap(icons.pixmap(icon, getattr(theme.current(), role), 15, self.devicePixelRatioF()))
        self.title.setText(task.title)
        going = task.state in ("running", "queued")
        self.bar.setVisible(going)
        self.cancel.setVisible(going)
        self.bar.setRange(0, task.total)  # 0 to 0 is Qt's "going on, no end known"
        self.bar.setValue(task.done)
        self.rest.setText(remaining(task))
        self.setToolTip(task.text)


def remaining(task: TaskInfo) -> str:
    """What stands right of a task: how far, how much longer, or how it ended."""
    if task.state == "running":
        parts = [f"{100 * task.done // task.total} %"] if task.total else []
        if task.remaining is not None:
            parts.append(f"{text.seconds(task.remaining)} left")
        return " · ".join(parts) or task.text
    if task.state == "done":
        return text.seconds(task.seconds)
    return task.state


class TasksPanel(Panel):
    """What goes on stands on top, what has ended below it, newest first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 0, 0, 4)
        self.empty = hint("Nothing is going on.", inset=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._inner = QWidget()
        self._stack = QVBoxLayout(self._inner)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.setSpacing(0)
        self._stack.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._inner)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.column.addWidget(self.empty)
        self.column.addWidget(self._scroll, 1)
        self._rows: dict[int, TaskRow] = {}
        self._ended: list[int] = []
        for task in self.session.tasks:
            self._on_task(task)
        self.listen(self.session.task_changed, self._on_task)
        self._show_empty()

    def _on_task(self, task: TaskInfo) -> None:
        row = self._rows.get(task.id)
        if task.state == "replaced":
            if row is not None:
                self._take_away(task.id)
            self._show_empty()
            return
        if row is None:
            row = TaskRow(lambda: self.session.cancel_task(task.id))
            self._rows[task.id] = row
            self._stack.insertWidget(0, row)
        row.show_task(task)
        if task.state in ("done", "failed", "cancelled") and task.id not in self._ended:
            self._ended.append(task.id)
            self._stack.removeWidget(row)
            self._stack.insertWidget(len(self._rows) - len(self._ended), row)
            while len(self._ended) > KEPT:
                self._take_away(self._ended.pop(0))
        self._show_empty()

    def _take_away(self, id: int) -> None:
        row = self._rows.pop(id)
        self._stack.removeWidget(row)
        row.deleteLater()

    def _show_empty(self) -> None:
        self.empty.setVisible(not self._rows)
        self._scroll.setVisible(bool(self._rows))


ENTRY = PanelInfo("Tasks", "bottom", 20, TasksPanel, share=100)
