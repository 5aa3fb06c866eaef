"""Panel: why a superpoint has its label: pictures, scores, what flows in and from whom, what cameras see of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from app.core.affinity.inspecting import InstanceStory
from app.ui import icons, story_words, text, theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import ElidedLabel, heading, hint, tool_button
from app.ui.widgets.flow_bar import FlowBar
from app.ui.widgets.picture_cards import PictureCard, PictureCards
from app.ui.widgets.rows import swatch_icon
from app.ui.widgets.score_pairs import ScorePairs
from app.ui.widgets.sighting_view import SightingView

OFF = "Switch on the labels, then click a superpoint: everything that its label rests on is shown here."
EMPTY = "Click a superpoint to see why it is called what it is called. W goes through what affinity changed."
WAITING = "Labels are being made; then click a superpoint."
ACTIONS = (
    ("accept", "Accept", "check", "The label is right (Y); again: take it back"),
    ("reject", "Reject", "close", "Its points get no label (Shift+Y); again: take it back"),
)
SMALL = 24
TRUTH_MARK = "Thin: before. Thick: after. The ground truth is underlined."


class InstancePanel(Panel):
    """One superpoint from its crops to its label, with what can be said against it."""

    least_width = 300
    hint = "why this label"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.labelling, self.affinity = desk.labelling, desk.labelling.affinity
        self._story: InstanceStory | None = None
        self._refused = ""
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self.empty = hint(OFF)
        self.column.addWidget(self.empty)
        self.refused = hint("")
        self.refused.setObjectName("Error")
        self.column.addWidget(self.refused)
        self.body = QWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._build_head(column)
        self._build_actions(column)
        self._build_parts(column)
        self.column.addWidget(self.body)
        self.column.addStretch(1)
        affinity, session = self.affinity, self.session
        for signal in (
            affinity.story_changed, affinity.report_changed, affinity.state_changed, affinity.corrections_changed,
            session.drive_changed, session.frame_changed, session.view_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self.listen(self.labelling.relabel_requested, self.choose_class)
        self.listen(self.labelling.refused, self._refuse)
        self._refresh()

    def close_panel(self) -> None:
        """The timer goes with the panel."""
        self._due.stop()
        super().close_panel()

    # parts

    def _build_head(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(0)
        self.title = ElidedLabel()
        self.title.setFont(theme.font(15, bold=True))
        self.title.setFixedHeight(26)
        self.look = tool_button("target", "Fly to this superpoint", self._look)
        self.copy = tool_button("copy", "Copy where this label comes from", self.copy_all)
        self.clear = tool_button("close", "Let go of the superpoint", lambda: self.affinity.select(None))
        row.addWidget(self.title, 1)
        for button in (self.look, self.copy, self.clear):
            button.setFixedSize(SMALL, SMALL)
            button.setStyleSheet("padding: 0")
            row.addWidget(button)
        column.addLayout(row)
        self.where = hint("")
        self.won = hint("")
        self.won.setObjectName("Soft")
        self.truth = hint("")
        self.hand = hint("")
        self.hand.setObjectName("Warning")
        for part in (self.where, self.won, self.truth, self.hand):
            column.addWidget(part)

    def _build_actions(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(6)
        self.actions_by_name: dict[str, QPushButton] = {}
        for name, words, icon, tip in ACTIONS:
            button = self._action(words, icon, tip, partial(self.labelling.correct, name))
            self.actions_by_name[name] = button
        self.actions_by_name["relabel"] = self._action(
            "Relabel …", "chevron_down", "Give it another class (U)", self.labelling.relabel
        )
        for name in ("accept", "relabel", "reject"):
            row.addWidget(self.actions_by_name[name], 1)
        column.addLayout(row)

    @staticmethod
    def _action(words: str, icon: str, tip: str, call: Callable[[], None]) -> QPushButton:
        button = QPushButton(words)
        icons.bind(button, icon)
        button.setCheckable(words != "Relabel …")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(f"{tip}. Kept apart from the machine's labels; Ctrl+Z undoes it")
        button.setStyleSheet("padding: 4px 6px")
        button.clicked.connect(lambda *_: call())
        return button

    def _build_parts(self, column: QVBoxLayout) -> None:
        self.crops = PictureCards("Crops", self._go)
        self.scores = ScorePairs("Scores of the classes before and after affinity")
        self.scores_told = hint(TRUTH_MARK)
        self.flow = FlowBar("Label mass that flows in, by class")
        self.neighbours = PictureCards("Strongest affinity neighbours", self._go)
        self.rest = hint("")
        self.views = QWidget()
        self._views = QVBoxLayout(self.views)
        self._views.setContentsMargins(0, 0, 0, 0)
        self._views.setSpacing(8)
        self.sightings: list[SightingView] = []
        self.unseen = hint("No camera has it in its picture.")
        self.sources = hint("")
        self.sources.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for title, parts in (
            ("What CLIP saw", (self.crops,)),
            ("Scores before › after", (self.scores, self.scores_told)),
            ("Label mass flows in from", (self.flow,)),
            ("Strongest neighbours", (self.neighbours, self.rest)),
            ("Seen by", (self.views, self.unseen)),
            ("Where it comes from", (self.sources,)),
        ):
            label = heading(title)
            label.setContentsMargins(0, 8, 0, 1)
            column.addWidget(label)
            for part in parts:
                column.addWidget(part)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        open_now = self.session.drive is not None and self.affinity.state.on
        story = self.affinity.story if open_now else None
        self.body.setVisible(story is not None)
        why = "" if story is not None else self._why(open_now)
        self.empty.setText(why)
        self.empty.setVisible(bool(why))
        self.refused.setText(self._refused)
        self.refused.setVisible(bool(self._refused))
        if story is not None and story is not self._story:
            self._story = story
            self._show(story)
        elif story is None:
            self._story = None

    def _why(self, open_now: bool) -> str:
        if self.session.drive is None:
            return ""
        if not open_now:
            return OFF
        if self.affinity.report is None:
            return self.affinity.problem or WAITING
        return self.affinity.story_problem or EMPTY

    def _show(self, story: InstanceStory) -> None:
        labelling = self.labelling
        self.title.setText(story_words.headline(story, labelling))
        self.where.setText(story_words.place(story))
        self.won.setText(
            f"Won by {story_words.margin(story.margin_after)} points over the second; before affinity by "
            f"{story_words.margin(story.margin_before)}"
        )
        self.won.setToolTip("Best score minus the second best, in hundredths of the whole")
        verdict, role = story_words.verdict(story, labelling)
        self.truth.setText(verdict)
        self._dress(self.truth, {"good": "Good", "error": "Error"}.get(role, "Soft"))
        said = story_words.said(story)
        self.hand.setText(said)
        self.hand.setVisible(bool(said))
        action = story.correction.action if story.correction is not None else ""
        for name, button in self.actions_by_name.items():
            button.setChecked(name == action)
        self.crops.show_cards(tuple(story_words.crop_card(crop, story, labelling) for crop in story.crops))
        self.scores.show_pairs(story_words.pairs(story, labelling))
        self.flow.show_streams(story_words.streams(story, labelling))
        most = max((one.weight for one in story.neighbours), default=1.0)
        self.neighbours.show_cards(
            tuple(story_words.neighbour_card(one, story, labelling, most) for one in story.neighbours)
        )
        self.rest.setText(
            f"The other instances of the queue give {100 * story.rest:.1f} % together."
            if story.neighbours
            else "No affinity: nothing flows in from others."
        )
        self._show_sightings(story)
        self.sources.setText("\n".join(story.provenance))

    def _show_sightings(self, story: InstanceStory) -> None:
        while len(self.sightings) > len(story.sightings):
            gone = self.sightings.pop()
            self._views.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.sightings) < len(story.sightings):
            view = SightingView()
            self._views.addWidget(view)
            self.sightings.append(view)
        for view, sighting in zip(self.sightings, story.sightings, strict=True):
            view.show_sighting(sighting)
        self.views.setVisible(bool(story.sightings))
        self.unseen.setVisible(not story.sightings)

    @staticmethod
    def _dress(label: QWidget, name: str) -> None:
        if label.objectName() != name:
            label.setObjectName(name)
            label.style().unpolish(label)
            label.style().polish(label)

    def _refuse(self, sentence: str) -> None:
        if sentence != self._refused:
            self._refused = sentence
            self._story = None  # a button that was refused shows again what is so
            self._refresh_soon()

    # what the user does

    def choose_class(self) -> None:
        """A menu of the classes that the superpoint could get, the likeliest first."""
        story, labels = self.affinity.story, self.session.label_set
        if story is None or labels is None:
            self._refuse("Choose a superpoint first; then it can be relabelled.")
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        score = dict(zip((int(c) for c in story.classes), (float(s) for s in story.after), strict=True))
        entries = [entry for entry in labels.classes if entry.id != labels.ignore]
        for entry in sorted(entries, key=lambda one: -score.get(one.id, -1.0)):
            share = f"   {text.number(score[entry.id])}" if entry.id in score else ""
            action = menu.addAction(swatch_icon(self.labelling.color(entry.id)), f"{entry.name}{share}")
            action.triggered.connect(lambda _on=False, i=entry.id: self.labelling.correct("relabel", i))
        button = self.actions_by_name["relabel"]
        corner = button if button.isVisible() else self
        menu.popup(corner.mapToGlobal(corner.rect().bottomLeft()))

    def copy_all(self) -> None:
        """The story in words on the clipboard."""
        story = self._story
        if story is None:
            return
        lines = [self.title.text(), self.where.text(), self.truth.text(), self.won.text()]
        lines += [f"{p.name}\t{p.before:.4f}\t{p.after:.4f}" for p in self.scores.pairs]
        lines += [card.tip.replace("\n", " ") for card in self.neighbours.cards]
        QApplication.clipboard().setText("\n".join([*lines, *story.provenance]))

    def _look(self) -> None:
        if self._story is not None:
            self.labelling.attempt(partial(self.affinity.fly_to, self._story.row))

    def _go(self, card: PictureCard) -> None:
        if card.value is not None:
            self.labelling.visit(card.value)


ENTRY = PanelInfo("Superpoint", "right", 3, InstancePanel, share=860)
"""Above everything else on the right: it is the longest story."""
