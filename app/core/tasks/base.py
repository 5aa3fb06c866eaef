"""Long work as generators that know nothing of where they run.

A task function takes a :class:`Context` and keyword parameters, yields :class:`Progress` and
:class:`Partial`, and returns its result. The command line and the tests run it in their own process
(:func:`run`), the window in the engine process. It is cancelled between two yields.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` steps (total 0: unknown), and what is being done now."""

    done: int
    total: int
    text: str = ""


@dataclass(frozen=True)
class Partial:
    """A result that is worth showing before the end."""

    value: Any


TaskEvents = Generator[Progress | Partial, None, T]


def run(events: TaskEvents[T], on_event: Callable[[Progress | Partial], None] | None = None) -> T:
    """Run a task here and now to its result."""
    while True:
        try:
            event = next(events)
        except StopIteration as stop:
            result: T = stop.value
            return result
        if on_event is not None:
            on_event(event)
