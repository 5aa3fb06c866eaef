"""Panel: ask in words. Type, and the points light up; several prompts, each with its colour, shown in four ways."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.ui import icons, query_menus, query_words, theme
from app.ui.desk import Desk
from app.ui.dialogs.choose_clip import ask_clip
from app.ui.dialogs.own_templates import edit_templates
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.ask_field import AskCalls, AskField
from app.ui.widgets.chips import Chips
from app.ui.widgets.clip_card import ClipCard
from app.ui.widgets.common import ElidedLabel, hint, tool_button
from app.ui.widgets.prompt_rows import PromptCalls, PromptRows
from app.ui.widgets.query_show import QueryShow
from app.ui.widgets.query_ways import QueryWays

PATIENCE_MS = 500
"""Words that are not known are spoken of when the typing rests: half a word is nobody's mistake."""

NOTHING = "Points are coloured by how well they answer. Click one to try, or pick a point and ask for more like it."


class QueryPanel(Panel):
    """The search field on top, the prompts below it, then how the answer is shown and where it comes from."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.asking = desk.asking
        self.language = desk.asking.language
        self._refused = ""
        self._calm = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._calm.timeout.connect(self._refresh)
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self._build_head()
        self._build_empty()
        self.rows = PromptRows(
            PromptCalls(
                activate=lambda place: self.asking.attempt(lambda: self.language.set_active(place)),
                edit=self._edit_row,
                recolor=lambda place, color: self.asking.attempt(lambda: self.language.recolor(place, color)),
                remove=lambda place: self.asking.attempt(lambda: self.language.remove_prompt(place)),
            )
        )
        self.column.addWidget(self.rows)
        self._build_tools()
        self.show_part = QueryShow(self.asking, self.session)
        self.ways = QueryWays(self.asking, self.session, lambda: edit_templates(self.window(), desk))
        self.clip = ClipCard(self.language, self.choose_clip)
        for part in (self.show_part, self.ways, self.clip):
            self.column.addWidget(part)
        self.column.addStretch(1)
        self._listen()
        self._refresh()

    def _listen(self) -> None:
        language, session = self.language, self.session
        for signal in (
            language.query_changed, language.report_changed, language.clip_changed, language.kept_changed,
            session.frame_changed, session.drive_changed, session.methods_changed, session.picked_changed,
            session.accumulation_changed, language.templates_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self.listen(language.query_changed, lambda _query: self._sync_field())
        self.listen(self.asking.field_requested, self.focus_field)
        self.listen(self.asking.refused, self._refuse)
        self.listen(self.asking.box_tool_changed, self.by_box_shown)

    def close_panel(self) -> None:
        """Timers go with the panel."""
        self._calm.stop()
        self._due.stop()
        super().close_panel()

    def showEvent(self, event: QShowEvent) -> None:
        """Whoever looks at the panel is about to ask: the CLIP that comes along is read meanwhile."""
        super().showEvent(event)
        if self.session.drive is not None:
            self.language.use_built_in_clip()

    # parts

    def _build_head(self) -> None:
        self.field = AskField(AskCalls(self._typed, self._left, self.asking.step))
        self.column.addWidget(self.field)
        self.knows = ElidedLabel()
        self.knows.setObjectName("Faint")
        self.knows.setFont(theme.font(12))
        self.column.addWidget(self.knows)
        self.problem = hint("")
        self.problem.setObjectName("Error")
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notes = hint("")
        self.notes.setObjectName("Soft")
        self.column.addWidget(self.problem)
        self.column.addWidget(self.notes)

    def _build_empty(self) -> None:
        self.empty = QWidget()
        column = QVBoxLayout(self.empty)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(6)
        self.examples = Chips("Examples", on_word=self.asking.word)
        column.addWidget(self.examples)
        column.addWidget(hint(NOTHING))
        self.column.addWidget(self.empty)

    def _build_tools(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 4, 0, 2)
        row.setSpacing(2)
        self.by_point = tool_button("target", "More like the picked point (J)", self.asking.more_like_this)
        self.by_box = tool_button("box_select", "Ask by a box: drag one over the picture (Shift+drag)", None)
        self.by_box.setCheckable(True)
        self.by_box.clicked.connect(self.asking.set_box_tool)
        self.sets = tool_button("bookmark", "Saved prompts", lambda: self._popup(self.sets, query_menus.fill_sets))
        self.clear = tool_button("close", "Clear the query", self.asking.clear)
        self.keep = QPushButton("Keep …")
        icons.bind(self.keep, "plus")
        self.keep.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.keep.setToolTip("Keep what was found as a layer, a class or a selection, or export it")
        self.keep.clicked.connect(lambda *_: self._popup(self.keep, query_menus.fill_keep))
        for part in (self.by_point, self.by_box, self.sets, self.clear):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.keep)
        self.column.addLayout(row)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        language = self.language
        query = language.query
        calm = not self._calm.isActive()
        unknown = query_words.unknown_words(language) if calm else ()
        self.empty.setVisible(not query.prompts)
        info = language.clip_info
        self.examples.show_words(query_words.examples(info.vocabulary if info is not None else None))
        self.rows.show_lines(query_words.lines(query, language.report, unknown), query.active)
        self.rows.setVisible(bool(query.prompts))
        self._show_said(calm)
        asked = bool(query.asked)
        self.keep.setEnabled(asked or bool(language.kept))
        self.clear.setEnabled(bool(query.prompts))
        self.by_point.setEnabled(self.session.picked is not None)
        self.show_part.setVisible(asked)
        if asked:
            self.show_part.refresh()
        self.ways.refresh()
        self.clip.refresh()
        self._sync_field()

    def _show_said(self, calm: bool) -> None:
        language = self.language
        self.knows.setText(query_words.reads(language))
        self.knows.setVisible(bool(self.knows.text()))
        problem = self._refused or (language.problem if calm and language.query.asked else "")
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        notes = "\n".join(text for text in language.notes) if calm and language.query.asked else ""
        self.notes.setText(notes)
        self.notes.setVisible(bool(notes))

    def _sync_field(self) -> None:
        """The field shows the words of the active prompt, unless another one is just being begun."""
        query = self.language.query
        prompt = query.prompts[query.active] if query.active < len(query.prompts) else None
        self.field.show_words(prompt.text if prompt is not None else "", any_prompt=bool(query.prompts))

    def by_box_shown(self, on: bool) -> None:
        """Tick the button while a drag over the picture asks."""
        self.by_box.setChecked(on)

    def _refuse(self, sentence: str) -> None:
        if sentence != self._refused:
            self._refused = sentence
            self._refresh_soon()

    # what the user does

    def focus_field(self) -> None:
        """Put the cursor into the field, its words marked."""
        self.field.setFocus()
        self.field.selectAll()

    def choose_clip(self) -> None:
        """Let the user choose another CLIP."""
        ask_clip(self.window(), self.desk)

    def _typed(self, words: str, new: bool) -> None:
        query = self.language.query
        fresh = new or not query.prompts
        if not fresh:
            active = query.prompts[query.active]
            fresh = active.point is not None or active.box is not None  # an example is no words to change
        if fresh and not words.strip():
            return
        self._calm.start()
        self.asking.type(None if fresh else query.active, words)

    def _edit_row(self, place: int, words: str) -> None:
        self._calm.start()
        self.asking.type(place, words)

    def _left(self) -> None:
        """A prompt whose words were all taken away goes when the field is left."""
        query = self.language.query
        if query.active < len(query.prompts) and query.prompts[query.active].empty:
            self.asking.attempt(lambda: self.language.remove_prompt(query.active))
        self._sync_field()

    def _popup(self, button: QToolButton | QPushButton, fill: object) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        fill(menu, self.asking, self.window())  # type: ignore[operator]
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


ENTRY = PanelInfo("Ask in words", "right", 4, QueryPanel, share=760)
"""Above the inspector: what is asked, and then what is known of a point."""
