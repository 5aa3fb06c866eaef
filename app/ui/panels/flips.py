"""Panel: what affinity changed, pair of classes by pair, to be gone through one by one."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QWidget

from app.core.affinity.inspecting import FlipPair, QueueReport
from app.ui import text, theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import ElidedLabel, hint, tool_button
from app.ui.widgets.flip_rows import FlipDelegate, FlipRow
from app.ui.widgets.rows import HEIGHT, Role

PAIR = Role.VALUE + 8
"""Train ids (before, after) of a row."""

OFF = "Switch on the labels: what affinity changes is listed here, by the classes it went from and to."
WAITING = "Labels are being made."
NONE = "Affinity changed no label of this queue. A smaller scale or β lets superpoints take more from each other."
ROWS_SEEN = 4


class FlipsPanel(Panel):
    """Pairs with their counts; a click goes through one pair, buttons and keys from one to the next."""

    least_width = 308
    hint = "W next · Shift+W back"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 2, 0, 4)
        self.labelling, self.affinity = desk.labelling, desk.labelling.affinity
        self._of: QueueReport | None = None
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self._build()
        affinity, session = self.affinity, self.session
        for signal in (
            affinity.state_changed, affinity.report_changed, session.frame_changed, session.drive_changed,
            session.view_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self._refresh()

    def close_panel(self) -> None:
        """The timer goes with the panel."""
        self._due.stop()
        super().close_panel()

    def _build(self) -> None:
        self.bar = QWidget()
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(12, 0, 8, 0)
        row.setSpacing(2)
        self.told = ElidedLabel()
        self.told.setObjectName("Soft")
        self.told.setFont(theme.font(12))
        self.back = tool_button("step_back", "Previous flip (Shift+W)", lambda: self.labelling.step_flip(-1))
        self.place = QPushButton()
        self.place.setFlat(True)
        self.place.setFont(theme.font(12))
        self.place.setStyleSheet("padding: 2px 4px")
        self.place.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.place.setToolTip("Fly to this superpoint again")
        self.place.clicked.connect(lambda *_: self._again())
        self.on = tool_button("step_forward", "Next flip (W)", lambda: self.labelling.step_flip(1))
        self.all = tool_button("close", "Go through all flips again", lambda: self.affinity.set_pair(None))
        row.addWidget(self.told, 1)
        for part in (self.back, self.place, self.on, self.all):
            row.addWidget(part)
        self.list = QListWidget()
        self.list.setItemDelegate(FlipDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Flips by pair of classes")
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.list.setMinimumHeight(ROWS_SEEN * HEIGHT)
        self.empty = hint(OFF, inset=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.list, 1)
        self.column.addWidget(self.empty)
        self.column.addStretch(0)

    def sizeHint(self) -> QSize:
        """A few rows."""
        return QSize(240, 200)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        report = self.affinity.report if self.affinity.state.on and self.session.drive is not None else None
        pairs = report.flips if report is not None else ()
        for part in (self.bar, self.list):
            part.setVisible(bool(pairs))
        why = "" if pairs else self._why(report)
        self.empty.setText(why)
        self.empty.setVisible(bool(why))
        if report is not self._of:
            self._of = report
            self._fill(pairs, report)
        if report is not None and pairs:
            self._mark(report)

    def _why(self, report: QueueReport | None) -> str:
        if self.session.drive is None:
            return ""
        if not self.affinity.state.on:
            return OFF
        if report is None:
            return self.affinity.problem or WAITING
        return NONE

    def _fill(self, pairs: tuple[FlipPair, ...], report: QueueReport | None) -> None:
        self.list.clear()
        labelling = self.labelling
        for pair in pairs:
            row = FlipRow(
                labelling.name(pair.before), labelling.name(pair.after),
                labelling.color(pair.before), labelling.color(pair.after),
                pair.count, pair.better, pair.worse, report is not None and report.truth_known,
            )  # fmt: skip
            item = QListWidgetItem(row.words)
            item.setData(Role.VALUE, row)
            item.setData(PAIR, (pair.before, pair.after))
            item.setToolTip(f"{row.words} Click to go through them.")
            self.list.addItem(item)

    def _mark(self, report: QueueReport) -> None:
        pair = self.affinity.state.pair
        self.list.blockSignals(True)
        self.list.setCurrentRow(-1)
        for place in range(self.list.count()):
            if self.list.item(place).data(PAIR) == pair:
                self.list.setCurrentRow(place)
        self.list.blockSignals(False)
        at, count = self.labelling.flip_place()
        whole = sum(one.count for one in report.flips)
        better, worse = sum(one.better for one in report.flips), sum(one.worse for one in report.flips)
        judged = f" · +{text.count(better)} {text.MINUS}{text.count(worse)}" if report.truth_known else ""
        self.told.setText(f"{text.plural(whole, 'flip')}{judged}")
        known = f"; {text.count(better)} to the better, {text.count(worse)} to the worse"
        self.told.setToolTip(
            f"{text.plural(whole, 'superpoint')} changed class{known if report.truth_known else ''}"
        )
        self.place.setText(f"{text.count(at) if at else '–'} of {text.count(count)}")
        self.place.setEnabled(at > 0)
        self.all.setVisible(pair is not None)

    # what the user does

    def _choose(self, item: QListWidgetItem) -> None:
        """Go through a pair, from its first flip on; a click on the one that is gone through goes on."""
        pair = item.data(PAIR)
        if pair != self.affinity.state.pair:
            self.affinity.set_pair(pair)
            if self.labelling.flip_place()[0]:
                return
        self.labelling.step_flip(1)

    def _again(self) -> None:
        row = self.affinity.state.selected
        if row is not None:
            self.labelling.visit(row)


ENTRY = PanelInfo("Flips", "left", 42, FlipsPanel, share=250)
