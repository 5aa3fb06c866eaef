"""Panel: the data set's own classes, sought by their words alone, and how well that goes."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.evaluation.protocols import OFFICIAL, PRESENT
from app.core.language.zero_shot_result import ZeroShotReport
from app.ui import icons, text
from app.ui.desk import Desk
from app.ui.dialogs.zero_shot_scores import show_scores
from app.ui.panels.base import Panel, PanelInfo
from app.ui.score_table import Scope, percent, score_of
from app.ui.widgets.chips import Chips
from app.ui.widgets.common import heading, hint, tool_button
from app.ui.widgets.power_head import PowerHead
from app.ui.widgets.rows import HEIGHT, Role, RowDelegate
from app.ui.widgets.value_rows import ValueRow, ValueRows

ROWS_SEEN = 5
"""So many classes stay in sight while one's words are edited; the list scrolls, and so does the panel."""

OFF = "Each point gets the class whose words it is most alike; nothing was trained on labels. Switch it on to see."
NO_CLASSES = "This data set has no list of classes. Ask for anything in words instead."
NO_LABELS = "This frame has no labels to hold the classes against."


class ZeroShotPanel(Panel):
    """A switch, the classes with their IoU, and below them the words of the chosen class."""

    hint = "click edits words"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.asking, self.language = desk.asking, desk.asking.language
        self._class: int | None = None
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self._build_head()
        self._build_list()
        self._build_words()
        self.column.addStretch(0)
        language, session = self.language, self.session
        for signal in (
            language.zero_shot_changed, language.scores_changed, language.words_changed, language.clip_changed,
            session.drive_changed, session.sequence_changed, session.frame_changed, session.methods_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self._refresh()

    def close_panel(self) -> None:
        """The timer goes with the panel."""
        self._due.stop()
        super().close_panel()

    # parts

    def _build_head(self) -> None:
        tip = "Give each point the class whose words it is most alike (C)"
        head = PowerHead("Classify", tip, self.asking.toggle_classes)
        self.name, self.power = head.told, head.power
        self.column.addWidget(head)
        self.state = hint("")
        self.column.addWidget(self.state)
        self.figures = ValueRows("Zero-shot scores")
        self.column.addWidget(self.figures)
        self.matrix = QPushButton("Confusion …")
        icons.bind(self.matrix, "grid")
        self.matrix.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.matrix.setToolTip("What is called what, class by class; a click lights up the points")
        self.matrix.clicked.connect(lambda *_: show_scores(self.window(), self.desk))
        self.column.addWidget(self.matrix, 0, Qt.AlignmentFlag.AlignLeft)

    def _build_list(self) -> None:
        self.list = _Classes()
        self.list.setItemDelegate(RowDelegate(self.list, inset=2, right=4))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Classes")
        self.list.currentItemChanged.connect(lambda row, _before: self._choose(row))
        self.column.addWidget(self.list, 1)

    def _build_words(self) -> None:
        self.editor = QWidget()
        column = QVBoxLayout(self.editor)
        column.setContentsMargins(0, 4, 0, 2)
        column.setSpacing(4)
        row = QHBoxLayout()
        self.words_title = heading("")
        self.reset = tool_button("undo", "The words of all classes as they came", self.language.reset_words)
        row.addWidget(self.words_title, 1)
        row.addWidget(self.reset)
        self.words = Chips("Words of the class", on_words=self._edit)
        self.drove = hint("")
        column.addLayout(row)
        column.addWidget(self.words)
        column.addWidget(self.drove)
        self.column.addWidget(self.editor)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        language = self.language
        words = language.words if self.session.drive is not None else None
        known = words is not None
        self.power.setVisible(known)
        self.power.setChecked(language.zero_shot)
        self.name.setText(f"{text.count(len(words.words))} classes of {words.name}" if words is not None else "")
        self.list.setVisible(known)
        self._show_state(known)
        self._show_figures()
        self._fill()
        self._show_words()

    def _show_state(self, known: bool) -> None:
        language = self.language
        words, wrong = "", False
        if self.session.drive is not None and not known:
            words = NO_CLASSES
        elif known and not language.zero_shot:
            words = OFF
        elif language.zero_shot_problem:
            words, wrong = language.zero_shot_problem, True
        elif language.zero_shot and language.scores.report is not None and language.scores.frame is None:
            words = NO_LABELS
        self.state.setText(words)
        self.state.setVisible(bool(words))
        name = "Error" if wrong else "Hint"
        if self.state.objectName() != name:
            self.state.setObjectName(name)
            self.state.style().unpolish(self.state)
            self.state.style().polish(self.state)

    def _show_figures(self) -> None:
        scores = self.language.scores
        rows: list[ValueRow] = []
        scopes: list[tuple[str, Scope]] = [("mIoU here", "frame")]
        if scores.frames > 1:
            scopes.append((f"over {text.count(scores.frames)} frames", "seen"))
        for words, scope in scopes:
            confusion = score_of(scores, scope)
            if confusion is not None and self.language.zero_shot:
                there = int(confusion.present.sum())
                value = f"{percent(confusion.miou(OFFICIAL))} · {percent(confusion.miou(PRESENT))} of {there}"
                tip = f"{OFFICIAL.title}; then {PRESENT.title} ({there}). Points without a feature are not counted."
                rows.append(ValueRow(words, value, tip, strong=scope == "frame"))
        self.figures.show_rows(tuple(rows))
        self.figures.setVisible(bool(rows))
        self.matrix.setVisible(bool(rows))

    def _fill(self) -> None:
        words, label_set = self.language.words, self.session.label_set
        entries = (
            words.words if words is not None and label_set is not None and self.session.drive is not None else ()
        )
        confusion = score_of(self.language.scores, "frame") if self.language.zero_shot else None
        iou = confusion.iou(PRESENT) if confusion is not None else None
        self.list.blockSignals(True)
        if [self.list.item(i).data(Role.VALUE) for i in range(self.list.count())] != [one.id for one in entries]:
            self.list.clear()
            for one in entries:
                row = QListWidgetItem(one.name)
                row.setData(Role.VALUE, one.id)
                self.list.addItem(row)
        for place, one in enumerate(entries):
            row = self.list.item(place)
            row.setText(one.name)
            if label_set is not None:
                row.setData(Role.SWATCH, QColor(*(int(v) for v in label_set.colors[one.id])))
            share = float(iou[one.id]) if iou is not None and one.id < len(iou) else float("nan")
            row.setData(Role.NOTE, percent(share) if iou is not None else text.plural(len(one.synonyms), "word"))
            row.setToolTip(f"{one.name}: {', '.join(one.synonyms)}")
        self.list.setMinimumHeight(min(len(entries), ROWS_SEEN) * HEIGHT)
        self.list.setMaximumHeight(max(len(entries), 1) * HEIGHT + 4)
        self.list.blockSignals(False)

    def _show_words(self) -> None:
        words = self.language.words
        entry = next((one for one in words.words if one.id == self._class), None) if words is not None else None
        self.editor.setVisible(entry is not None and self.session.drive is not None)
        if entry is not None:
            self.words_title.setText(f"Words for {entry.name}".upper())
            self.words.show_words(tuple(entry.synonyms))
            drove = self._drove(entry.synonyms)
            self.drove.setText(drove)
            self.drove.setVisible(bool(drove))

    def _drove(self, synonyms: tuple[str, ...]) -> str:
        """How many points of the frame in view each word of a class has decided."""
        report: object = self.language.scores.report
        if not isinstance(report, ZeroShotReport) or not self.language.zero_shot:
            return ""
        counts = [f"{word} {text.count(points)}" for word, points in report.drove if word in synonyms]
        return f"Points decided here by: {', '.join(counts)}" if counts else "No word of it decides any point here."

    # what the user does

    def _choose(self, row: QListWidgetItem | None) -> None:
        self._class = row.data(Role.VALUE) if row is not None else None
        self._show_words()

    def _edit(self, synonyms: tuple[str, ...]) -> None:
        """Other words for the chosen class; without any it is not asked for. Refused ones are taken back."""
        words = self.language.words
        if words is None:
            return
        entries = tuple(replace(one, synonyms=synonyms) if one.id == self._class else one for one in words.words)
        if not self.asking.attempt(lambda: self.language.set_words(replace(words, words=entries))):
            self._show_words()


class _Classes(QListWidget):
    """A list that asks for no more room than it must have, and takes what there is."""

    def sizeHint(self) -> QSize:
        """The least."""
        return QSize(200, self.minimumHeight())


ENTRY = PanelInfo("Known classes", "left", 26, ZeroShotPanel, share=420)
