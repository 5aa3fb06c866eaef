"""Panel: how pseudo-labels are made, how right they are before and after affinity, and what the views show."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core.affinity.inspecting import QueueReport
from app.core.affinity.options import ANNOTATION_FREE, ZERO_SHOT, PseudoLabelOptions
from app.core.session_affinity_options import CLASSES
from app.ui import icons, labelling, text, theme
from app.ui.desk import Desk
from app.ui.dialogs.choose_clip import ask_clip
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.accuracy_shift import AccuracyShift, Shift
from app.ui.widgets.common import ElidedLabel, heading, hint, tool_button
from app.ui.widgets.label_controls import LabelControls
from app.ui.widgets.power_head import Obstacle, PowerHead
from app.ui.widgets.segments import Segments

SETTINGS = (
    (ZERO_SHOT, "Zero-shot", "Some classes are annotated, CLIP names the others (generalized zero-shot)"),
    (ANNOTATION_FREE, "No annotation", "Nothing is annotated: CLIP names every superpoint"),
)
OFF = (
    "CLIP names superpoints by their pictures, and those that look alike correct each other. Switch it on to see "
    "what every label rests on."
)
OFFERS = {CLASSES: "Use SemanticKITTI's classes", "annotation-free": "Label without annotation instead"}
"""What the button beside a problem says."""

NO_TRUTH = "No ground truth here, so accuracy cannot be told. Flips, margins and neighbours can."
NOTHING_JUDGED = "No superpoint of this queue has ground truth of a class that is sought."
LEAVES = "When labels are written, a queue ends where this one would; what is right here is right there."


class PseudoLabelsPanel(Panel):
    """A switch, accuracy, layers, the queue, and below them every number that decides labels."""

    least_width = 308

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.labelling = desk.labelling
        self.affinity = desk.labelling.affinity
        self._refused = ""
        self._counted: PseudoLabelOptions | None = None
        """Options that the shown accuracy belongs to."""
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self._build_head()
        self._build_body()
        self.controls = LabelControls(self.labelling, lambda: ask_clip(self.window(), desk))
        self._build_foot()
        self.column.addStretch(1)
        self._listen()
        self._refresh()

    def _listen(self) -> None:
        affinity, session = self.affinity, self.session
        for signal in (
            affinity.state_changed, affinity.gathering_changed, affinity.corrections_changed,
            session.language.clip_changed, session.frame_changed, session.drive_changed, session.view_changed,
            session.views_changed, session.sequence_changed, self.desk.active_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self.listen(affinity.report_changed, self._on_report)
        self.listen(self.labelling.refused, self._refuse)

    def close_panel(self) -> None:
        """The timer goes with the panel."""
        self._due.stop()
        super().close_panel()

    # parts

    def _build_head(self) -> None:
        tip = "Make labels for the frames in view, and say why (Shift+E)"
        head = PowerHead("Explain labels", tip, self.labelling.toggle)
        self.name, self.power = head.told, head.power
        self.off = hint(OFF)
        self.obstacle = Obstacle(self.labelling.take_offer)
        self.problem, self.offer = self.obstacle.problem, self.obstacle.offer
        for part in (head, self.off, self.obstacle):
            self.column.addWidget(part)

    def _build_body(self) -> None:
        self.body = QWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(5)
        self.setting = Segments("Setting", SETTINGS, lambda value: self.labelling.set(setting=value))
        self.shift = AccuracyShift("Accuracy before and after affinity")
        self.truth = hint(NO_TRUTH)
        self.shows = Segments("Show", labelling.SHOWS, self.labelling.show)
        self.shows.buttons["difference"].setText("Diff")
        for segments, padding in ((self.setting, 7), (self.shows, 4)):
            wide = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            segments.setSizePolicy(wide)
            for button in segments.buttons.values():
                button.setSizePolicy(wide)
                button.setStyleSheet(f"padding: 2px {padding}px")
        self.beside = QPushButton("Before and after side by side")
        icons.bind(self.beside, "split")
        self.beside.setCheckable(True)
        self.beside.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.beside.setToolTip("Labels before affinity in the left view, after it in the right one (Z)")
        self.beside.clicked.connect(lambda _on: self.labelling.side_by_side())
        for part in (self.setting, self.shift, self.truth):
            column.addWidget(part)
        column.addWidget(heading("Show"))
        column.addWidget(self.shows)
        column.addWidget(self.beside)
        self._build_queue(column)
        self.column.addWidget(self.body)

    def _build_queue(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.queue = ElidedLabel()
        self.queue.setObjectName("Soft")
        self.queue.setFont(theme.font(12))
        self.gather = QPushButton("Gather")
        self.gather.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.gather.setFont(theme.font(12))
        self.gather.setStyleSheet("padding: 2px 8px")
        self.gather.setToolTip("Read the superpoints of the frames that are still missing in the queue (Shift+G)")
        self.gather.clicked.connect(lambda *_: self.labelling.attempt(self.affinity.gather))
        self.stop = tool_button("stop", "Stop reading; what is read stays", self.affinity.cancel_gather)
        row.addWidget(self.queue, 1)
        row.addWidget(self.gather)
        row.addWidget(self.stop)
        column.addLayout(row)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Frames of the queue that are read")
        self.progress.setFixedHeight(7)
        self.notes = hint("")
        self.notes.setObjectName("Soft")
        column.addWidget(self.progress)
        column.addWidget(self.notes)

    def _build_foot(self) -> None:
        self.column.addWidget(self.controls)
        row = QHBoxLayout()
        row.setContentsMargins(0, 4, 0, 0)
        self.hand = ElidedLabel()
        self.hand.setObjectName("Soft")
        self.hand.setFont(theme.font(12))
        self.reset = QPushButton("Reset all")
        icons.bind(self.reset, "undo")
        self.reset.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.reset.setToolTip("Every number as it usually is; can be undone")
        self.reset.clicked.connect(lambda *_: self.labelling.attempt(self.affinity.reset_options))
        row.addWidget(self.hand, 1)
        row.addWidget(self.reset)
        self.column.addLayout(row)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _on_report(self, report: QueueReport | None) -> None:
        self._counted = self.affinity.state.options if report is not None else None
        self._refresh_soon()

    def _refresh(self) -> None:
        on = self.affinity.state.on and self.session.drive is not None
        self.power.setChecked(on)
        self.power.setText("On" if on else "Explain labels")
        self.off.setVisible(not on)
        for part in (self.body, self.controls, self.reset, self.hand):
            part.setVisible(on)
        self._show_problem(on)
        self.name.setText("")
        if not on:
            return
        self.setting.show_value(self.affinity.state.options.setting)
        self.shows.show_value(self.labelling.shown)
        self.beside.setChecked(self.labelling.beside)
        self._show_accuracy()
        self._show_queue()
        self._show_controls()
        counts = self.affinity.correction_counts
        self.hand.setText(f"{text.count(counts.total)} by hand" if counts.total else "")
        self.hand.setToolTip(
            f"{text.count(counts.accepted)} accepted, {text.count(counts.rejected)} rejected, "
            f"{text.count(counts.relabelled)} relabelled in {text.plural(counts.frames, 'frame')}"
        )

    def _show_problem(self, on: bool) -> None:
        problem = self._refused or (self.affinity.problem if on else "")
        self.obstacle.show_problem(problem, OFFERS.get(self.affinity.offer, "") if on else "")

    def _show_accuracy(self) -> None:
        report = self.affinity.report
        known = report is not None and report.truth_known
        self.shift.setVisible(known)
        if report is not None:
            before, after = report.before, report.after
            stale = self._counted != self.affinity.state.options
            self.shift.show_shifts(
                (
                    Shift("Superpoints", before.instances_right, after.instances_right, after.instances),
                    Shift("Points", before.points_right, after.points_right, after.points),
                ),
                stale=stale,
            )
            self.name.setText(f"walk {1e3 * report.seconds:.0f} ms")
            self.name.setToolTip(f"Labels of the queue took {text.seconds(report.total_seconds)} in all")
        why = "" if report is None or known else NOTHING_JUDGED if self._has_labels() else NO_TRUTH
        self.truth.setText(why)
        self.truth.setVisible(bool(why))

    def _has_labels(self) -> bool:
        state = self.session.frame_state
        return state is not None and state.frame.labels is not None

    def _show_queue(self) -> None:
        report, now = self.affinity.report, self.affinity.gathering
        lacking = len(report.lacking) if report is not None else 0
        self.progress.setVisible(now.on)
        self.stop.setVisible(now.on)
        self.gather.setVisible(not now.on and lacking > 0)
        self.gather.setText(f"Gather {text.count(lacking)} more")
        self.queue.setToolTip(LEAVES)
        if now.on:
            self.progress.setRange(0, now.total)
            self.progress.setValue(now.done)
            self.queue.setText(
                f"Reading {text.count(now.done)} of {text.plural(now.total, 'frame')}" if now.total else "Reading …"
            )
        elif report is None:
            self.queue.setText("" if self.affinity.problem else "Labels are being made …")
        else:
            first, last = report.frames[0], report.frames[-1]
            frames = f"frame {first}" if first == last else f"frames {first}–{last}"
            self.queue.setText(f"{text.plural(report.instances, 'superpoint')} · {frames}")
        notes = "\n".join(report.notes) if report is not None else ""
        self.notes.setText(notes)
        self.notes.setVisible(bool(notes))

    def _show_controls(self) -> None:
        language = self.session.language
        info = language.clip_info
        self.controls.show_state(
            self.affinity.state,
            float(info.logit_scale) if info is not None else 0.0,
            info.title if info is not None else "Choose a CLIP…",
            tuple((entry.name, entry.title) for entry in language.template_sets),
            self.session.label_set,
        )

    def _refuse(self, sentence: str) -> None:
        if sentence != self._refused:
            self._refused = sentence
            self._refresh_soon()


ENTRY = PanelInfo("Pseudo-labels", "left", 40, PseudoLabelsPanel, share=640)
