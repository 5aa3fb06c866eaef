"""Long work as generators, and the engine process that runs it.

A module of this package that is not listed in ``SUPPORT`` is a task: it declares ``ENTRY``, a function
``(context, **params)`` that returns :data:`~app.core.tasks.base.TaskEvents`, and may declare ``PRIORITY``
(0 goes before 1, the default; −1, work of a moment, before both) and ``LANE`` ("background" for work of minutes;
"interactive" is the default).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app import discovery
from app.core.errors import UsageError

SUPPORT = frozenset({
    "channel", "child", "cloud_layers", "clouds", "context", "engine", "process_engine", "surface_reference",
    "surface_steps",
})  # fmt: skip
LANES = ("interactive", "background")


def names() -> tuple[str, ...]:
    """Names of all tasks, sorted."""
    return tuple(name for name in discovery.module_names(__name__) if name not in SUPPORT)


def entry(name: str) -> Callable[..., Any]:
    """The task function of that name; ``UsageError`` with the names there are."""
    return _module(name).ENTRY


def lane(name: str) -> str:
    """Which of ``LANES`` a task runs in."""
    return str(getattr(_module(name), "LANE", LANES[0]))


def priority(name: str) -> int:
    """Smaller goes first within a lane."""
    return int(getattr(_module(name), "PRIORITY", 1))


def _module(name: str) -> Any:
    if name not in names():
        raise UsageError(f"There is no task '{name}'; there are: {', '.join(names())}.")
    return discovery.load(__name__, name)
