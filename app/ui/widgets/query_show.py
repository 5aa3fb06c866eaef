"""How the answer is shown: the mode, the histogram with its threshold, and how many points match."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.core.session import Session
from app.core.session_language import SessionLanguage
from app.ui import query_words, theme
from app.ui.asking import Asking
from app.ui.widgets.common import ElidedLabel, heading, hint
from app.ui.widgets.score_histogram import ScoreHistogram
from app.ui.widgets.segments import Segments

NOTHING = np.zeros(0, np.int64)


class QueryShow(QWidget):
    """Reads the session's language; what the user does goes through ``asking``."""

    def __init__(self, asking: Asking, session: Session) -> None:
        super().__init__()
        self._asking, self._session = asking, session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(5)
        column.addWidget(heading("Show"))
        self.modes = Segments("Show", query_words.MODES, asking.mode)
        for button in self.modes.buttons.values():
            button.setStyleSheet("padding: 2px 7px")
        wide = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.modes.setSizePolicy(wide)
        for button in self.modes.buttons.values():
            button.setSizePolicy(wide)
        self.meaning = hint("")
        self.histogram = ScoreHistogram(self._move)
        self.count = ElidedLabel()
        self.count.setFont(theme.font(12))
        self.count.setObjectName("Soft")
        self.timing = ElidedLabel()
        self.timing.setFont(theme.font(12))
        self.timing.setObjectName("Faint")
        for part in (self.modes, self.meaning, self.histogram, self.count, self.timing):
            column.addWidget(part)

    @property
    def _language(self) -> SessionLanguage:
        return self._asking.language

    def refresh(self) -> None:
        """Show the query and what the report says of it."""
        query, found = self._language.query, self._language.histogram
        self.modes.show_value(query.mode)
        self.meaning.setText(query_words.mode_words(query))
        active = query.prompts[query.active] if query.active < len(query.prompts) else None
        color = QColor(*active.color) if active is not None else QColor("white")
        if found is None:
            self.histogram.show_counts(NOTHING, 0.0, 1.0, None, color)
        else:
            self.histogram.show_counts(
                found.counts, found.low, found.high, found.threshold, color, automatic=query.threshold is None
            )
        self.histogram.setVisible(found is not None)
        others = self._session.accumulation.on
        self.count.setText(query_words.count_words(found, among_others=others))
        self.count.setVisible(bool(self.count.text()))
        self.timing.setText(query_words.timing_words(self._language.report, among_others=others))
        self.timing.setVisible(bool(self.timing.text()))

    def _move(self, value: float | None) -> None:
        clipped = None if value is None else min(max(value, 0.0), 1.0)
        self._asking.attempt(lambda: self._language.set_threshold(clipped))
