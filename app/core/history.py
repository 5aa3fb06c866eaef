"""What can be undone: a list of changes, each of which knows its way back."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

MERGE_SECONDS = 0.8
"""A slider drag is one change: steps of the same thing that follow each other this fast are joined."""

LIMIT = 200


@dataclass(frozen=True)
class Change:
    """One undoable change. ``scope`` names what it belongs to; ``merge`` joins steps of one drag."""

    name: str
    undo: Callable[[], None]
    redo: Callable[[], None]
    scope: str = ""
    merge: Hashable | None = None
    at: float = 0.0


class History:
    """Done and undone changes. ``record`` is called after a change has been made, not to make it.

    Parameters
    ----------
    changed : called whenever what can be undone or redone has changed
    clock : seconds, for joining the steps of a drag
    """

    def __init__(
        self, changed: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._changed = changed
        self._clock = clock
        self._done: list[Change] = []
        self._undone: list[Change] = []

    @property
    def undo_name(self) -> str | None:
        """What undo would take back; None if there is nothing."""
        return self._done[-1].name if self._done else None

    @property
    def redo_name(self) -> str | None:
        """What redo would do again; None if there is nothing."""
        return self._undone[-1].name if self._undone else None

    def record(
        self,
        name: str,
        undo: Callable[[], None],
        redo: Callable[[], None],
        *,
        scope: str = "",
        merge: Hashable | None = None,
    ) -> None:
        """Remember a change that has just been made; what was undone before it is forgotten."""
        now = self._clock()
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if last and merge is not None and last.merge == merge and now - last.at < MERGE_SECONDS:
            self._done[-1] = replace(last, redo=redo, at=now)
        else:
            self._done.append(Change(name, undo, redo, scope, merge, now))
            del self._done[:-LIMIT]
        self._changed()

    def undo(self) -> None:
        """Take back the last change, if there is one."""
        if self._done:
            change = self._done.pop()
            self._undone.append(replace(change, merge=None))
            if self._done:  # whatever is dragged next is a change of its own
                self._done[-1] = replace(self._done[-1], merge=None)
            change.undo()
            self._changed()

    def redo(self) -> None:
        """Do the last undone change again, if there is one."""
        if self._undone:
            change = self._undone.pop()
            self._done.append(change)
            change.redo()
            self._changed()

    def forget(self, scope: str) -> None:
        """Drop the changes of a scope: what they would restore is no more."""
        before = len(self._done) + len(self._undone)
        self._done = [change for change in self._done if change.scope != scope]
        self._undone = [change for change in self._undone if change.scope != scope]
        if len(self._done) + len(self._undone) != before:
            self._changed()
