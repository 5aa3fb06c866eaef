"""A question to the engine of which only the newest counts, for parts of the session."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from app.core.errors import Cancelled, LidarScopeError
from app.core.tasks.base import Partial, Progress

Heard = Callable[[Any], None]


class Newest:
    """Asks the engine for one kind of thing; answers to what is not wanted any more are not heard.

    Not listed among the tasks, for it follows every frame and every drag. Only the main thread calls it.

    Parameters
    ----------
    host : the session (``_engine``, ``_posted``)
    task : name of the engine's task, which is its key too
    """

    def __init__(self, host: Any, task: str) -> None:
        self._host, self._task = host, task
        self._wanted: Hashable = None
        self._ticket = 0
        self._engine_id: int | None = None

    @property
    def wanted(self) -> Hashable:
        """What was asked for last, whether it has come or not; None: nothing."""
        return self._wanted

    @property
    def working(self) -> bool:
        """Whether it is under way."""
        return self._engine_id is not None

    def ask(
        self,
        wanted: Hashable,
        came: Heard,
        failed: Callable[[LidarScopeError], None],
        *,
        partial: Heard | None = None,
        progress: Callable[[Progress], None] | None = None,
        **params: Any,
    ) -> None:
        """Ask for it, in place of what was asked for before. A cancellation is not told."""
        self._ticket += 1
        ticket, self._wanted = self._ticket, wanted

        def event(news: Progress | Partial) -> None:
            if ticket != self._ticket:
                return
            if isinstance(news, Partial):
                if partial is not None:
                    partial(news.value)
            elif progress is not None:
                progress(news)

        def result(value: Any) -> None:
            if ticket == self._ticket:
                self._engine_id = None
                came(value)

        def error(problem: LidarScopeError) -> None:
            if ticket == self._ticket:
                self._engine_id = None
                if not isinstance(problem, Cancelled):
                    failed(problem)

        post = self._host._posted
        self._engine_id = -1  # a local engine answers before its number is known
        id = self._host._engine.submit(
            self._task, key=self._task, on_event=post(event), on_result=post(result), on_error=post(error), **params
        )
        if self._engine_id == -1 and ticket == self._ticket:
            self._engine_id = id

    def halt(self) -> None:
        """Give up what is under way; it stays what was asked for last."""
        self._ticket += 1
        id, self._engine_id = self._engine_id, None
        if id is not None and id != -1:
            self._host._engine.cancel(id)

    def forget(self) -> None:
        """Give up what is under way, and want nothing."""
        self.halt()
        self._wanted = None
