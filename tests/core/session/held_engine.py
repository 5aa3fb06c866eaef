"""An engine for tests that answers when it is told to: what happens in between can be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.errors import Cancelled, LidarScopeError
from app.core.tasks.engine import LocalEngine


@dataclass
class Request:
    """A request that waits to be answered."""

    id: int
    name: str
    key: str | None
    params: dict[str, Any]
    callbacks: dict[str, Callable[[Any], None] | None]


class HeldEngine:
    """Keeps requests in ``waiting`` until ``answer`` runs them in place."""

    def __init__(self) -> None:
        self.on_log: Callable[[str, str], None] | None = None
        self.waiting: list[Request] = []
        self.closed = False
        self._local = LocalEngine()
        self._next = 1

    def submit(self, name, *, key=None, on_event=None, on_result=None, on_error=None, **params) -> int:
        request = Request(
            self._next, name, key, params, {"on_event": on_event, "on_result": on_result, "on_error": on_error}
        )
        self._next += 1
        for older in [r for r in self.waiting if key is not None and r.key == key]:
            self.fail(Cancelled("replaced"), older)
        self.waiting.append(request)
        return request.id

    def cancel(self, id: int) -> None:
        for request in [r for r in self.waiting if r.id == id]:
            self.fail(Cancelled("cancelled"), request)

    def close(self) -> None:
        self.closed = True

    def answer(self, request: Request | None = None) -> None:
        """Run the oldest request (or one) and call back."""
        request = request or self.waiting[0]
        self.waiting.remove(request)
        self._local.submit(request.name, **request.callbacks, **request.params)

    def answer_all(self) -> None:
        while self.waiting:
            self.answer()

    def event(self, event: object, request: Request | None = None) -> None:
        callback = (request or self.waiting[0]).callbacks["on_event"]
        if callback is not None:
            callback(event)

    def fail(self, error: LidarScopeError, request: Request | None = None) -> None:
        request = request or self.waiting[0]
        self.waiting.remove(request)
        callback = request.callbacks["on_error"]
        if callback is not None:
            callback(error)

    @property
    def frames(self) -> list[int]:
        """Indices of the frames that are asked for."""
        return [request.params["index"] for request in self.waiting if request.name == "show_frame"]
