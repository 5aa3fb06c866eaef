"""Where tasks run: here and now (:class:`LocalEngine`), or in another process (``process_engine``)."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any, Protocol

from app.core import tasks
from app.core.errors import Cancelled, Fault, LidarScopeError
from app.core.tasks.base import Partial, Progress
from app.core.tasks.context import Context

log = logging.getLogger(__name__)

OnEvent = Callable[[Progress | Partial], None]
OnResult = Callable[[Any], None]
OnError = Callable[[LidarScopeError], None]
Post = Callable[[Callable[[], None]], None]

REPLACED = "Replaced by a newer request."


class Engine(Protocol):
    """Runs tasks by name. Exactly one of ``on_result`` and ``on_error`` is called for each, once."""

    on_log: Callable[[str, str], None] | None
    """Called with (level, text) for what the engine itself has to say: it died, it was started again."""

    def submit(
        self,
        name: str,
        *,
        key: str | None = None,
        on_event: OnEvent | None = None,
        on_result: OnResult | None = None,
        on_error: OnError | None = None,
        **params: Any,
    ) -> int:
        """Run a task; returns its id at once (a local engine: when it is done).

        A newer request with the same ``key`` cancels the older ones, queued or running; their ``on_error``
        gets :class:`~app.core.errors.Cancelled`.
        """

    def cancel(self, id: int) -> None:
        """Cancel a task; it stops at its next yield. Unknown and finished ids are ignored."""

    def close(self) -> None:
        """End everything; nothing is called afterwards."""


class LocalEngine:
    """Runs each task in the calling thread, at once: for the command line and for tests."""

    def __init__(self, context: Context | None = None) -> None:
        self.on_log: Callable[[str, str], None] | None = None
        self._context = context or Context()
        self._ids = itertools.count(1)
        self._cancelled: set[int] = set()

    def submit(
        self,
        name: str,
        *,
        key: str | None = None,
        on_event: OnEvent | None = None,
        on_result: OnResult | None = None,
        on_error: OnError | None = None,
        **params: Any,
    ) -> int:
        """See :meth:`Engine.submit`; ``key`` means nothing where nothing ever waits."""
        id = next(self._ids)
        try:
            result = self._run(id, name, on_event, params)
        except LidarScopeError as error:
            if on_error is not None:
                on_error(error)
        except Exception as error:  # noqa: BLE001 - the edge of a task: a fault of ours must not end the window
            if on_error is not None:
                on_error(fault(name, error))
        else:
            if on_result is not None:
                on_result(result)
        return id

    def cancel(self, id: int) -> None:
        """See :meth:`Engine.cancel`; may be called from ``on_event``."""
        self._cancelled.add(id)

    def close(self) -> None:
        """Forget cached frames."""
        self._context.clear()

    def _run(self, id: int, name: str, on_event: OnEvent | None, params: dict[str, Any]) -> Any:
        events = tasks.entry(name)(self._context, **params)
        try:
            while True:
                event = next(events)
                if on_event is not None:
                    on_event(event)
                if id in self._cancelled:
                    raise Cancelled(f"{name} was cancelled.")
        except StopIteration as stop:
            return stop.value
        finally:
            self._cancelled.discard(id)
            events.close()


def fault(name: str, error: Exception) -> Fault:
    """One sentence about a fault of ours; the traceback goes to the log."""
    log.error("task %s failed", name, exc_info=error)
    detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Fault(f"A fault of LidarScope's own stopped '{name.replace('_', ' ')}' ({detail}).")
