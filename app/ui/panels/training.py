"""Panel: the training runs there are, what each is doing, and what one may do with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QPushButton, QWidget

from app.core.errors import UsageError
from app.core.tasks.follow_runs import SeenRun
from app.ui import icons
from app.ui.desk import Desk
from app.ui.dialogs.delete_run import ask_delete
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import hint, tool_button
from app.ui.widgets.run_details import RunDetails
from app.ui.widgets.run_list import HEIGHT, RunList, RunRow, spoken

LOOK_MS = 1000
MOST_ROWS, FEW_ROWS = 5, 3
"""Runs for which the list makes room before it scrolls, in a high and in a low window."""

LOW = 900

EMPTY = (
    "No training runs yet. Press <b>New run …</b> and choose what a network is to learn from: the opened drive is "
    "filled in. A run goes on when the window closes, and is found again here."
)


class TrainingPanel(Panel):
    """The list of runs, buttons for the chosen one, and everything about it."""

    hint = "a dot puts a run on the curves"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.training = self.session.training
        self.column.setContentsMargins(0, 4, 0, 6)
        self.column.setSpacing(6)
        self.column.addLayout(self._make_top())
        self.empty = hint("", inset=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list = RunList(self.training.choose, self.toggle_compare)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.reason = hint("")
        self.reason.setObjectName("Error")
        self.buttons = QWidget()
        self._make_buttons(self.buttons)
        self.details = RunDetails(self._save_notes)
        self.column.addWidget(self.empty)
        self.column.addWidget(self.list)
        beside = QHBoxLayout()
        beside.setContentsMargins(12, 0, 10, 0)
        beside.addWidget(self.reason)
        self.column.addLayout(beside)
        self.column.addWidget(self.buttons)
        self.column.addWidget(self.details, 1)
        self.column.addStretch(0)
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._tick)
        self._noted: Path | None = None
        training = self.training
        self.listen(training.runs_changed, self._refresh)
        self.listen(training.chosen_changed, self._refresh)
        self.listen(training.compared_changed, self._refresh)
        self.listen(training.watch_changed, self._refresh)
        self.listen(training.curves_changed, self._on_curves)
        self.listen(self.session.drive_changed, lambda _drive: self._refresh())
        self._refresh()

    def _make_top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 8, 0)
        self.new = QPushButton("New run …")
        icons.bind(self.new, "plus")
        self.new.setToolTip("Choose a recipe and data, and train in the background (Ctrl+Shift+R)")
        self.new.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.new.clicked.connect(lambda *_: self.ask_new())
        row.addWidget(self.new, 1)
        self.more = tool_button("more", "More about the chosen run", self._show_more)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row.addWidget(self.more)
        return row

    def _make_buttons(self, holder: QWidget) -> None:
        grid = QGridLayout(holder)
        grid.setContentsMargins(12, 0, 10, 0)
        grid.setSpacing(5)
        made: list[tuple[str, str, str, Callable[[SeenRun], None]]] = [
            ("pause", "Pause", "Let the run save and wait", lambda run: self.training.pause(run.path)),
            ("resume", "Resume", "Go on from where it was", lambda run: self.training.resume(run.path)),
            ("stop", "Stop", "Let the run save and end; it can be resumed", lambda r: self.training.stop(r.path)),
            ("watch", "Watch", "Predict the frame in view with its newest weights", self._toggle_watch),
            ("use", "Use", "Predict the frame in view with its best weights", self._use),
        ]
        self.button: dict[str, QPushButton] = {}
        for name, words, tip, call in made:
            button = QPushButton(words)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setCheckable(name == "watch")
            button.clicked.connect(lambda _on=False, c=call: self._do(c))
            self.button[name] = button
        for place, name in enumerate(("pause", "stop", "watch", "use")):
            grid.addWidget(self.button[name], 0, place)
        grid.addWidget(self.button["resume"], 0, 0)

    # what the user does

    def ask_new(self, recipe: str = "", like: Path | None = None, init: Path | None = None) -> None:
        """Open the form for a new run; see :class:`~app.ui.dialogs.new_run.NewRun`."""
        from app.ui.dialogs.new_run import NewRun

        NewRun(self.window(), self.session, recipe=recipe, like=like, init=init).show()

    def toggle_compare(self, path: Path) -> None:
        """Put a run on the curves or take it off."""
        try:
            self.training.compare(path, path not in self.training.compared)
        except UsageError as error:
            self.session.log_line(str(error), "warning")

    def _do(self, call: Callable[[SeenRun], None]) -> None:
        run = self.training.chosen
        if run is not None:
            call(run)
        self._refresh()

    def _toggle_watch(self, run: SeenRun) -> None:
        watched = self.training.watched
        self.training.watch(
            None if watched is not None and watched.path == run.path else run.path, self.desk.active
        )

    def _use(self, run: SeenRun) -> None:
        self.training.use(run.path, self.desk.active)

    def _save_notes(self, words: str) -> None:
        if self._noted is not None:
            self.training.note(self._noted, words)

    def _show_menu(self, at: QPoint) -> None:
        if self.list.itemAt(at) is not None:
            self._run_menu().popup(self.list.viewport().mapToGlobal(at))

    def _show_more(self) -> None:
        self._run_menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _run_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        run = self.training.chosen
        if run is None:
            menu.addAction("No run is chosen").setEnabled(False)
            return menu
        path = run.path
        on = path in self.training.compared
        menu.addAction(
            "Take it off the curves" if on else "Show it on the curves", lambda: self.toggle_compare(path)
        )
        again = menu.addAction("New run with these settings …", lambda: self.ask_new(like=path))
        tune = menu.addAction("Fine-tune from this run …", lambda: self.ask_new(recipe="finetune", init=path))
        again.setEnabled(bool(run.recipe))
        tune.setEnabled(run.status.step > 0)
        menu.addSeparator()
        delete = menu.addAction("Delete …", lambda: ask_delete(self.window(), self.session, path))
        delete.setEnabled(not run.live)
        return menu

    # what is shown

    def _refresh(self) -> None:
        training = self.training
        runs, chosen, watched = training.runs, training.chosen, training.watched
        slots = training.compared
        rows = [RunRow(run, slots.get(run.path), self._step(run), run == watched) for run in runs]
        self.list.show_rows(rows, None if chosen is None else chosen.path)
        self.list.setVisible(bool(runs))
        most = FEW_ROWS if self.window().height() < LOW else MOST_ROWS
        self.list.setFixedHeight(min(max(len(runs), 1), most) * HEIGHT + 2)
        self.empty.setVisible(not runs)
        where = f" Runs lie in {training.folder}." if training.folder is not None else ""
        self.empty.setText(EMPTY + where if training.looked else "Looking for training runs …")
        if watched is not None and not self._clock.isActive():
            self._clock.start()
        for part in (self.buttons, self.details):
            part.setVisible(chosen is not None)
        self.more.setEnabled(chosen is not None)
        self.reason.setVisible(chosen is not None and bool(chosen.status.message))
        if chosen is not None:
            self._show_chosen(chosen, watched)

    def _show_chosen(self, run: SeenRun, watched: SeenRun | None) -> None:
        state = run.status.state
        self.list.setAccessibleDescription(spoken(run))
        self.reason.setText(run.status.message)
        self._fit_reason()
        going, waiting = state in ("running", "starting"), state == "queued"
        self.button["pause"].setVisible(going)
        self.button["resume"].setVisible(not going)
        self.button["resume"].setText("Start" if waiting else "Resume")
        self.button["resume"].setEnabled(bool(run.recipe) and state != "finished")
        self.button["stop"].setEnabled(run.live or waiting)
        watching = watched is not None and watched.path == run.path
        self.button["watch"].setEnabled(watching or run.live or run.watch is not None)
        self.button["watch"].setChecked(watching)
        self.button["use"].setEnabled(run.best is not None or run.status.step > 0)
        if run.path != self._noted:
            self.details.notes.save_now()
            self._noted = run.path
        self.details.show_run(run, self.training.curves(run.path))

    def _fit_reason(self) -> None:
        """The whole sentence is seen, however narrow the panel: the column alone would squeeze it."""
        self.reason.setMinimumHeight(max(self.reason.heightForWidth(self.width() - 22), 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrower panel needs more lines."""
        super().resizeEvent(event)
        self._fit_reason()

    def _step(self, run: SeenRun) -> int:
        metrics = self.training.curves(run.path).metrics
        return max(run.status.step, int(metrics.steps[-1]) if len(metrics) else 0)

    def _on_curves(self, path: Path) -> None:
        chosen = self.training.chosen
        if chosen is not None and path == chosen.path:
            self._refresh()

    # looking

    def showEvent(self, event: QShowEvent) -> None:
        """Look at once, and go on looking while the panel is seen."""
        super().showEvent(event)
        self._clock.start()
        self._tick()

    def hideEvent(self, event: QHideEvent) -> None:
        """Unseen, it goes on looking only for a run that is watched."""
        super().hideEvent(event)
        if self.training.watched is None:
            self._clock.stop()

    def _tick(self) -> None:
        self.training.tick(time.monotonic())
        if not self.isVisible() and self.training.watched is None:
            self._clock.stop()

    def close_panel(self) -> None:
        """No more looking; what was noted is kept."""
        self._clock.stop()
        self.details.notes.save_now()
        super().close_panel()


ENTRY = PanelInfo("Training", "right", 40, TrainingPanel, share=620)
