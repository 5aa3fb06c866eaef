"""Everything about one training run below the list: facts, notes that are kept with it, the end of its log."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFocusEvent, QFont, QFontDatabase
from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from app.core.session_training import Curves
from app.core.tasks.follow_runs import SeenRun
from app.ui import run_look, text, theme
from app.ui.widgets.common import ElidedLabel

TABS = ("Facts", "Notes", "Log")
FACTS = (
    "Step", "Time left", "Speed", "Loss", "Best mIoU", "Memory", "Processor", "Device", "GPU", "Recipe", "Data",
)  # fmt: skip
RECENT = 20
"""Steps whose mean loss is told."""

SAVE_MS = 1200

DATE = re.compile(r"^\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d),\d+")
"""How a line of the log begins; the hour is enough beside the window."""

FRAMED = "QPlainTextEdit { border: 1px solid palette(mid); border-radius: 5px; background: palette(button); }"


class Notes(QPlainTextEdit):
    """Text that is handed to ``save(words)`` a moment after the last key, and when the field is left."""

    def __init__(self, save: Callable[[str], None]) -> None:
        super().__init__()
        self._save = save
        self._saved = ""
        self._later = QTimer(self, singleShot=True, interval=SAVE_MS)
        self._later.timeout.connect(self.save_now)
        self.setPlaceholderText("What is this run about? Kept in notes.txt in its folder.")
        self.setAccessibleName("Notes")
        self.setTabChangesFocus(True)
        self.setStyleSheet(FRAMED)
        self.textChanged.connect(self._later.start)

    def show_words(self, words: str) -> None:
        """Show what is kept, unless the user is writing."""
        self._saved = words
        if not self.hasFocus() and self.toPlainText() != words:
            self.blockSignals(True)
            self.setPlainText(words)
            self.blockSignals(False)

    def save_now(self) -> None:
        """Hand over what has been written, if that is new."""
        self._later.stop()
        words = self.toPlainText()
        if words != self._saved:
            self._saved = words
            self._save(words)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever leaves the field is done."""
        super().focusOutEvent(event)
        self.save_now()


class RunDetails(QWidget):
    """Tabs about one run; ``save_notes(words)`` is called for what the user writes."""

    def __init__(self, save_notes: Callable[[str], None]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 10, 0)
        column.setSpacing(6)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabs.setAccessibleName("About the run")
        for title in TABS:
            self.tabs.addTab(title)
        self._pages = QStackedWidget()
        self.tabs.currentChanged.connect(self._pages.setCurrentIndex)
        self.notes = Notes(save_notes)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setStyleSheet(FRAMED)
        self.log.setAccessibleName("End of the run's log")
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.log.setFont(_fixed_font())
        for page in (self._make_facts(), self.notes, self.log):
            self._pages.addWidget(page)
        column.addWidget(self.tabs)
        column.addWidget(self._pages, 1)

    def _make_facts(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self.values: dict[str, QLabel] = {}
        for place, name in enumerate(FACTS):
            label = QLabel(name)
            label.setObjectName("Soft")
            value = ElidedLabel(mode=Qt.TextElideMode.ElideLeft if name == "Data" else Qt.TextElideMode.ElideRight)
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            value.setAccessibleName(name)
            self.values[name] = value
            grid.addWidget(label, place, 0)
            grid.addWidget(value, place, 1)
        grid.setRowStretch(len(FACTS), 1)
        return page

    def show_run(self, run: SeenRun, curves: Curves) -> None:
        """Show the newest of a run."""
        for name, words in facts(run, curves).items():
            self.values[name].setText(words)
        self.notes.show_words(curves.notes)
        said = "\n".join(DATE.sub(r"\1", line) for line in curves.log)
        if said != self.log.toPlainText():
            self.log.setPlainText(said)
            bar = self.log.verticalScrollBar()
            bar.setValue(bar.maximum())


def facts(run: SeenRun, curves: Curves) -> dict[str, str]:
    """The facts of a run by name, as they are written; a dash for what is not known."""
    status, metrics = run.status, curves.metrics
    step = max(status.step, int(metrics.steps[-1]) if len(metrics) else 0)
    losses = metrics.column("loss")[-RECENT:]
    running = status.state == "running"
    best = f"{run_look.percent(run.best)} at step {text.count(run.best_step)}" if run.best is not None else "–"
    return {
        "Step": f"{text.count(step)} of {text.count(status.max_steps)}" if status.max_steps else "–",
        "Time left": run_look.left(run) if running and status.seconds_per_step else "–",
        "Speed": run_look.speed(run),
        "Loss": text.number(float(np.mean(losses)), 4) if len(losses) else "–",
        "Best mIoU": best,
        "Memory": f"{text.count(round(status.memory_mb))} MB" if run.live and status.memory_mb else "–",
        "Processor": "–" if run.load is None else f"{text.number(run.load, 1)} cores",
        "Device": " · ".join(part for part in (run.device, run.precision) if part) or "–",
        "GPU": _gpu(run) if run.live else "–",
        "Recipe": run.recipe or "–",
        "Data": str(run.data) if run.recipe else "–",
    }


def _gpu(run: SeenRun) -> str:
    status = run.status
    load = "" if status.gpu_load is None else f"{round(100 * status.gpu_load)} %"
    held = "" if status.gpu_memory_mb is None else f"{text.count(round(status.gpu_memory_mb))} MB"
    return " · ".join(part for part in (load, held) if part) or "–"


def _fixed_font() -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(theme.TEXT_SIZE - 2)
    return font
