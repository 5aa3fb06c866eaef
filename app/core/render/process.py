"""The render process: takes scene messages, gives pictures through shared memory. No Qt, no torch.

One program, run once for each renderer: ``raster`` draws at once whatever arrives, moving or resting;
``open3d`` draws only what has rested for a moment. They are two processes because Open3D holds the GIL while it
draws: a camera that starts to move again never waits for a picture that nobody will look at.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from app.core.niceness import LATER, PROMPT, stand_back
from app.core.render import buffers, wire
from app.core.render.compositor import Compositor, Drawer
from app.core.render.mailbox import Mailbox
from app.core.render.plain import PlainDrawer
from app.core.render.plan import FULL, Detail
from app.core.render.protocol import CloseView, Drawn, Ready, Release, Shade, Slots, Snapshot, TakePicture, Unable

QUIET = 0.12
"""Seconds without any change before Open3D draws: playing at ten frames a second must not start it."""
LONGEST_QUIET = 1.0
"""The most for a view whose pictures take long (a million points: 0.4 s on two cores): it rests twice as long as
its last picture took, so that somebody who types or drags a slider does not wait for a core."""
_SLOW = 0.1
"""Seconds: a picture of a resting view that would take longer is drawn roughly first."""


class _Slots:
    """The shared memory that a view's pictures go into."""

    def __init__(self) -> None:
        self._open: dict[str, SharedMemory] = {}
        self._free: list[str] = []
        self.size = 0

    def replace(self, message: Slots) -> None:
        """Use other segments from now on; the old ones are the window's to unlink."""
        for old in self._open.values():
            buffers.close(old)
        self._open = {name: buffers.attach(name) for name in message.names}
        self._free, self.size = list(message.names), message.size

    def release(self, slot: str) -> None:
        """The window has read that picture."""
        if slot in self._open and slot not in self._free:
            self._free.append(slot)

    def next(self) -> tuple[str, SharedMemory] | None:
        """A segment to draw into, or None while the window has not read the last pictures."""
        return (self._free[0], self._open[self._free[0]]) if self._free else None

    def taken(self, slot: str) -> None:
        """That segment holds a picture for the window now."""
        self._free.remove(slot)


class Server:
    """One renderer's loop: messages in, newest picture out."""

    def __init__(
        self,
        connection: Connection,
        compositor: Compositor,
        renderer: str,
        *,
        quiet: float,
        better: Callable[[], Drawer] | None = None,
    ) -> None:
        self._better = better
        self._connection = connection
        self._compositor = compositor
        self._renderer = renderer
        self._quiet = quiet
        self._inbox = Mailbox()
        self._serials: dict[str, int] = {}
        self._slots: dict[str, _Slots] = {}
        self._changed: dict[str, float] = {}  # views to draw, and when they last changed
        self._took: dict[str, float] = {}  # seconds of each view's last picture
        self._rough: set[str] = set()  # views whose last picture was rough: they rest, so refine

    def run(self) -> None:
        """Serve until the window has gone."""
        threading.Thread(target=self._read, name="messages", daemon=True).start()
        while not self._inbox.closed:
            for serial, message in self._inbox.take(self._patience()):
                self._handle(serial, message)
            self._draw_one()

    def _read(self) -> None:
        """Messages from the window, until it goes."""
        while True:
            try:
                serial, message = wire.receive(self._connection)
            except (EOFError, OSError):
                os._exit(0)  # nobody is left to draw for; nothing of ours needs saving
            self._inbox.put(serial, message)

    def _patience(self) -> float | None:
        """How long to wait for messages before there is something to draw."""
        times = [self._due(view) for view in self._changed if self._drawable(view)]
        return max(min(times) - time.monotonic(), 0) if times else None

    def _due(self, name: str) -> float:
        """When a changed view has rested long enough."""
        quiet = self._quiet and max(self._quiet, min(2 * self._took.get(name, 0.0), LONGEST_QUIET))
        return self._changed[name] + quiet

    def _drawable(self, name: str) -> bool:
        view, slots = self._compositor.views.get(name), self._slots.get(name)
        if view is None or slots is None or slots.next() is None or not view.width or not view.height:
            return False
        return not (self._quiet and (view.moving or view.held))

    def _handle(self, serial: int, message: object) -> None:
        if isinstance(message, Slots):
            self._slots.setdefault(message.view, _Slots()).replace(message)
        elif isinstance(message, Release):
            if message.view in self._slots:
                self._slots[message.view].release(message.slot)
        elif isinstance(message, TakePicture):
            if message.view not in self._compositor.views:
                return  # closed meanwhile
            self._improve()
            image = self._compositor.still(message.view, message.width, message.height)
            wire.send(self._connection, Snapshot(message.view, message.ticket, image))
        elif isinstance(message, Shade):
            self._improve()
        else:
            self._change(serial, message)

    def _improve(self) -> None:
        """Draw whole pictures from now on."""
        if self._better is not None:
            self._compositor.drawer = self._better()
            self._better = None
            for name in self._compositor.views:
                self._changed[name] = time.monotonic()

    def _change(self, serial: int, message: object) -> None:
        if isinstance(message, CloseView):
            for store in (self._slots, self._changed, self._serials, self._took):
                store.pop(message.view, None)
        name = self._compositor.apply(message)
        if name:
            self._serials[name] = max(serial, self._serials.get(name, 0))
            self._changed[name] = time.monotonic()
            self._rough.discard(name)

    def _draw_one(self) -> None:
        """Draw the view that has waited longest, if its time has come."""
        ready = [view for view in self._changed if self._drawable(view) and time.monotonic() >= self._due(view)]
        if not ready:
            return
        name = min(ready, key=lambda v: self._changed[v])
        view = self._compositor.views[name]
        detail = self._compositor.plan(name)
        size = (view.width * view.height, view.stage.points)
        if detail == FULL and not self._quiet and name not in self._rough and view.budget.full(*size) > _SLOW:
            detail = view.budget.detail(*size)
        self._draw(name, detail)
        if detail != FULL and not view.moving:
            self._rough.add(name)
            self._changed[name] = time.monotonic()
        else:
            self._rough.discard(name)
            self._changed.pop(name)

    def _draw(self, name: str, detail: Detail) -> None:
        view, slots = self._compositor.views[name], self._slots[name]
        picking = not self._quiet and not view.moving  # nobody picks while it moves, and it is most of the bytes
        if buffers.needed(view.width, view.height, picking) > slots.size:
            return  # the window is about to send larger segments
        found = slots.next()
        assert found is not None
        slot, memory = found
        drawing = self._compositor.draw(name, detail, lambda w, h: buffers.arrays(memory, w, h, picking))
        self._took[name] = drawing.seconds
        slots.taken(slot)
        wire.send(
            self._connection,
            Drawn(
                name,
                slot,
                self._serials[name],
                drawing.width,
                drawing.height,
                picking,
                view.camera,
                view.stage.pickable,
                drawing.final,
                drawing.seconds,
                drawing.drawn,
                view.stage.seen(),
                self._renderer,
            ),
        )


def serve(connection: Connection, renderer: str) -> None:
    """Entry of the child process: ``renderer`` is ``raster`` or ``open3d``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is the window's to handle
    begin = time.perf_counter()
    stand_back(PROMPT if renderer == "raster" else LATER)
    _silence_stdout()
    server = _raster(connection) if renderer == "raster" else _open3d(connection)
    if server is None:
        return
    try:
        wire.send(connection, Ready(renderer, time.perf_counter() - begin))
        server.run()
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        os._exit(0)  # Open3D's renderer must not be taken apart by the interpreter's own end


def _raster(connection: Connection) -> Server:
    from app.core.render.shaded import ShadedDrawer

    drawer = ShadedDrawer()
    drawer.warm()
    return Server(connection, Compositor(drawer), "raster", quiet=0.0)


def _open3d(connection: Connection) -> Server | None:
    """A server that draws with Open3D, or None after having said why not."""
    from app.core.render.open3d_renderer import Open3DRenderer, Open3DUnavailable

    try:
        painter = Open3DRenderer()
    except Open3DUnavailable as error:
        wire.send(connection, Unable("open3d", str(error)))
        return None
    plain = PlainDrawer(painter.draw, painter.blank)

    def shaded() -> Drawer:
        from app.core.render.shaded import ShadedDrawer

        drawer = ShadedDrawer(None, painter.draw, painter.blank)
        drawer.warm()
        return drawer

    return Server(connection, Compositor(plain), "open3d", quiet=QUIET, better=shaded)


def _silence_stdout() -> None:
    """Open3D's engine writes to standard output, which belongs to the command line's JSON."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
