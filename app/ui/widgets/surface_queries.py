"""Queries of lines of sight: how many, how near, from which sweeps, and how many of their labels are wrong."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from app.core.surface.view import QueryView
from app.ui import surface_words, theme
from app.ui.surface_items import MOST_RAYS
from app.ui.surfacing import Surfacing
from app.ui.widgets.common import hint
from app.ui.widgets.count_rows import CountRows
from app.ui.widgets.named_row import title
from app.ui.widgets.parameter_row import ParameterRow, Reach

USUAL = QueryView()
NUMBERS = (
    ("count", "Number", Reach(300, 30_000, 0, even_factors=True), "Queries in all, a third of each kind", ""),
    ("delta", "δ", Reach(0.02, 1.0, 2, even_factors=True),
     "Within this of its point a query counts as just behind or just before it", "m"),
    ("before", "Earlier", Reach(0, 10, 0), "Sweeps before this one whose lines of sight ask too", ""),
    ("after", "Later", Reach(0, 10, 0), "Sweeps after this one whose lines of sight ask too", ""),
)  # fmt: skip


class SurfaceQueries(QWidget):
    """What a pretraining is asked: shown beside the surface, and without one too."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(title("Queries of lines of sight"))
        row = QHBoxLayout()
        row.setSpacing(12)
        self.on = _check("Queries", "What a pretraining is asked of this frame (Shift+Q)")
        self.on.clicked.connect(surfacing.ask)
        self.rays = _check("Lines of sight", f"At most {MOST_RAYS} of them, evenly chosen")
        self.rays.clicked.connect(surfacing.set_rays)
        row.addWidget(self.on)
        row.addWidget(self.rays)
        row.addStretch(1)
        column.addLayout(row)
        self.body = QWidget()
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        self.rows: dict[str, ParameterRow] = {}
        for key, name, reach, tip, unit in NUMBERS:
            self.rows[key] = ParameterRow(
                name, reach, partial(self._set, key), partial(self._set, key, getattr(USUAL, key)), tip, unit
            )  # fmt: skip
            inner.addWidget(self.rows[key])
        self.counts = CountRows("Queries")
        inner.addWidget(self.counts)
        self.told = hint("")
        inner.addWidget(self.told)
        column.addWidget(self.body)

    def refresh(self) -> None:
        """Show the session's queries."""
        surface = self._surfacing.surface
        state, queries = surface.state, surface.queries
        self.on.setChecked(state.queries is not None)
        self.rays.setChecked(self._surfacing.rays)
        self.rays.setEnabled(state.queries is not None)
        self.body.setVisible(state.queries is not None)
        for key, row in self.rows.items():
            row.show_value(getattr(state.queries or USUAL, key), getattr(USUAL, key))
        self.counts.setVisible(queries is not None)
        said = state.queries_problem
        if queries is not None:
            self.counts.show_rows(surface_words.query_rows(queries))
            said = "\n".join((surface_words.query_line(queries), *queries.notes))
        self.told.setText(said)
        self.told.setVisible(bool(said))

    def _set(self, key: str, value: float) -> None:
        self._surfacing.ask(True, **{key: value if key == "delta" else round(value)})


def _check(words: str, tip: str) -> QCheckBox:
    box = QCheckBox(words)
    box.setToolTip(tip)
    box.setFont(theme.font(12))
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return box
