"""Panel: what a query found, in this frame and over the whole sequence: pictures to fly to, scores over time."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.core.language.queries import Hit, SearchResults
from app.core.state import TaskInfo
from app.ui import icons, query_words, text, theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import ElidedLabel, hint, tool_button
from app.ui.widgets.hit_strip import HitStrip, HitTile
from app.ui.widgets.segments import Segments
from app.ui.widgets.time_strip import TimeStrip

SCOPES = (
    ("sequence", "Sequence", "The best regions of all indexed frames"),
    ("frame", "Frame", "The best regions of the frame in view"),
)
SHOWN = 24
PATIENCE_MS = 350
"""The sequence is searched again this long after the last key: words that are being typed are searched for once."""

EMPTY = "What is asked in words shows its best regions here, and how well every frame of the sequence answers."
NO_REGIONS = "Pictures of regions come with the way Regions; this way has scores for points and frames alone."


class ResultsPanel(Panel):
    """Pictures above, the strip of scores below; the sequence is searched anew whenever the question rests."""

    hint = "click flies there"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.asking, self.language = desk.asking, desk.asking.language
        self._scope = "sequence"
        self._hits: tuple[Hit, ...] = ()
        self._asked: object = None
        self._progress = ""
        self._later = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._later.timeout.connect(self._search)
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self._build()
        self._listen()
        self._refresh()

    def minimumSizeHint(self) -> QSize:
        """The dock may be low."""
        return QSize(280, 120)

    def _listen(self) -> None:
        language, session = self.language, self.session
        for signal in (
            language.search_changed, language.index_changed, language.report_changed,
            language.query_changed, session.sequence_grown, session.drive_changed, session.sequence_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self.listen(language.query_changed, lambda _query: self._search_soon())
        self.listen(language.clip_changed, self._search_soon)
        self.listen(language.templates_changed, self._search_anew)
        self.listen(language.thumbnails_changed, self._show_pictures)
        self.listen(session.frame_changed, lambda state: self.strip.show_index(state.frame.index))
        self.listen(session.task_changed, self._on_task)
        self.listen(self.asking.hit_changed, self.tiles.mark)

    def close_panel(self) -> None:
        """Timers go with the panel."""
        self._later.stop()
        self._due.stop()
        super().close_panel()

    # parts

    def _build(self) -> None:
        self.bar = QWidget()
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.scope = Segments("Results of", SCOPES, self._choose_scope)
        self.told = ElidedLabel()
        self.told.setObjectName("Soft")
        self.told.setFont(theme.font(12))
        self.told.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.index = QPushButton("Index all")
        icons.bind(self.index, "sequence")
        self.index.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.index.setToolTip("Compute the features of all frames once and keep them on the disk")
        self.index.clicked.connect(lambda *_: self.asking.attempt(self.language.index))
        self.stop = tool_button("stop", "Stop indexing; what is done stays", self.language.cancel_index)
        row.addWidget(self.scope)
        row.addWidget(self.told, 1)
        row.addWidget(self.stop)
        row.addWidget(self.index)
        self.tiles = HitStrip(self._fly)
        self.none = hint("")
        self.strip = TimeStrip(self.session.go_to)
        self.empty = hint(EMPTY)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        for part in (self.bar, self.tiles, self.none, self.strip, self.empty):
            self.column.addWidget(part)
        self.column.addStretch(1)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        language = self.language
        asked = bool(language.query.asked) and self.session.drive is not None
        self.empty.setVisible(not asked)
        for part in (self.bar, self.tiles, self.strip):
            part.setVisible(asked)
        if not asked:
            self.none.hide()
            return
        self._show_hits()
        self._show_strip(language.results)
        self._show_work(language.results)

    def _show_hits(self) -> None:
        language = self.language
        results, query = language.results, language.query
        found = language.hits if self._scope == "frame" else results.top if results is not None else ()
        if query.mode != "winner" and self._scope == "sequence":
            found = tuple(hit for hit in found if hit.prompt == query.active_asked)
        relevant = query.mode in ("relevancy", "match", "winner")
        self._hits = tuple(sorted(found, key=lambda hit: -(hit.relevancy if relevant else hit.score))[:SHOWN])
        self.scope.show_value(self._scope)
        titles = tuple(prompt.title for prompt in query.asked)
        colors = [prompt.color for prompt in query.asked]
        tiles = tuple(
            HitTile(
                hit,
                colors[hit.prompt] if hit.prompt < len(colors) else (200, 200, 200),
                text.number(hit.relevancy if relevant else hit.score, 2),
                f"frame {text.count(hit.frame)}",
                query_words.hit_words(hit, titles),
            )
            for hit in self._hits
        )
        self.tiles.show_tiles(tiles)
        self.tiles.setVisible(bool(tiles))
        why = "" if tiles else self._why_no_hits(results)
        self.none.setText(why)
        self.none.setVisible(bool(why))
        if tiles:
            language.ask_for_thumbnails(self._hits)
            self._show_pictures()

    def _why_no_hits(self, results: SearchResults | None) -> str:
        if self.language.query.way != "regions":
            return NO_REGIONS
        if self._scope == "frame":
            return (
                "Nothing is known of this frame yet." if self.language.report is None else "No region is in view."
            )
        if results is None:
            return "The sequence is being searched." if self.language.searching else ""
        return "No frame is indexed yet." if not results.indexed else "No indexed frame has a region that answers."

    def _show_pictures(self) -> None:
        for hit in self._hits:
            picture = self.language.thumbnail(hit)
            if picture is not None:
                self.tiles.show_picture(hit, picture)

    def _show_strip(self, results: SearchResults | None) -> None:
        query, sequence = self.language.query, self.session.sequence
        frames = sequence.frames if sequence is not None else 0
        scores = np.full(frames, np.nan, np.float32)
        if results is not None and results.scores.shape[0]:
            relevant = query.mode in ("relevancy", "match", "winner")
            table = results.relevancy if relevant else results.scores
            row = table[min(query.active_asked, len(table) - 1)][:frames]
            scores[: len(row)] = row
        color = query.asked[query.active_asked].color if query.asked else (200, 200, 200)
        self.strip.show_scores(scores, QColor(*color))
        self.strip.show_index(self.session.index)

    def _show_work(self, results: SearchResults | None) -> None:
        language = self.language
        frames = len(self.strip.scores)
        done = results.indexed if results is not None else 0
        working = language.indexing
        self.stop.setVisible(working)
        self.index.setVisible(not working and done < frames)
        self.index.setText("Index all" if not done else f"Index {text.count(frames - done)} more")
        waits = "Searching …" if language.searching else ""
        self.told.setText(self._progress or "Indexing …" if working else waits)

    def _on_task(self, task: TaskInfo) -> None:
        """How far the index is."""
        if not self.language.indexing or not task.title.startswith("Features of "):
            return
        left = f", {text.seconds(task.remaining)} left" if task.remaining is not None else ""
        self._progress = (
            f"{text.count(task.done)} of {text.plural(task.total, 'frame')}{left}" if task.total else ""
        )
        self.told.setText(self._progress or "Indexing …")

    # what the user does

    def _choose_scope(self, scope: str) -> None:
        self._scope = scope
        self._refresh()

    def _fly(self, place: int) -> None:
        self.asking.look_at(self._hits[place])

    def _search_soon(self) -> None:
        """Search again, unless the question is the one that was searched for."""
        query = self.language.query
        key = (query.asked, query.way, query.templates, query.negatives, self.language.clip)
        if key != self._asked and query.asked and self.language.clip is not None:
            self._asked = key
            self._later.start()

    def _search_anew(self) -> None:
        """The words mean something else, though they are the same."""
        self._asked = None
        self._search_soon()

    def _search(self) -> None:
        if self.isVisible() and self.session.drive is not None:
            self.asking.search()
        else:
            self._asked = None


ENTRY = PanelInfo("Results", "centre", 30, ResultsPanel, share=230)
