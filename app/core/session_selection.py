"""The part of the session that is about points: hovered, picked, selected, inspected; undo and redo."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from psygnal import Signal

from app.core.history import History
from app.core.labels import LabelSet
from app.core.state import FrameState, Hover

Mode = Literal["replace", "add", "subtract", "intersect"]

_NONE = np.empty(0, np.int64)
_CLOUD = "cloud"
"""Scope of changes that speak of rows of the drawn cloud: they end with it."""


class SessionSelection(ABC):
    """Points that the user points at; all rows are rows of the drawn cloud and end with it."""

    hover_changed = Signal(object)
    """A :class:`Hover`."""
    picked_changed = Signal(object)
    """Row of the picked point, or None."""
    selection_changed = Signal(object)
    """Sorted, unique rows (K,) int64."""
    history_changed = Signal()
    """What can be undone or redone has changed."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._hover = Hover(None, "")
        self._picked: int | None = None
        self._selection = _NONE

    @property
    @abstractmethod
    def frame_state(self) -> FrameState | None: ...

    @property
    @abstractmethod
    def label_set(self) -> LabelSet | None: ...

    @property
    def hover(self) -> Hover:
        """The point under the pointer, and where the pointer is."""
        return self._hover

    @property
    def picked(self) -> int | None:
        """Row of the picked point."""
        return self._picked

    @property
    def selection(self) -> np.ndarray:
        """Sorted, unique rows (K,) int64; do not write to it."""
        return self._selection

    def set_hover(self, index: int | None, source: str) -> None:
        """The pointer is over a point, or over none."""
        hover = Hover(index if self._has_row(index) else None, source)
        if hover != self._hover and (hover.index is not None or self._hover.index is not None):
            self._hover = hover
            self.hover_changed.emit(hover)

    def pick(self, index: int | None) -> None:
        """Pick a point, or none."""
        index = index if self._has_row(index) else None
        if index != self._picked:
            self._picked = index
            self.picked_changed.emit(index)

    def select(self, rows: np.ndarray, mode: Mode = "replace") -> None:
        """Change the selection; can be undone. Rows that do not exist are left out.

        Parameters
        ----------
        rows : (K,) integers, in any order
        mode : replace, add, subtract or intersect
        """
        before = self._selection
        after = self._combined(np.asarray(rows, np.int64).ravel(), mode)
        if np.array_equal(before, after):
            return
        self._set_selection(after)
        self._history.record(
            "Select points",
            lambda: self._set_selection(before),
            lambda: self._set_selection(after),
            scope=_CLOUD,
        )

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.undo_name is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return self._history.redo_name is not None

    @property
    def undo_name(self) -> str:
        """What undo would take back, or ""."""
        return self._history.undo_name or ""

    @property
    def redo_name(self) -> str:
        """What redo would do again, or ""."""
        return self._history.redo_name or ""

    def undo(self) -> None:
        """Take back the last selection, legend switch or range."""
        self._history.undo()

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._history.redo()

    def _forget_points(self) -> None:
        """The drawn cloud has changed: rows of the old one mean nothing now."""
        self._history.forget(_CLOUD)
        self.set_hover(None, self._hover.source)
        self.pick(None)
        if len(self._selection):
            self._set_selection(_NONE)

    def _has_row(self, index: int | None) -> bool:
        state = self.frame_state
        return index is not None and state is not None and 0 <= index < len(state.cloud)

    def _combined(self, rows: np.ndarray, mode: Mode) -> np.ndarray:
        state = self.frame_state
        count = 0 if state is None else len(state.cloud)
        rows = rows[(rows >= 0) & (rows < count)]
        given = np.zeros(count, bool)
        given[rows] = True
        if mode != "replace":
            held = np.zeros(count, bool)
            held[self._selection] = True
            match mode:
                case "add":
                    given |= held
                case "subtract":
                    given = held & ~given
                case "intersect":
                    given &= held
        return np.flatnonzero(given).astype(np.int64)

    def _set_selection(self, rows: np.ndarray) -> None:
        self._selection = rows
        self.selection_changed.emit(rows)
