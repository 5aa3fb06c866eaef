"""The part of the inspector of pseudo-labels that looks at one superpoint, at flips one by one, and at the matrix.

Only the main thread calls it. Nothing here waits: what is told comes from tasks of the engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from app.core.affinity.inspecting import (
    METHOD,
    ORDERS,
    CorrectionMark,
    InspectorState,
    InstanceStory,
    MatrixPicture,
    QueueReport,
)
from app.core.errors import Cancelled, LidarScopeError, UsageError

if TYPE_CHECKING:
    from app.core.tasks.context import Source

NEAR = 1.0
"""Metres between the middles of superpoints that are taken for the same one under other options."""
NOT_ON = "Switch the labels on first."


class Stories(ABC):
    """One superpoint, flips, and the affinity matrix of the queue in view."""

    report_changed = Signal(object)
    """The new :class:`~app.core.affinity.inspecting.QueueReport` of the queue in view, or None."""
    story_changed = Signal(object)
    """The new :class:`~app.core.affinity.inspecting.InstanceStory`, or None."""
    matrix_changed = Signal(object)
    """The new :class:`~app.core.affinity.inspecting.MatrixPicture`, or None."""
    fly_requested = Signal(object)
    """(3,) float32 place in the sensor frame of the frame in view, to look at now."""

    _host: Any
    _state: InspectorState

    def __init__(self) -> None:
        self._report: QueueReport | None = None
        self._story: InstanceStory | None = None
        self._story_problem = ""
        self._matrix: MatrixPicture | None = None
        self._matrix_wanted: tuple[str, tuple[int, int] | None, tuple[int, int] | None] | None = None
        self._matrix_task: int | None = None
        self._flying: tuple[int, np.ndarray] | None = None

    @abstractmethod
    def _set_state(self, **changes: Any) -> None: ...

    @abstractmethod
    def correction_of(self, story: InstanceStory) -> CorrectionMark | None: ...

    @abstractmethod
    def _hold_queue(self, center: int) -> None:
        """Keep the queue around that frame while frames of it are in view."""

    @property
    def report(self) -> QueueReport | None:
        """What is known of the queue in view; None until its labels are there."""
        return self._report

    @property
    def story(self) -> InstanceStory | None:
        """What is told of the chosen superpoint; None until it has come."""
        return self._story

    @property
    def story_problem(self) -> str:
        """Why nothing is told of what was chosen last, one sentence, or ""."""
        return self._story_problem

    @property
    def matrix(self) -> MatrixPicture | None:
        """The affinity matrix, once it was asked for."""
        return self._matrix

    # one superpoint

    def select(self, row: int | None) -> None:
        """Tell of an instance of the queue; None: of none. ``UsageError`` for a row that the queue has not."""
        if row is not None and (self._report is None or not 0 <= row < len(self._report.table)):
            raise UsageError(f"The queue in view has no instance {row}.")
        self._set_state(selected=row)
        if row is None:
            self._take_story(None)
        else:
            self._ask_story(row=row)

    def select_point(self, row: int) -> None:
        """Tell of the superpoint of a drawn point; ``story_problem`` says so where it has no label."""
        at = self._host._place(row)
        if at is None:
            raise UsageError(f"There is no point {row}; pick one that is drawn.")
        if self._report is None:
            raise UsageError(NOT_ON)
        self._ask_story(point=at)

    def fly_to(self, row: int) -> None:
        """Go to the frame of an instance and look at it, once that frame is there (``fly_requested``). The queue
        stays as it is while frames of it are in view."""
        report = self._report
        if report is None or not 0 <= row < len(report.table):
            raise UsageError(f"The queue in view has no instance {row}.")
        frame, center = int(report.table.frame[row]), report.table.center[row]
        if frame == self._host.index:
            self.fly_requested.emit(center)
        else:
            self._flying = frame, center
            self._hold_queue(report.center)
            self._host.go_to(frame)

    # flips

    def set_pair(self, pair: tuple[int, int] | None) -> None:
        """Step through the flips of these classes alone (train ids before, after); None: through all."""
        self._set_state(pair=pair)

    def flips(self) -> np.ndarray:
        """(k,) rows of the queue that the walk gave another label, those of the chosen pair alone."""
        if self._report is None:
            return np.zeros(0, np.int64)
        table, rows = self._report.table, self._report.table.flips
        if self._state.pair is None:
            return rows
        before, after = self._state.pair
        return rows[(table.before[rows] == before) & (table.after[rows] == after)]

    def step_flip(self, by: int) -> int | None:
        """Choose the next flip (by 1) or the one before (by −1), round and round, and fly there; its row, None
        where nothing was flipped."""
        rows = self.flips()
        if not len(rows):
            return None
        now = self._state.selected
        if now is None:
            place = 0 if by > 0 else len(rows) - 1
        elif by > 0:
            place = int(np.searchsorted(rows, now, side="right"))
        else:
            place = int(np.searchsorted(rows, now, side="left")) - 1
        row = int(rows[place % len(rows)])
        self.select(row)
        self.fly_to(row)
        return row

    # the matrix

    def show_matrix(
        self,
        order: str = "class",
        window: tuple[int, int] | None = None,
        columns: tuple[int, int] | None = None,
    ) -> None:
        """Have the affinity matrix of the queue drawn, ordered by class, time or frame; ``window``: places of the
        order, from the first to one more than the last, None: all; ``columns``: of those who give, None: the same.
        It follows the labels until ``hide_matrix``."""
        if order not in ORDERS:
            raise UsageError(f"There is no order '{order}'; there are: {', '.join(ORDERS)}.")
        self._matrix_wanted = order, window, columns
        self._ask_matrix()

    def hide_matrix(self) -> None:
        """Draw it no longer."""
        self._matrix_wanted = None
        if self._matrix is not None:
            self._matrix = None
            self.matrix_changed.emit(None)

    # under the hood

    def _follow_queue(self, report: QueueReport | None, before: QueueReport | None) -> None:
        """Other labels are in view: tell of the same superpoint there, if it is one."""
        frames = () if report is None else report.frames
        row = _same(self._state.selected, before, report)
        self._set_state(queue_frames=frames, selected=row)
        if row is None:
            self._take_story(None)
        else:
            self._ask_story(row=row)
        if self._matrix_wanted is not None and report is not None:
            order, window, columns = self._matrix_wanted
            moved = before is None or len(before.table) != len(report.table)
            self._matrix_wanted = (order, None, None) if moved else (order, window, columns)
            self._ask_matrix()

    def _ask_story(self, **which: Any) -> None:
        source: Source | None = self._host._source
        report = self._report
        if source is None or report is None:
            return

        def told(story: InstanceStory) -> None:
            if self._report is report:
                self._story_problem = ""
                self._set_state(selected=story.row)
                self._take_story(replace(story, correction=self.correction_of(story)))

        def failed(error: LidarScopeError) -> None:
            if self._report is report and not isinstance(error, Cancelled):
                self._story_problem = str(error)
                self._set_state(selected=None)
                self._take_story(None, told=True)

        self._ask("tell_instance", "story", told, failed, **which)

    def _ask_matrix(self) -> None:
        report, wanted = self._report, self._matrix_wanted
        if report is None or wanted is None:
            return

        def drawn(picture: MatrixPicture) -> None:
            if self._report is report and self._matrix_wanted == wanted:
                self._matrix = picture
                self.matrix_changed.emit(picture)

        def failed(error: LidarScopeError) -> None:
            if not isinstance(error, Cancelled):
                self._host.log_line(str(error), "warning")

        places = {"order": wanted[0], "window": wanted[1], "columns": wanted[2]}
        self._matrix_task = self._ask("affinity_matrix", "matrix", drawn, failed, **places)

    def _stop_matrix(self) -> None:
        """Labels become others: nobody waits for the matrix of these, and theirs come sooner without it."""
        if self._matrix_task is not None:
            self._host._engine.cancel(self._matrix_task)
            self._matrix_task = None

    def _ask(self, task: str, key: str, on_result: Any, on_error: Any, **params: Any) -> int:
        """Run a quick task for the queue in view, which replaces the one before of its key; its id."""
        host = self._host
        found: int = host._engine.submit(
            task,
            key=f"labels {key}",
            on_result=host._posted(on_result),
            on_error=host._posted(on_error),
            source=host._source,
            index=host.index,
            options=host.methods[METHOD],
            **params,
        )
        return found

    def _take_story(self, story: InstanceStory | None, *, told: bool = False) -> None:
        if story is not self._story or told:
            self._story = story
            self.story_changed.emit(story)

    def _arrived(self, state: Any) -> None:
        """A frame has come: look at what was flown to."""
        flying = self._flying
        if flying is not None and state.frame.index == flying[0]:
            self._flying = None
            self.fly_requested.emit(flying[1])

    def _write_task(self, task: str, title: str, out: Path, **params: Any) -> int:
        source, host = self._host._source, self._host
        if source is None or METHOD not in host.methods:
            raise UsageError(NOT_ON)

        def written(_done: object) -> None:
            host.log_line(f"{title}: it is in {out}.")

        found: int = host.run_task(task, title, written, key=task, source=source, out=out, **params)
        return found


def _same(row: int | None, before: QueueReport | None, after: QueueReport | None) -> int | None:
    """The row of the same superpoint in another queue, by number or, where superpoints are others, by place."""
    if row is None or before is None or after is None or row >= len(before.table):
        return None
    old, new = before.table, after.table
    frame, center = old.frame[row], old.center[row]
    rows = np.flatnonzero(new.frame == frame)
    if not len(rows):
        return None
    same = rows[new.superpoint[rows] == old.superpoint[row]]
    if len(same) and np.allclose(new.center[same[0]], center, atol=1e-3):
        return int(same[0])
    away = np.linalg.norm(new.center[rows] - center, axis=1)
    return int(rows[away.argmin()]) if away.min() <= NEAR else None
