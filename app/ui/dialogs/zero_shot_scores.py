"""The confusion of the zero-shot classes with the labels, beside the window; a click lights up a cell's points."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.core.labels import UNKNOWN
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.score_table import Order, Scope, score_table
from app.ui.widgets.class_matrix import ClassMatrix
from app.ui.widgets.common import ElidedLabel, hint, tool_button
from app.ui.widgets.segments import Segments

LAYER = "zero_shot"
SCOPES: tuple[tuple[Scope, str, str], ...] = (
    ("frame", "This frame", "Labelled points of the frame in view that have a feature"),
    ("seen", "Frames seen", "All labelled frames seen since the words or the way changed, each counted once"),
)
ORDERS: tuple[tuple[Order, str], ...] = (
    ("classes", "By class"),
    ("worst", "Worst first"),
    ("points", "Most points"),
)
GUIDE = (
    "Rows are what a point was called by its words, columns what is labelled. A click lights up a cell's points."
)
NOTHING = "There is nothing to hold against labels: switch the known classes on, in a frame that has labels."


class ZeroShotScores(Listening, QDialog):
    """It follows the frame in view."""

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        super().__init__(parent)
        self.setWindowTitle("Known classes by their words: confusion")
        self.resize(860, 560)
        self._session, self._language = desk.session, desk.asking.language
        self._scope: Scope = "frame"
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 8, 10)
        self.scope = Segments("Scores of", SCOPES, self._choose_scope)
        self.order = QComboBox()
        for value, words in ORDERS:
            self.order.addItem(words, value)
        self.order.setAccessibleName("Order of the classes")
        self.order.activated.connect(lambda _i: self._refresh())
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 0, 0)
        row.addWidget(self.scope)
        row.addStretch(1)
        row.addWidget(self.order)
        row.addWidget(tool_button("refresh", "Count the frames anew", self._language.reset_scores))
        column.addLayout(row)
        self.matrix = ClassMatrix(lambda words: self.told.setText(words or GUIDE), self._choose_cell)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidget(self.matrix)
        self.empty = hint(NOTHING, inset=True)
        self.told = ElidedLabel(GUIDE)
        self.told.setObjectName("Soft")
        self.told.setFixedHeight(22)
        self.told.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.area, 1)
        column.addWidget(self.empty)
        column.addWidget(self.told)
        self.listen(self._language.scores_changed, lambda _scores: self._refresh())
        self.finished.connect(lambda _code: self.stop_listening())
        self._refresh()

    def _refresh(self) -> None:
        scores = self._language.scores
        label_set = self._session.label_set
        colors = label_set.colors if label_set is not None else None
        table = score_table(scores, self._scope, self.order.currentData(), colors)
        self.scope.show_value(self._scope)
        self.scope.buttons["seen"].setText(f"Frames seen ({scores.frames})" if scores.frames else "Frames seen")
        self.matrix.show_table(table, by_truth=True)
        self.area.setVisible(table is not None)
        self.told.setVisible(table is not None)
        self.empty.setVisible(table is None)

    def _choose_scope(self, scope: Scope) -> None:
        self._scope = scope
        self._refresh()

    def _choose_cell(self, called: int, true: int) -> None:
        """Select the points of the frame in view that are in the cell; where frames are drawn together, none."""
        state, label_set = self._session.frame_state, self._session.label_set
        data = state.cloud.layers.get(LAYER) if state is not None else None
        if state is None or label_set is None or data is None or state.frame.labels is None:
            self.told.setText("Show the known classes in the view: their points can then be lit up.")
            return
        if state.cloud.frame_of is not None:
            self.told.setText("Draw one frame alone: points of several frames cannot be lit up from here.")
            return
        truth = label_set.train_ids(state.frame.labels)
        rows = np.flatnonzero((data.values == called) & (np.where(truth == UNKNOWN, 0, truth) == true))
        self._session.select(rows)


def show_scores(parent: QWidget, desk: Desk) -> None:
    """Open it beside the window."""
    dialog = ZeroShotScores(parent, desk)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
