"""Panel: the affinity matrix of the queue in view: who takes how much from whom."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.core.affinity.inspecting import MatrixPicture, QueueReport, Span
from app.ui import text, theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.cell_card import CellCard, Party
from app.ui.widgets.common import ElidedLabel, hint, tool_button
from app.ui.widgets.heat_map import Cell, HeatMap
from app.ui.widgets.heat_view import HeatView
from app.ui.widgets.segments import Segments
from app.ui.widgets.swatch_menu import Rgb

ORDERS = (
    ("class", "By class", "Instances with the same label stand together"),
    ("time", "By time", "Frame by frame"),
    ("frame", "Frame, class", "Frame by frame, within a frame by label"),
)
OFF = "Switch on the labels: how much every superpoint of the queue takes from every other is drawn here."
WAITING = "The matrix is being drawn."
GUIDE = "Rows receive, columns give. Wheel zooms, drag moves, click tells of a row."
CARD_FROM = 520
"""Width of the panel from which the cell under the pointer is told of beside the map."""

NONE = "The queue in view has no superpoints, so there is no matrix."


class AffinityMatrixPanel(Panel):
    """A heat map that follows the labels while it is in sight; rows are chosen here and in the views alike."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(12, 2, 8, 4)
        self.labelling, self.affinity = desk.labelling, desk.labelling.affinity
        self._order = "class"
        self._asked: object = None
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self._build()
        affinity = self.affinity
        self.listen(affinity.matrix_changed, self._on_matrix)
        for signal in (
            affinity.report_changed, affinity.state_changed, self.session.drive_changed, self.session.view_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self._refresh()

    def minimumSizeHint(self) -> QSize:
        """The dock may be low."""
        return QSize(260, 150)

    def close_panel(self) -> None:
        """Timers go with the panel."""
        self._due.stop()
        self.map.stop()
        super().close_panel()

    def showEvent(self, event: QShowEvent) -> None:
        """Whoever looks has it drawn."""
        super().showEvent(event)
        self._refresh_soon()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: it is drawn no longer."""
        super().hideEvent(event)
        self._asked = None
        self.affinity.hide_matrix()

    def _build(self) -> None:
        self.bar = QWidget()
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.orders = Segments("Order", ORDERS, self._choose_order)
        self.whole = tool_button("fit", "All of the queue (0, or a double click)", self._all)
        self.told = ElidedLabel(GUIDE)
        self.told.setObjectName("Soft")
        self.told.setFont(theme.font(12))
        row.addWidget(self.orders)
        row.addWidget(self.whole)
        row.addStretch(1)
        self.map = HeatMap(self._tell, self._choose, self._look, self._color)
        self.empty = hint(OFF)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.told.setFixedHeight(18)
        self.card = CellCard()
        self.body = QWidget()
        beside = QHBoxLayout(self.body)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(12)
        beside.addWidget(self.map, 1)
        beside.addWidget(self.card)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.body, 1)
        self.column.addWidget(self.told)
        self.column.addWidget(self.empty)
        self.column.addStretch(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow panel keeps the map."""
        self.card.setVisible(event.size().width() >= CARD_FROM)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        on = self.affinity.state.on and self.session.drive is not None
        report = self.affinity.report if on else None
        if report is None and self.map.coarse is not None:
            self.map.show_picture(None)
        self._ask(report)
        drawn = self.map.coarse is not None
        for part in (self.bar, self.body, self.told):
            part.setVisible(drawn)
        why = "" if drawn else self._why(report)
        self.empty.setText(why)
        self.empty.setVisible(bool(why))
        self.orders.show_value(self._order)
        self.whole.setEnabled(self.map.view.zoomed)
        self.map.choose(self.affinity.state.selected)
        self.map.setEnabled(report is not None)

    def _why(self, report: QueueReport | None) -> str:
        if self.session.drive is None:
            return ""
        if not self.affinity.state.on:
            return OFF
        if report is None:
            return self.affinity.problem or WAITING
        return NONE if not report.instances else WAITING

    def _ask(self, report: QueueReport | None) -> None:
        """Have it drawn for the first time; from then on the session follows the labels."""
        if report is None or not report.instances or not self.isVisible():
            return
        if self._asked != self._order:
            self._asked = self._order
            self.labelling.attempt(lambda: self.affinity.show_matrix(self._order))

    def _on_matrix(self, picture: MatrixPicture | None) -> None:
        if picture is None or self.isVisible():
            self.map.show_picture(picture)
        self._refresh_soon()

    def _color(self, span: Span) -> Rgb:
        """A class's own colour; frames are told apart by two greys."""
        if self._order == "class":
            return self.labelling.color(span.value)
        return (150, 158, 168) if span.value % 2 else (96, 104, 116)

    def _tell(self, cell: Cell | None) -> None:
        report, known = self.affinity.report, self.map.weight(cell) if cell is not None else None
        rows = self.map.rows_of(cell) if cell is not None and known is not None else None
        if rows is None or known is None or report is None or max(rows) >= len(report.table):
            self.told.setText(GUIDE)
            self.card.show_cell(None)
            return
        weight, block = known
        receiver, giver = (self._party(report, row) for row in rows)
        mean = f"mean of {block} × {block} superpoints" if block > 1 else ""
        self.card.show_cell((receiver, giver), f"{100 * weight:.3f} %", mean)
        words = f"{receiver.label} ({receiver.place}) takes {100 * weight:.3f} % from {giver.label} ({giver.place})"
        self.told.setText(GUIDE if self.card.isVisible() else words)
        self.map.setAccessibleDescription(words)

    def _party(self, report: QueueReport, row: int) -> Party:
        table, labelling = report.table, self.labelling
        before, after = int(table.before[row]), int(table.after[row])
        return Party(
            labelling.name(after),
            labelling.color(after),
            "" if before == after else labelling.name(before),
            f"superpoint {text.count(int(table.superpoint[row]))}, frame {int(table.frame[row])}",
        )

    # what the user does

    def _choose_order(self, order: str) -> None:
        self._order = order
        self._refresh()

    def _choose(self, cell: Cell) -> None:
        self.labelling.visit(cell[0])

    def _all(self) -> None:
        self.map.reset()

    def _look(self, view: HeatView) -> None:
        """Another part is in view: have it drawn as fine as it can be."""
        self.whole.setEnabled(view.zoomed)
        if not view.zoomed:
            self.labelling.attempt(lambda: self.affinity.show_matrix(self._order))
            return
        rows, columns = view.windows
        self.labelling.attempt(lambda: self.affinity.show_matrix(self._order, rows, columns))


ENTRY = PanelInfo("Affinity matrix", "centre", 40, AffinityMatrixPanel, share=320)
