"""What a render client delivers to a test, with waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from app.core.render.client import RenderClient
from app.core.render.protocol import Picture


class Delivered:
    """Pictures and log lines of a client, with waiting."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self.lines: list[str] = []
        self._changed = threading.Condition()

    def picture(self, picture: Picture) -> None:
        with self._changed:
            self.pictures.append(picture)
            self._changed.notify_all()

    def line(self, line: str) -> None:
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def wait(self, happened: Callable[[], object], timeout: float = 40) -> None:
        """Until ``happened()`` is true; fails the test after ``timeout`` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while not happened():
                left = end - time.monotonic()
                assert left > 0, f"waited in vain; pictures {len(self.pictures)}, lines {self.lines}"
                self._changed.wait(min(left, 0.2))


Start = Callable[..., tuple[RenderClient, Delivered]]
