"""A queue in which only the newest of each kind of message counts."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TypeVar

from app.core.render.protocol import (
    CloseView,
    Hold,
    RemoveItem,
    Resize,
    SetCamera,
    SetColors,
    SetItem,
    SetStyle,
    TakePicture,
)
from app.core.render.scene import Cloud

Numbered = tuple[int, object]
"""A serial number and a message. The highest serial that a picture contains says how new it is."""
M = TypeVar("M")


class Mailbox:
    """Messages wait here, coalesced. Any thread may put, one thread takes."""

    def __init__(self) -> None:
        self._waiting: list[Numbered] = []
        self._ready = threading.Condition()
        self._closed = False

    def put(self, serial: int, message: object) -> None:
        """Add a message; older ones that it makes pointless are dropped."""
        with self._ready:
            coalesce(self._waiting, serial, message)
            self._ready.notify()

    def take(self, timeout: float | None = None) -> list[Numbered]:
        """All waiting messages in order; empty after ``timeout`` seconds or once closed."""
        with self._ready:
            if not self._waiting and not self._closed:
                self._ready.wait(timeout)
            taken, self._waiting = self._waiting, []
            return taken

    def close(self) -> None:
        """Wake the taker for good."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    def wait_quiet(self, until: float) -> bool:
        """Sleep until the monotonic time ``until``; False at once when a message is waiting."""
        with self._ready:
            while not self._waiting and not self._closed:
                left = until - time.monotonic()
                if left <= 0:
                    return True
                self._ready.wait(left)
            return False


def coalesce(waiting: list[Numbered], serial: int, message: object) -> None:
    """Add to a list of waiting messages so that only the newest of a kind remains.

    Nothing moves across a ``TakePicture``: it must see the scene as it was when it was asked for.
    """
    start = next((i + 1 for i in reversed(range(len(waiting))) if isinstance(waiting[i][1], TakePicture)), 0)
    if isinstance(message, SetColors):
        for i in range(start, len(waiting)):
            older = waiting[i][1]
            if isinstance(older, SetItem) and (older.view, older.name) == (message.view, message.name):
                if isinstance(older.item, Cloud) and len(older.item.points) == len(message.colors):
                    item = replace(older.item, colors=message.colors, shown=message.shown)
                    waiting[i] = (serial, replace(older, item=item))
                return
    waiting[start:] = [w for w in waiting[start:] if not _replaces(message, w[1])]
    waiting.append((serial, message))


def _replaces(new: object, old: object) -> bool:
    """Whether ``old`` need not be sent once ``new`` is."""
    if isinstance(new, CloseView):
        return getattr(old, "view", None) == new.view
    if isinstance(new, SetItem | RemoveItem):
        return isinstance(old, SetItem | RemoveItem | SetColors) and (old.view, old.name) == (new.view, new.name)
    if isinstance(new, SetColors):
        return isinstance(old, SetColors) and (old.view, old.name) == (new.view, new.name)
    if isinstance(new, SetCamera | SetStyle | Resize | Hold):
        return type(old) is type(new) and getattr(old, "view", None) == new.view
    return False
