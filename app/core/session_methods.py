"""The part of the session that is about methods: which are switched on, what they know of a point, their scores.

Only the main thread calls it. Nothing here waits: what a method works out comes with frames and layers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from psygnal import Signal

from app.core import layers as layer_folder
from app.core import methods as method_folder
from app.core.errors import DataError, UsageError
from app.core.layers.base import MethodLayer
from app.core.methods.base import Chosen, Fact, depends_on, pinned
from app.core.methods.predict import PredictOptions
from app.core.methods.similarity import SimilarityOptions
from app.core.model_card import built_in
from app.core.prediction.result import PredictionReport
from app.core.prediction.scores import ScoreBook, Scores
from app.core.session_selection import Mode
from app.core.state import Accumulation, FrameState
from app.core.tasks.context import Source
from app.core.tasks.engine import Engine

PREDICT, SIMILARITY = "predict", "similarity"


class SessionMethods(ABC):
    """Methods of a session, by name, each with its options."""

    methods_changed = Signal()
    """Which methods are switched on, their options, or for which layers they have something to say."""
    facts_changed = Signal(object)
    """Row of the drawn point that methods have said something about, or None."""
    scores_changed = Signal(object)
    """The new :class:`~app.core.prediction.scores.Scores`."""
    reports_changed = Signal(object)
    """What methods report of the frame in view, by their names."""

    def __init__(self) -> None:
        self._methods: dict[str, Hashable] = {}
        self._pins: dict[str, Hashable] = {}
        self._revision = 0
        self._facts: tuple[Fact, ...] = ()
        self._facts_row: int | None = None
        self._scorebook = ScoreBook()

    # what the other parts give

    _engine: Engine
    _source: Source | None
    _frame_state: FrameState | None

    @property
    @abstractmethod
    def accumulation(self) -> Accumulation: ...

    @property
    @abstractmethod
    def picked(self) -> int | None: ...

    @abstractmethod
    def run_task(self, name: str, title: str, on_result: Any = None, **params: Any) -> int: ...

    @abstractmethod
    def select(self, rows: np.ndarray, mode: Mode = "replace") -> None: ...

    @abstractmethod
    def _posted(self, handler: Any) -> Any: ...

    @abstractmethod
    def _methods_differ(self) -> None:
        """Methods have changed: ask for what is shown of them."""

    @abstractmethod
    def _busy(self) -> bool:
        """Whether a frame or layers are being made."""

    # which methods

    @property
    def methods(self) -> Mapping[str, Hashable]:
        """Options of the methods that are switched on, by name."""
        return MappingProxyType(self._methods)

    def set_method(self, name: str, options: Hashable | None) -> None:
        """Switch a method on with these options, or (None) off. Layers that show it are computed again; until they
        have come the views keep their picture.

        ``UsageError`` if there is no such method, or the options are another one's.
        """
        self.set_methods({name: options})

    def set_methods(self, changes: Mapping[str, Hashable | None]) -> None:
        """As :meth:`set_method`, for several methods at once: what is shown of them is computed again once."""
        for name, options in changes.items():
            wanted = method_folder.find(name).options_type
            if options is not None and not isinstance(options, wanted):
                raise UsageError(f"The method '{name}' takes {wanted.__name__}, not {type(options).__name__}.")
        changed = {name: options for name, options in changes.items() if options != self._methods.get(name)}
        if not changed:
            return
        self._methods = {n: o for n, o in {**self._methods, **changed}.items() if o is not None}
        self._pins = pinned(self._chosen())
        self._change(frozenset(changed))
        self.methods_changed.emit()

    def use_built_in_network(self) -> bool:
        """Predict with the checkpoint that comes with the application, unless one is chosen already; whether it was
        chosen now. Without a frame in view nothing is loaded before a view shows what it predicts."""
        if PREDICT not in self._methods:
            try:
                self.set_method(PREDICT, PredictOptions(built_in()))
            except DataError:
                return False
            return True
        return False

    def refresh_methods(self, *, at_once: bool = False) -> None:
        """Look whether files that methods read have changed (a run rewrites its watched weights), and if so compute
        anew what is shown of them. Cheap: call it from a timer. While something is being made it waits its turn, if
        not ``at_once``."""
        if not self._methods or (self._busy() and not at_once):
            return
        now = pinned(self._chosen())
        changed = frozenset(name for name, options in now.items() if self._pins.get(name) != options)
        self._pins = now
        if changed:
            self._change(changed)

    def find_similar(self, row: int | None) -> None:
        """Compare all points with the drawn point in ``row`` by the network's features; None ends that.

        The point stays the measure when other frames are shown.
        """
        at = None if row is None else self._place(row)
        self.set_method(SIMILARITY, None if at is None else SimilarityOptions(at))

    # what they say

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What methods know of the picked point, each with where it came from; () until they have said it."""
        return self._facts

    @property
    def scores(self) -> Scores:
        """How good the network is on this frame, and on the frames seen since it was chosen."""
        return self._scorebook.scores

    def reset_scores(self) -> None:
        """Count frames anew, this one first."""
        self._scorebook.clear()
        if self._frame_state is not None:
            self._take_reports(self._frame_state)
        self.scores_changed.emit(self.scores)

    def select_confusion_cell(self, predicted: int, true: int, mode: Mode = "replace") -> None:
        """Select the drawn points that were predicted as one train id and are labelled another, once the engine has
        found them; can be undone."""
        self.select_found("select_cell", mode, methods=self._chosen(), predicted=predicted, true=true)

    def select_found(self, task: str, mode: Mode = "replace", **params: Any) -> None:
        """Select the drawn points that a task finds among them; can be undone. The task takes ``source``,
        ``index``, ``accumulation`` and ``params`` and returns rows; they count only while the same cloud is
        drawn."""
        state, source = self._frame_state, self._source
        if state is None or source is None:
            return

        def found(rows: np.ndarray) -> None:
            now = self._frame_state
            if now is not None and now.cloud.points is state.cloud.points:
                self.select(rows, mode)

        self.run_task(
            task,
            "Select points",
            found,
            key="region",
            source=source,
            index=state.frame.index,
            accumulation=self.accumulation,
            **params,
        )

    # for the other parts

    def _chosen(self) -> Chosen:
        return tuple(sorted(self._methods.items(), key=lambda item: item[0]))

    def _change(self, changed: frozenset[str]) -> None:
        """Results of these methods are other ones now: forget what is held of the old ones."""
        self._revision += 1
        if depends_on(PREDICT, changed):
            self._scorebook.clear()
            self.scores_changed.emit(self.scores)
        if self._frame_state is not None:
            self._frame_state = without_methods(self._frame_state, changed)
        self._forget_facts()
        self._methods_differ()

    def _take_reports(self, state: FrameState) -> None:
        report = state.reports.get(PREDICT)
        if isinstance(report, PredictionReport) and self._source is not None:
            if self._scorebook.take((self._source, state.frame.index), report):
                self.scores_changed.emit(self.scores)
        elif self._scorebook.leave():
            self.scores_changed.emit(self.scores)
        self.reports_changed.emit(state.reports)

    def _ask_for_facts(self) -> None:
        """Ask what methods know of the picked point."""
        row, source = self.picked, self._source
        self._forget_facts()
        at = None if row is None else self._place(row)
        if at is None or source is None:
            return
        revision, state = self._revision, self._frame_state

        def told(facts: tuple[Fact, ...]) -> None:
            same = self._frame_state is not None and state is not None and self._revision == revision
            if same and self.picked == row and self._frame_state.cloud.points is state.cloud.points:  # type: ignore[union-attr]
                self._facts, self._facts_row = facts, row
                self.facts_changed.emit(row)

        self._engine.submit(
            "tell_point",
            key="facts",
            on_result=self._posted(told),
            source=source,
            index=at[0],
            row=at[1],
            methods=self._chosen(),
        )

    def _forget_facts(self) -> None:
        if self._facts:
            self._facts, self._facts_row = (), None
            self.facts_changed.emit(None)

    def _place(self, row: int) -> tuple[int, int] | None:
        """Frame and row there of a drawn point; None if there is no such point."""
        state = self._frame_state
        if state is None or not 0 <= row < len(state.cloud):
            return None
        if state.cloud.frame_of is None or state.cloud.row_of is None:
            return state.frame.index, row
        return int(state.cloud.frame_of[row]), int(state.cloud.row_of[row])


def without_methods(state: FrameState, changed: frozenset[str]) -> FrameState:
    """What is shown of a frame without what these methods made of it, and without what kept them from it."""
    kept = {name: data for name, data in state.cloud.layers.items() if not _shows(name, changed)}
    missing = {name: why for name, why in state.missing_layers.items() if not _shows(name, changed)}
    reports = {name: report for name, report in state.reports.items() if not depends_on(name, changed)}
    return replace(state, cloud=replace(state.cloud, layers=kept), missing_layers=missing, reports=reports)


def _shows(name: str, changed: frozenset[str]) -> bool:
    """Whether a layer shows the result of one of these methods."""
    layer = layer_folder.find(name)
    return isinstance(layer, MethodLayer) and depends_on(layer.method, changed)
