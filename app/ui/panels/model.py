"""Panel: which network predicts, how, how fast and how well, and what else looks like the picked point."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import Cancelled, LidarScopeError
from app.core.methods.similarity import SimilarityOptions
from app.core.session_methods import SIMILARITY
from app.core.tasks.read_checkpoint import CheckpointInfo
from app.ui import icons, text, theme, view_words
from app.ui.actions_model import VOTES, fill_recent
from app.ui.desk import Desk
from app.ui.dialogs.checkpoint import ask_checkpoint, ask_run
from app.ui.model_choice import LAYER
from app.ui.model_facts import card_rows, checkpoint_name, score_rows, work_rows
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import ElidedLabel, heading, hint, tool_button
from app.ui.widgets.segments import Segments
from app.ui.widgets.value_rows import ValueRow, ValueRows

NOTHING = (
    "No network is chosen. A checkpoint is a file of trained weights; its network then labels every frame in view, "
    "and the scores say how well."
)
SWITCHED_OFF = "Switched off. Predict (M) has it label the frames in view."
UNSEEN = "No view shows anything of it, so nothing is predicted."
ON_FRAME, AT_WORK = "On this frame", "At work on this frame"
PRECISIONS = (
    ("auto", "Automatic", "bfloat16 where the processor is faster with it"),
    ("fp32", "float32", "Full precision"),
    ("bf16", "bfloat16", "Half the memory; a few points in a thousand may get another class"),
)
CARDS = Path("/proc/driver/nvidia/gpus")


class ModelPanel(Panel):
    """The checkpoint on top, how it predicts below it, then what came of it on this frame."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.models = desk.models
        self._info: CheckpointInfo | None = None
        self._reading: Path | None = None
        self._read: Path | None = None
        self._problem = ""
        self._build_head()
        self._build_options()
        self._build_work()
        self._build_similar()
        self._build_card()
        self.column.addStretch(1)
        session = self.session
        self.listen(session.methods_changed, self._refresh)
        self.listen(session.scores_changed, lambda _scores: self._refresh())
        self.listen(session.view_changed, lambda _name: self._refresh())
        self.listen(session.frame_changed, lambda _state: self._refresh())
        self.listen(session.drive_changed, lambda _drive: self._refresh())
        self.listen(session.settings_changed, lambda _settings: self._refresh())
        self.listen(session.picked_changed, lambda _row: self._show_similar())
        self.listen(session.facts_changed, lambda _row: self._show_similar())
        self._refresh()

    # parts

    def _build_head(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.name.setFont(theme.font(14, bold=True))
        self.name.setFixedHeight(28)
        self.power = QToolButton()
        self.power.setText("Predict")
        self.power.setCheckable(True)
        self.power.setFont(theme.font(12))
        self.power.setToolTip("Have the network label every frame in view (M)")
        self.power.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.power.clicked.connect(lambda _on: self.models.toggle())
        self.more = tool_button("chevron_down", "Another checkpoint", self._show_menu)
        for part in (self.name, self.more, self.power):
            row.addWidget(part, 1 if part is self.name else 0)
        self.column.addLayout(row)
        self.state = hint("")
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self.state)
        self.start = QWidget()
        column = QVBoxLayout(self.start)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        self.use_built_in = _button("Use the built-in checkpoint", "model", self.models.use_built_in)
        self.choose = _button("Choose a checkpoint…", "file", lambda: ask_checkpoint(self.window(), self.desk))
        self.choose_run = _button("Choose a run's folder…", "folder", lambda: ask_run(self.window(), self.desk))
        self.choose.setToolTip("safetensors or torch weights; nothing in the file is run as code (Ctrl+M)")
        for button in (self.use_built_in, self.choose, self.choose_run):
            column.addWidget(button)
        self.column.addWidget(self.start)
        self.show_it = _button("Show the prediction", "eye", lambda: self.models.show(LAYER))
        self.show_it.setToolTip("Frames are predicted while a view shows something of the network (Shift+M)")
        self.column.addWidget(self.show_it)

    def _build_card(self) -> None:
        self.card = ValueRows("Checkpoint")
        self.notes = hint("")
        self.scores_title = heading("Its own validation")
        self.scores_title.setToolTip("What the checkpoint says about itself; measured when it was trained")
        self.own_scores = ValueRows("Its own scores")
        self.card_title = heading("Checkpoint")
        self.card_title.setContentsMargins(0, 6, 0, 0)
        self.scores_title.setContentsMargins(0, 6, 0, 0)
        for part in (self.card_title, self.card, self.notes, self.scores_title, self.own_scores):
            self.column.addWidget(part)

    def _build_options(self) -> None:
        self.options = QWidget()
        grid = QGridLayout(self.options)
        grid.setContentsMargins(0, 6, 0, 4)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        tips = {1: "The frame as it is", 4: "Four turned and mirrored copies, averaged", 12: "As papers report"}
        choices = tuple((votes, str(votes), tips[votes]) for votes in VOTES)
        self.votes = Segments("Votes", choices, lambda votes: self.models.change(votes=votes))
        self.device, self.precision = QComboBox(), QComboBox()
        for name, words in devices():
            self.device.addItem(words, name)
        for name, words, tip in PRECISIONS:
            self.precision.addItem(words, name)
            self.precision.setItemData(self.precision.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.device.activated.connect(lambda _i: self.models.change(device=self.device.currentData()))
        self.precision.activated.connect(lambda _i: self.models.change(precision=self.precision.currentData()))
        rows = (("Votes", self.votes), ("Device", self.device), ("Precision", self.precision))
        for place, (name, field) in enumerate(rows):
            label = QLabel(name)
            label.setObjectName("Soft")
            grid.addWidget(label, place, 0)
            side = Qt.AlignmentFlag.AlignRight if field is self.votes else Qt.AlignmentFlag(0)
            grid.addWidget(field, place, 1, side)
            field.setAccessibleName(name)
            if isinstance(field, QComboBox):
                field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.column.addWidget(self.options)

    def _build_work(self) -> None:
        self.work_title = heading(ON_FRAME)
        self.work_title.setContentsMargins(0, 6, 0, 0)
        self.work = ValueRows("On this frame")
        self.no_labels = hint("")
        for part in (self.work_title, self.work, self.no_labels):
            self.column.addWidget(part)

    def _build_similar(self) -> None:
        self.similar_title = heading("What else looks like this?")
        self.similar_title.setContentsMargins(0, 6, 0, 0)
        self.similar = hint("")
        self.find_button = _button("Find similar points", "search", self.models.find_similar)
        self.find_button.setToolTip("Compare all points with the picked one by the network's features (S)")
        self.end_button = _button("End the comparison", "close", self.models.end_similar)
        self.end_button.setToolTip("Show again what was shown before (Shift+S)")
        for part in (self.similar_title, self.similar, self.find_button, self.end_button):
            self.column.addWidget(part)

    # what is shown

    def _refresh(self) -> None:
        self._read_card()
        wanted, on = self.models.wanted, self.models.options is not None
        self.name.setText(checkpoint_name(wanted.checkpoint) if wanted is not None else "No network")
        self.power.setChecked(on)
        self.power.setVisible(wanted is not None)
        self.more.setVisible(wanted is not None)
        self.start.setVisible(wanted is None)
        self.choose_run.setVisible(wanted is None)
        self.use_built_in.setVisible(self.models.built_in is not None)
        self.options.setVisible(wanted is not None)
        if wanted is not None:
            self.votes.show_value(wanted.votes)
            _set_current(self.device, wanted.device)
            _set_current(self.precision, wanted.precision)
        self._show_state(on)
        self._show_card(on)
        self._show_work(on)
        self._show_similar()

    def _show_state(self, on: bool) -> None:
        words, problem = self._state(on)
        self.state.setText(words)
        self.state.setVisible(bool(words))
        name = "Error" if problem else "Hint"
        if self.state.objectName() != name:
            self.state.setObjectName(name)
            self.state.style().polish(self.state)
        self.show_it.setVisible(words == UNSEEN)

    def _state(self, on: bool) -> tuple[str, bool]:
        """What there is to say about the network as a whole, and whether it is a problem."""
        if self.models.wanted is None:
            return NOTHING, False
        if not on:
            return SWITCHED_OFF, False
        if self._problem:
            return self._problem, True
        why = view_words.reason(self.session, LAYER)
        if why:
            return why, True
        if self._reading is not None:
            return f"Reading {self._reading.name} …", False
        if self.session.frame_state is None:
            return "Open a drive: its frames are then predicted.", False
        if not self.models.shown:
            return UNSEEN, False
        told = self.session.scores.report is not None or self.work.rows
        return ("" if told else f"{AT_WORK} …"), False

    def _show_card(self, on: bool) -> None:
        """What the newest prediction says of its network, else what the file says."""
        report, info = self.session.scores.report, self._info
        card = report.card if report is not None else info.card if info is not None else None
        rows: tuple[ValueRow, ...] = ()
        scores: tuple[ValueRow, ...] = ()
        notes = ""
        if card is not None and on and not self._problem:
            file = report.file if report is not None else info.file if info is not None else Path()
            size = info.size if info is not None and info.file == file else None
            rows, scores, notes = card_rows(card, file, size), score_rows(card), "\n".join(card.notes)
        self.card.show_rows(rows)
        self.own_scores.show_rows(scores)
        self.notes.setText(notes)
        for part, there in (
            (self.card_title, rows),
            (self.card, rows),
            (self.notes, notes),
            (self.own_scores, scores),
        ):
            part.setVisible(bool(there))
        self.scores_title.setVisible(bool(scores))

    def _show_work(self, on: bool) -> None:
        """What came of it; while this frame's figures are made, the earlier ones stay, dimmed."""
        scores, state = self.session.scores, self.session.frame_state
        rows = work_rows(scores, len(state.frame)) if on and state is not None else ()
        waits = not rows and bool(self.work.rows) and view_words.working(self.session)
        self.work.setEnabled(not waits)
        self.work_title.setText((AT_WORK if waits else ON_FRAME).upper())
        if waits:
            return
        self.work.show_rows(rows)
        why = scores.report.why if rows and scores.report is not None else ""
        self.no_labels.setText(why)
        self.no_labels.setVisible(bool(why))
        for part in (self.work_title, self.work):
            part.setVisible(bool(rows))

    def _show_similar(self) -> None:
        on = self.models.options is not None and not self._problem and self.session.frame_state is not None
        options, picked = self.session.methods.get(SIMILARITY), self.session.picked
        words = "Pick a point, then see which others the network finds alike."
        if picked is not None:
            facts = {fact.name: fact.value for fact in self.session.facts}
            found = f", predicted {facts['Prediction']}" if "Prediction" in facts else ""
            words = f"Point {text.count(picked)}{found} is picked."
        if isinstance(options, SimilarityOptions):
            frame, row = options.anchor
            words = f"All points are compared with point {text.count(row)} of frame {text.count(frame)}."
        self.similar.setText(words)
        self.find_button.setEnabled(picked is not None)
        for part in (self.similar_title, self.similar, self.find_button):
            part.setVisible(on)
        self.end_button.setVisible(on and isinstance(options, SimilarityOptions))

    # the checkpoint's card

    def _read_card(self) -> None:
        """Have the engine read what the chosen checkpoint says of itself, once for each choice."""
        options = self.models.options
        if options is None:
            self._info, self._reading, self._read, self._problem = None, None, None, ""
            return
        path = options.checkpoint
        if path == self._read:
            return
        self._info, self._problem, self._read, self._reading = None, "", path, path

        def came(info: CheckpointInfo) -> None:
            if self._read == path:
                self._info, self._reading = info, None
                self._remember(path)
                self._refresh()

        def failed(error: LidarScopeError) -> None:
            if self._read == path and not isinstance(error, Cancelled):
                self._problem, self._reading = str(error), None
                self._refresh()

        title = f"Read {path.name}"
        self.session.run_task("read_checkpoint", title, came, key="checkpoint", on_error=failed, checkpoint=path)

    def _remember(self, path: Path) -> None:
        if path != self.models.built_in:
            known = self.session.settings.with_checkpoint(path)
            self.session.update_settings(recent_checkpoints=known.recent_checkpoints)

    def _show_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        fill_recent(menu, self.models)
        menu.addSeparator()
        if self.models.built_in is not None:
            entry = menu.addAction(icons.icon("model"), "Built-in checkpoint")
            entry.triggered.connect(lambda _on=False: self.models.use_built_in())
        for words, icon, ask in (
            ("Choose a checkpoint…", "file", ask_checkpoint),
            ("Choose a run's folder…", "folder", ask_run),
        ):
            entry = menu.addAction(icons.icon(icon), words)
            entry.triggered.connect(lambda _on=False, call=ask: call(self.window(), self.desk))
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))


def devices() -> tuple[tuple[str, str], ...]:
    """Names of devices as torch knows them, and in words; asking torch itself would take seconds."""
    cards = len(list(CARDS.glob("*/information"))) if CARDS.is_dir() else 0
    found = tuple((f"cuda:{i}", f"Graphics card {i + 1}") for i in range(cards))
    return (("auto", "Automatic"), ("cpu", "Processor"), *found)


def _button(words: str, icon: str, call: object) -> QPushButton:
    button = QPushButton(words)
    icons.bind(button, icon)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    button.clicked.connect(lambda _on: call())  # type: ignore[operator]
    return button


def _set_current(box: QComboBox, value: object) -> None:
    index = box.findData(value)
    if index >= 0 and index != box.currentIndex():
        box.setCurrentIndex(index)


ENTRY = PanelInfo("Model", "right", 5, ModelPanel, share=560)
"""Above the inspector: what predicts, and then what it says of a point."""
