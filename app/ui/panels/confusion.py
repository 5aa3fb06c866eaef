"""Panel: how good the network is, class by class, and what it takes for what; a click lights up the points."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.prediction.scores import Scores
from app.ui import text, view_words
from app.ui.desk import Desk
from app.ui.model_choice import LAYER
from app.ui.panels.base import Panel, PanelInfo
from app.ui.score_table import Order, Scope, ScoreTable, percent, score_of, score_table
from app.ui.widgets.class_matrix import ClassMatrix
from app.ui.widgets.common import ElidedLabel, heading, hint, tool_button
from app.ui.widgets.rows import Role, RowDelegate
from app.ui.widgets.segments import Segments

SCOPES: tuple[tuple[Scope, str, str], ...] = (
    ("frame", "This frame", "Labelled points of the frame in view"),
    ("seen", "Frames seen", "All labelled frames seen since the network or its options changed, each counted once"),
)
ORDERS: tuple[tuple[Order, str], ...] = (
    ("classes", "By class"),
    ("worst", "Worst first"),
    ("points", "Most points"),
)
SHARES = ((True, "% of labelled"), (False, "% of called"))
GUIDE = "Rows are what the network called a point, columns what is labelled. A click lights up a cell's points."
EARLIER = "The network is at work; these are the scores that were shown before."
MISTAKES, MISTAKES_WIDTH, MISTAKES_FROM = 12, 300, 940
"""How many confusions the list holds, its width, and the panel's width from which it is shown."""


class ConfusionPanel(Panel):
    """A table of classes with IoU and confusion matrix; beside it the largest confusions."""

    hint = "rows: called · columns: labelled"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 2, 0, 4)
        self._scope: Scope = "frame"
        self._order: Order = "classes"
        self._cell: tuple[int, int] | None = None
        self._asked = False
        self._of: tuple[object, ...] = ()
        self._build_bar()
        self._build_table()
        self._build_empty()
        session = self.session
        self.listen(session.scores_changed, lambda _scores: self._refresh())
        self.listen(session.methods_changed, self._refresh)
        self.listen(session.view_changed, lambda _name: self._refresh())
        self.listen(session.frame_changed, lambda _state: self._refresh())
        self.listen(session.drive_changed, lambda _drive: self._refresh())
        self.listen(session.selection_changed, lambda _rows: self._on_selection())
        self._refresh()

    def minimumSizeHint(self) -> QSize:
        """The table scrolls: the dock may be low."""
        return QSize(320, 120)

    # parts

    def _build_bar(self) -> None:
        self.scope = Segments("Scores of", SCOPES, self._choose_scope)
        self.order, self.shares = QComboBox(), QComboBox()
        for value, words in ORDERS:
            self.order.addItem(words, value)
        for by_truth, words in SHARES:
            self.shares.addItem(words, by_truth)
        self.order.setToolTip("Order of the classes")
        self.shares.setToolTip("What the cells are a share of: of a column's points, or of a row's")
        self.order.activated.connect(lambda _i: self._choose_order(self.order.currentData()))
        self.shares.activated.connect(lambda _i: self._refresh())
        for box in (self.order, self.shares):
            box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            box.setAccessibleName(box.toolTip())
        self.reset = tool_button("refresh", "Count the frames anew, this one first", self.session.reset_scores)
        self.bar = QWidget()
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(12, 0, 8, 2)
        row.setSpacing(8)
        row.addWidget(self.scope)
        row.addStretch(1)
        for part in (self.order, self.shares, self.reset):
            row.addWidget(part)
        self.column.addWidget(self.bar)

    def _build_table(self) -> None:
        self.matrix = ClassMatrix(self._tell, self._choose_cell)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.matrix)
        self.told = ElidedLabel(GUIDE)
        self.told.setObjectName("Soft")
        self.told.setFixedHeight(20)
        self.mistakes = QListWidget()
        self.mistakes.setItemDelegate(RowDelegate(self.mistakes, right=14))
        self.mistakes.setUniformItemSizes(True)
        self.mistakes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.mistakes.setAccessibleName("Largest confusions")
        self.mistakes.itemClicked.connect(self._choose_mistake)
        self.side = QWidget()
        self.side.setFixedWidth(MISTAKES_WIDTH)
        beside = QVBoxLayout(self.side)
        beside.setContentsMargins(0, 4, 0, 0)
        beside.setSpacing(4)
        title = heading("Largest confusions")
        title.setContentsMargins(12, 0, 0, 0)
        beside.addWidget(title)
        beside.addWidget(self.mistakes, 1)
        self.body = QWidget()
        row = QHBoxLayout(self.body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(scroll, 1)
        row.addWidget(self.side)
        self.column.addWidget(self.body, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 0, 8, 0)
        foot.addWidget(self.told)
        self.column.addLayout(foot)

    def _build_empty(self) -> None:
        self.empty = hint("", inset=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.show_it = QPushButton("Show the prediction")
        self.show_it.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.show_it.setToolTip("Frames are predicted while a view shows something of the network (Shift+M)")
        self.show_it.clicked.connect(lambda _on: self.desk.models.show(LAYER))
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 0, 0)
        row.addWidget(self.show_it)
        row.addStretch(1)
        self.column.addWidget(self.empty)
        self.column.addLayout(row)
        self.column.addStretch(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow panel keeps the table."""
        self.side.setVisible(event.size().width() >= MISTAKES_FROM)

    # what is shown

    def _refresh(self) -> None:
        scores = self.session.scores
        by_truth = bool(self.shares.currentData())
        seen = (scores, self._scope, self._order, by_truth)
        if len(self._of) != len(seen) or scores is not self._of[0] or seen[1:] != self._of[1:]:
            self._of = seen
            self._show_table(scores, by_truth)
        self._show_state(scores)

    def _show_table(self, scores: Scores, by_truth: bool) -> None:
        table = score_table(scores, self._scope, self._order)
        if table is None and view_words.working(self.session):
            return  # the old one stays, dimmed, until the new one is there
        self.matrix.show_table(table, by_truth=by_truth)
        self.matrix.choose(self._cell)
        self.told.setText(GUIDE)
        self._show_scope(scores)
        self._fill_mistakes(table)

    def _show_scope(self, scores: Scores) -> None:
        self.scope.show_value(self._scope)
        self.scope.buttons["seen"].setText(f"Frames seen ({scores.frames})" if scores.frames else "Frames seen")

    def _fill_mistakes(self, table: ScoreTable | None) -> None:
        self.mistakes.clear()
        if table is None:
            return
        for row, column in table.mistakes(MISTAKES):
            truth = table.columns[column]
            item = QListWidgetItem(f"{table.names[truth]} → {table.names[row]}")
            item.setData(Role.SWATCH, QColor(*table.colors[truth]))
            share = percent(table.of_truth[row, column])
            item.setData(Role.NOTE, f"{text.count(int(table.counts[row, column]))} · {share}")
            item.setData(Role.VALUE, table.cell_ids(row, column))
            item.setToolTip(f"{table.cell(row, column)}. Click to light them up.")
            self.mistakes.addItem(item)

    def _show_state(self, scores: Scores) -> None:
        """The table, or one sentence that says why there is none and what to do."""
        table, current = self.matrix.table, score_of(scores, self._scope) is not None
        if table is not None and not current and not view_words.working(self.session):
            self.matrix.show_table(None, by_truth=True)
            table = None
        why = "" if table is not None else self._why(scores)
        self.empty.setText(why)
        self.empty.setVisible(bool(why))
        self.show_it.setVisible(bool(why) and self._could_show())
        for part in (self.body, self.told):
            part.setVisible(table is not None)
        self.body.setEnabled(current)
        if table is not None and not current:
            self.told.setText(EARLIER)
        elif self.told.text() == EARLIER:
            self.told.setText(GUIDE)
        self.bar.setVisible(table is not None or scores.total is not None)

    def _could_show(self) -> bool:
        models = self.desk.models
        return self.session.drive is not None and models.options is not None and not models.shown

    def _why(self, scores: Scores) -> str:
        models = self.desk.models
        if self.session.drive is None:
            return ""
        if models.options is None:
            return "No network predicts yet. Choose a checkpoint in the Model panel, or in the Model menu."
        why = view_words.reason(self.session, LAYER)
        if why:
            return why
        if not models.shown:
            return "No view shows anything of the network, so nothing is predicted."
        if scores.report is None:
            return "The network is at work on this frame."
        return scores.report.why or "No point of this frame is labelled with a class."

    # what the user does

    def _choose_scope(self, scope: Scope) -> None:
        self._scope = scope
        self._refresh()

    def _choose_order(self, order: Order) -> None:
        self._order = order
        self._refresh()

    def _choose_cell(self, predicted: int, true: int) -> None:
        self._cell, self._asked = (predicted, true), True
        self.matrix.choose(self._cell)
        self.session.select_confusion_cell(predicted, true)

    def _choose_mistake(self, item: QListWidgetItem) -> None:
        self._choose_cell(*item.data(Role.VALUE))

    def _on_selection(self) -> None:
        """The mark stays with the selection it made, and goes with another one."""
        if self._asked and len(self.session.selection):
            self._asked = False
            return
        self._cell = None
        self.matrix.choose(None)

    def _tell(self, words: str) -> None:
        self.told.setText(words or GUIDE)


ENTRY = PanelInfo("Scores", "centre", 20, ConfusionPanel, share=462)
