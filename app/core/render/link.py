"""One render process as the window sees it: started, fed, listened to, started again when it dies."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from app.core.render import wire
from app.core.render.launch import launch
from app.core.render.mailbox import Mailbox
from app.core.render.protocol import Ended, Ready, Unable

_QUICK_DEATH = 5.0
_TRIES = 3


class Link:
    """Runs a thread that starts the process and reads its replies, and one that sends.

    Parameters
    ----------
    renderer : which one to run
    on_reply : called on the reading thread with every reply
    on_log : called with one line when the process has died or cannot draw
    scene : called before each life with the outbox of the fresh process: fills it with everything the process
        has to know and lets the link adopt it, while no other message is let in
    """

    def __init__(
        self,
        renderer: str,
        on_reply: Callable[[str, object], None],
        on_log: Callable[[str], None],
        scene: Callable[[Link, Mailbox], None],
    ) -> None:
        self.renderer = renderer
        self.pid: int | None = None
        self.dead = False
        self._on_reply, self._on_log, self._scene = on_reply, on_log, scene
        self._outbox = Mailbox()
        self._closing = False
        self._was_ready = False  # in this life
        self._process: BaseProcess | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the process; returns at once."""
        thread = threading.Thread(target=self._live, name=f"render {self.renderer}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def adopt(self, outbox: Mailbox) -> None:
        """Send from another outbox from now on."""
        self._outbox.close()
        self._outbox = outbox

    def send(self, serial: int, message: object) -> None:
        """Hand over a message; never waits."""
        self._outbox.put(serial, message)

    def close(self, timeout: float = 2.0) -> None:
        """End the process and the threads."""
        self._closing = True
        self._outbox.close()
        process = self._process
        if process is not None and process.is_alive():
            process.kill()  # it holds nothing that needs saving
        for thread in self._threads:
            thread.join(timeout)

    def _live(self) -> None:
        """Start the process, read its replies, and again when it dies; give up when it keeps dying.

        Open3D's engine ends its process where it finds no driver: one that dies before it was ready needs no
        second try, for the rasteriser draws the same pictures.
        """
        quick = 0
        while not self._closing:
            begin = time.monotonic()
            unable = self._run_once()
            quick = quick + 1 if time.monotonic() - begin < _QUICK_DEATH else 0
            hopeless = self.renderer == "open3d" and not self._was_ready
            self.dead = self._closing or unable or hopeless or quick >= _TRIES
            self._on_reply(self.renderer, Ended(self.renderer, self.dead))
            if not unable and not self._closing:
                self._on_log(self._obituary(quick))
            if self.dead:
                return

    def _obituary(self, quick: int) -> str:
        code = self._process.exitcode if self._process is not None else None
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        if self.dead and not self._was_ready:
            return f"{self.renderer} cannot draw on this machine (its engine ended with {how} while it started)."
        if self.dead:
            return f"The {self.renderer} renderer ended {quick} times in a row ({how}); it stays off."
        return f"The {self.renderer} renderer ended unexpectedly ({how}); it was started again."

    def _run_once(self) -> bool:
        """One life of the process; True if it says that it cannot draw here."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=launch, args=(theirs, self.renderer), name=f"render-{self.renderer}", daemon=True
        )
        process.start()
        theirs.close()
        self._process, self.pid, self._was_ready = process, process.pid, False
        if self._closing:
            process.kill()
        fresh = Mailbox()
        self._scene(self, fresh)
        sender = threading.Thread(target=_feed, args=(ours, fresh), name=f"feed {self.renderer}", daemon=True)
        sender.start()
        unable = self._listen(ours)
        fresh.close()
        process.join()
        sender.join(2.0)
        ours.close()
        return unable

    def _listen(self, connection: Connection) -> bool:
        while True:
            try:
                reply = wire.receive(connection)
            except (EOFError, OSError):
                return False
            if isinstance(reply, Unable):
                self._on_log(f"{reply.reason} Pictures are drawn without it.")
                return True
            self._was_ready = self._was_ready or isinstance(reply, Ready)
            self._on_reply(self.renderer, reply)


def _feed(connection: Connection, outbox: Mailbox) -> None:
    """Send what is in the outbox until the process or the window ends."""
    while not outbox.closed:
        for serial, message in outbox.take():
            try:
                wire.send(connection, (serial, message))
            except OSError:
                return
