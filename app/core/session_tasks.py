"""The part of the session that runs work in the engine, keeps the list of tasks, and the log.

Only the main thread calls it; what the engine reports is brought there by ``post``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from psygnal import Signal

from app.core.errors import Cancelled, LidarScopeError
from app.core.state import LogLine, TaskInfo
from app.core.taskbook import TaskBook
from app.core.tasks.base import Partial, Progress
from app.core.tasks.engine import REPLACED, Engine, Post

LOG_KEPT = 2000
LEVELS = ("info", "warning", "error")

_logger = logging.getLogger(__name__)

Handler = Callable[[Any], None]


class SessionTasks:
    """Tasks and log of a session."""

    task_changed = Signal(object)
    """A :class:`TaskInfo` whose state or progress has changed."""
    log_added = Signal(object)
    """A :class:`LogLine`."""

    def __init__(self, engine: Engine, post: Post | None) -> None:
        self._engine = engine
        self._post = post or _at_once
        self._closed = False
        self._log: list[LogLine] = []
        self._cancels: dict[int, Callable[[], None]] = {}
        self._book = TaskBook(self.task_changed.emit)
        engine.on_log = lambda level, text: self._post(lambda: self.log_line(text, level))

    @property
    def tasks(self) -> list[TaskInfo]:
        """Tasks that are queued, running or lately finished, oldest first."""
        return self._book.all

    @property
    def log(self) -> list[LogLine]:
        """Log lines, oldest first."""
        return list(self._log)

    def log_line(self, text: str, level: str = "info") -> None:
        """Add a line to the log; ``level`` info, warning or error."""
        if self._closed:
            return
        if level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(LEVELS)}, not {level!r}")
        line = LogLine(datetime.now().astimezone(), level, text)
        self._log.append(line)
        del self._log[:-LOG_KEPT]
        _logger.log(logging.getLevelName(level.upper()), "%s", text)
        self.log_added.emit(line)

    def run_task(
        self,
        name: str,
        title: str,
        on_result: Handler | None = None,
        *,
        key: str | None = None,
        on_partial: Handler | None = None,
        on_error: Handler | None = None,
        **params: Any,
    ) -> int:
        """Run a task of ``app/core/tasks`` in the engine and list it under ``title``; returns its id.

        ``on_result(result)``, ``on_partial(value)`` and ``on_error(error)`` are called on the main thread.
        A newer task with the same ``key`` cancels the older ones. Errors are logged, whether they are
        handled or not; a cancellation is no error.
        """
        id = self._book.add(title)

        def event(event: Progress | Partial) -> None:
            if isinstance(event, Progress):
                self._book.progress(id, event.done, event.total, event.text)
            elif on_partial is not None and self._book.is_active(id):
                on_partial(event.value)

        def result(value: Any) -> None:
            if not self._book.is_active(id):
                return  # cancelled in the moment it ended
            self._book.finish(id, "done")
            if on_result is not None:
                on_result(value)

        def error(problem: LidarScopeError) -> None:
            cancelled = isinstance(problem, Cancelled)
            how = "failed" if not cancelled else "replaced" if str(problem) == REPLACED else "cancelled"
            self._book.finish(id, how, str(problem))
            if not cancelled:
                self.log_line(str(problem), "error")
            if on_error is not None:
                on_error(problem)

        engine_id = self._engine.submit(
            name,
            key=key,
            on_event=self._posted(event),
            on_result=self._posted(result),
            on_error=self._posted(error),
            **params,
        )
        self._book.started(id, engine_id)
        return id

    def track(self, title: str, on_cancel: Callable[[], None]) -> int:
        """List work that the caller does itself (the window recording its own pictures); returns its id.

        The caller tells of it with ``tracked_progress`` and ``tracked_end``; ``cancel_task`` calls
        ``on_cancel``.
        """
        id = self._book.add(title)
        self._cancels[id] = on_cancel
        return id

    def tracked_progress(self, id: int, done: int, total: int, text: str = "") -> None:
        """``done`` of ``total`` steps of tracked work, and what is being done now."""
        self._book.progress(id, done, total, text)

    def tracked_end(self, id: int, state: str, text: str = "") -> None:
        """Tracked work is ``done``, ``failed`` or ``cancelled``."""
        self._cancels.pop(id, None)
        self._book.finish(id, state, text)

    def cancel_task(self, id: int) -> None:
        """Cancel a task; finished and unknown ones are left as they are."""
        if id in self._cancels:
            self._cancels.pop(id)()
            return
        engine_id = self._book.engine_id(id)
        if engine_id is not None:
            self._engine.cancel(engine_id)

    def drop_task(self, id: int) -> None:
        """Give up a task that nobody waits for any more; as one that is replaced, it leaves the list."""
        engine_id = self._book.engine_id(id)
        self._book.finish(id, "replaced")
        if engine_id is not None:
            self._engine.cancel(engine_id)

    def _posted(self, handler: Handler) -> Handler:
        """The handler, called on the main thread, and not at all once the session is closed."""

        def guarded(value: Any) -> None:
            if not self._closed:
                handler(value)

        return lambda value: self._post(lambda: guarded(value))


def _at_once(call: Callable[[], None]) -> None:
    call()
