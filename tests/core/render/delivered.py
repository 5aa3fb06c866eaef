"""What a render client delivers to a test, with waiting."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from app.core.render import wire
from app.core.render.client import RenderClient
from app.core.render.launch import launch
from app.core.render.protocol import Picture, Unable


def unable(connection: Connection, renderer: str) -> None:
    """What a render process does that finds no way to draw."""
    if renderer == "raster":
        launch(connection, renderer)
    else:
        wire.send(connection, Unable(renderer, "Open3D has no off-screen renderer here (no driver)."))


def aborts(connection: Connection, renderer: str) -> None:
    """What Open3D's engine does to its process where there is no graphics driver at all."""
    if renderer == "raster":
        launch(connection, renderer)
    else:
        os.abort()


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
