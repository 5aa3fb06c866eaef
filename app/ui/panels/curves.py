"""Panel: curves of training runs over each other, as they grow."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QWidget

from app.ui import run_look, theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import SliderRow, hint, tool_button
from app.ui.widgets.segments import Segments

if TYPE_CHECKING:
    from app.ui.widgets.curve_board import CurveBoard

LOOK_MS = 1000
MAKE_MS = 5
WIDTHS = (1, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000)
USUAL_WIDTH = 10
NAMES_SHOWN = 6

NOTHING = "No run is on the curves. Choose one in the Training panel, or start one with Train ▸ New run …"
AWAITED = "The first step has not been taken yet."


class CurvesPanel(Panel):
    """The plots are made when the panel is first seen: the library that draws them takes its time to come."""

    hint = "wheel zooms · drag pans · double click shows all"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.training = self.session.training
        self.column.setContentsMargins(0, 0, 0, 4)
        self.column.setSpacing(2)
        self.bar = QWidget()
        self._make_bar(self.bar)
        self.empty = hint(NOTHING, inset=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.empty)
        self.column.addStretch(0)
        self.board: CurveBoard | None = None
        self._made: CurveBoard | None = None
        self._library = threading.Thread(target=_import_board, name="curves", daemon=True)
        self._maker = QTimer(self, interval=MAKE_MS)
        self._maker.timeout.connect(self._make_board)
        self._validated = 0
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(lambda: self.training.tick(time.monotonic()))
        training = self.training
        self.listen(training.curves_changed, self._on_curves)
        self.listen(training.compared_changed, self._refresh)
        self.listen(training.chosen_changed, self._refresh)
        self.listen(training.runs_changed, self._show_names)
        self.listen(self.session.sequence_changed, lambda _sequence: self._refresh())
        self._refresh()

    def _make_bar(self, holder: QWidget) -> None:
        row = QHBoxLayout(holder)
        row.setContentsMargins(12, 0, 10, 0)
        row.setSpacing(14)
        self.names = QLabel()
        self.names.setFont(theme.font(12))
        self.names.setTextFormat(Qt.TextFormat.RichText)
        self.names.setMinimumWidth(40)
        self.names.setAccessibleName("Runs on the curves")
        row.addWidget(self.names, 1)
        self.log = QCheckBox("Log loss")
        self.log.setToolTip("Losses on a logarithmic scale")
        self.log.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.log.toggled.connect(self._set_log)
        row.addWidget(self.log)
        self.smooth = SliderRow(
            "Mean of", 0, len(WIDTHS) - 1, lambda _v: self._refresh(), lambda v: f"{WIDTHS[v]} steps",
            "The drawn loss is the mean of so many steps; the loss itself stands faintly behind it",
        )  # fmt: skip
        self.smooth.setFixedWidth(252)
        self.smooth.value.setFixedWidth(66)
        self.smooth.title.setFixedWidth(52)
        self.smooth.set_position(WIDTHS.index(USUAL_WIDTH))
        row.addWidget(self.smooth)
        self.axis = Segments(
            "Horizontal axis",
            (("step", "Steps", "Curves over steps"), ("time", "Minutes", "Curves over minutes of training")),
            self.set_axis,
        )
        self.axis.show_value("step")
        row.addWidget(self.axis)
        row.addWidget(tool_button("fit", "Show all of the curves", self.show_all))

    # what the user does

    def set_axis(self, what: str) -> None:
        """Curves over "step" or "time"."""
        self.axis.show_value(what)
        if self.board is not None:
            self.board.by_time = what == "time"
            self._refresh()
            self.board.show_all()

    def show_all(self) -> None:
        """All of the curves is seen again."""
        if self.board is not None:
            self.board.show_all()

    def _set_log(self, on: bool) -> None:
        if self.board is not None:
            self.board.set_log(on)

    def mark(self, name: str) -> None:
        """Bring a class's curve to the front; the same once more: all of them again."""
        if self.board is not None:
            self.board.marked = "" if self.board.marked == name else name
            self._show_classes()

    # what is shown

    def _shown(self) -> dict[Path, QColor]:
        """Runs on the curves with their colours, the chosen one first."""
        slots, chosen = self.training.compared, self.training.chosen
        found = {} if chosen is None else {chosen.path: theme.current().color("text")}
        return found | {path: run_look.run_color(slot) for path, slot in slots.items()}

    def _refresh(self) -> None:
        shown = self._shown()
        curves = {path: (self.training.curves(path), color) for path, color in shown.items()}
        anything = any(len(of_run.metrics) for of_run, _color in curves.values())
        self.empty.setVisible(not anything)
        self.empty.setText(AWAITED if shown else NOTHING)
        self.bar.setVisible(anything)
        self._show_names()
        if self.board is None:
            return
        self.board.setVisible(anything)
        self.board.width_of_mean = WIDTHS[self.smooth.slider.value()]
        chosen = self.training.chosen
        self.board.show_runs(curves, None if chosen is None or len(shown) == 1 else chosen.path)
        self._show_classes()

    def _on_curves(self, path: Path) -> None:
        shown = self._shown()
        if path not in shown:
            return
        if self.board is None or not self.board.isVisibleTo(self):
            self._refresh()
            return
        if not self.isVisible():
            return  # all of it is shown when the panel is
        validated = len(self.training.curves(path).validations)
        plots = self.board.plots
        if path not in plots["rate"].keys or (validated and path not in plots["miou"].keys):
            self._refresh()  # in its place among the others
            return
        chosen = self.training.chosen
        is_chosen = chosen is not None and chosen.path == path
        front = is_chosen and len(shown) > 1
        self.board.show_run(path, self.training.curves(path), shown[path], chosen=front)
        if is_chosen and validated != self._validated:
            self._show_classes()

    def _show_classes(self) -> None:
        chosen = self.training.chosen
        if self.board is not None:
            curves = None if chosen is None else self.training.curves(chosen.path)
            self._validated = 0 if curves is None else len(curves.validations)
            self.board.show_classes(curves, self.session.label_set)

    def _show_names(self) -> None:
        chosen = self.training.chosen
        words = []
        for path, color in list(self._shown().items())[:NAMES_SHOWN]:
            bold = "600" if chosen is not None and path == chosen.path else "400"
            words.append(f'<span style="color:{color.name()}">●</span>&nbsp;<span style="font-weight:{bold}">'
                         f"{path.name}</span>")  # fmt: skip
        self.names.setText("&nbsp;&nbsp;&nbsp; ".join(words))

    def changeEvent(self, event: QEvent) -> None:
        """Colours of runs differ between the themes."""
        if event.type() == QEvent.Type.PaletteChange and self.board is not None:
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Make the plots at the first time; look at the runs while they are seen."""
        super().showEvent(event)
        if self.board is None and not self._maker.isActive():
            if self._library.ident is None:
                self._library.start()
            self._maker.start()
        self._refresh()
        self._clock.start()
        self.training.tick(time.monotonic())

    def _make_board(self) -> None:
        """A little at a time: the library comes in a thread of its own, then one plot a turn."""
        if self._library.is_alive():
            return
        from app.ui.widgets.curve_board import CurveBoard

        if self._made is None:
            self._made = CurveBoard(self.mark)
            return
        if self._made.build_next():
            return
        self._maker.stop()
        self.board = self._made
        self.board.by_time = self.axis.buttons["time"].isChecked()
        self.board.set_log(self.log.isChecked())
        self.column.insertWidget(2, self.board, 1)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._clock.stop()

    def close_panel(self) -> None:
        """No more looking; the library that may still be coming is waited for."""
        self._clock.stop()
        self._maker.stop()
        if self._library.is_alive():
            self._library.join()
        if self._made is not None and self.board is None:
            self._made.deleteLater()
        super().close_panel()


def _import_board() -> None:
    import app.ui.widgets.curve_board  # noqa: F401 - 100 ms of imports that the main thread need not wait for


ENTRY = PanelInfo("Curves", "bottom", 25, CurvesPanel, share=215)
