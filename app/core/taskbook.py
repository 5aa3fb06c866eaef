"""What the task panel shows: states, progress and an estimate of what is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.core.state import TaskInfo

FINISHED_KEPT = 50
ACTIVE = ("queued", "running")


@dataclass
class _Entry:
    info: TaskInfo
    started: float
    engine_id: int | None = None


class TaskBook:
    """The tasks of a session by their ids, oldest first. Main thread only.

    Parameters
    ----------
    changed : called with a task's new :class:`TaskInfo`
    clock : seconds
    """

    def __init__(self, changed: Callable[[TaskInfo], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._changed = changed
        self._clock = clock
        self._entries: dict[int, _Entry] = {}
        self._next = 1

    @property
    def all(self) -> list[TaskInfo]:
        """All tasks that are kept, their running times as of now."""
        return [self._timed(entry) for entry in self._entries.values()]

    def add(self, title: str) -> int:
        """A new task, queued; returns its id."""
        id = self._next
        self._next += 1
        self._entries[id] = _Entry(TaskInfo(id, title, "queued"), self._clock())
        self._forget_old()
        self._changed(self._entries[id].info)
        return id

    def started(self, id: int, engine_id: int) -> None:
        """Remember the id by which the engine knows the task."""
        if id in self._entries:
            self._entries[id].engine_id = engine_id

    def engine_id(self, id: int) -> int | None:
        """The engine's id of a task that is not finished."""
        entry = self._entries.get(id)
        return entry.engine_id if entry is not None and entry.info.state in ACTIVE else None

    def is_active(self, id: int) -> bool:
        """Whether the task is queued or running."""
        entry = self._entries.get(id)
        return entry is not None and entry.info.state in ACTIVE

    def progress(self, id: int, done: int, total: int, text: str) -> None:
        """The task runs; ``remaining`` is estimated from the pace so far."""
        if not self.is_active(id):
            return
        seconds = self._clock() - self._entries[id].started
        remaining = seconds * (total - done) / done if 0 < done <= total else None
        self._set(id, state="running", done=done, total=total, text=text, remaining=remaining)

    def finish(self, id: int, state: str, text: str = "") -> None:
        """The task is done, failed, cancelled, or replaced, which is not kept; later reports are ignored."""
        if not self.is_active(id):
            return
        info = self._entries[id].info
        done = info.total if state == "done" else info.done
        self._set(id, state=state, done=done, text=text or info.text, remaining=None)
        if state == "replaced":
            del self._entries[id]

    def _set(self, id: int, **changes: object) -> None:
        entry = self._entries[id]
        entry.info = replace(entry.info, seconds=self._clock() - entry.started, **changes)  # type: ignore[arg-type]
        self._changed(entry.info)

    def _timed(self, entry: _Entry) -> TaskInfo:
        if entry.info.state not in ACTIVE:
            return entry.info
        return replace(entry.info, seconds=self._clock() - entry.started)

    def _forget_old(self) -> None:
        finished = [id for id, entry in self._entries.items() if entry.info.state not in ACTIVE]
        for id in finished[:-FINISHED_KEPT]:
            del self._entries[id]
