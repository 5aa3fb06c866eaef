"""The window's side of drawing: takes scene messages, gives finished pictures. Never makes the caller wait.

Two processes draw (see :mod:`app.core.render.process`). The rasteriser's picture comes within milliseconds, with
the depth and point index that picking needs; when the view has rested, Open3D's picture of the same scene
takes its place. Every message has a serial number, and a picture knows the newest it contains, so an older
picture never covers a newer one, whoever drew it.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from app.core.render import buffers
from app.core.render.link import Link
from app.core.render.mailbox import Mailbox
from app.core.render.protocol import (
    CloseView,
    Drawn,
    Ended,
    Hold,
    Message,
    Picture,
    Ready,
    Release,
    RemoveItem,
    Resize,
    SetCamera,
    SetColors,
    SetItem,
    SetStyle,
    Shade,
    Slots,
    Snapshot,
    TakePicture,
    check_size,
)
from app.core.render.scene import Cloud, check

log = logging.getLogger(__name__)
_SLOTS = 2
_KEPT = 7
"""Clouds before the newest that are remembered, for pictures that are still on their way."""
_EMPTY = np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32)


@dataclass
class _Memory:
    """A view's segments with one renderer; the generation before is kept until its last picture has come."""

    size: int
    segments: dict[str, SharedMemory]
    before: dict[str, SharedMemory] = field(default_factory=dict)


@dataclass
class _View:
    """What the client remembers of a view: enough to tell a fresh process all of it."""

    items: dict[str, tuple[int, SetItem]] = field(default_factory=dict)
    last: dict[type, tuple[int, Message]] = field(default_factory=dict)  # newest style, camera, size
    clouds: list[tuple[int, str, np.ndarray]] = field(default_factory=list)  # points by serial, for picking
    picture: Picture | None = None
    shown: tuple[int, int] = (-1, -1)  # serial and rank of that picture


@dataclass
class _Asked:
    """A picture that somebody waits for, and how often a renderer has died over it."""

    renderer: str
    message: TakePicture
    done: Callable[[np.ndarray], None]
    deaths: int = 0


class RenderClient:
    """Starts the render processes and talks to them.

    ``on_log(line)`` is called on a thread of the client. Any thread may call the methods; all return at once.
    """

    def __init__(
        self,
        *,
        renderers: Sequence[str] = ("raster", "open3d"),
        on_log: Callable[[str], None] | None = None,
    ) -> None:
        self._on_log = on_log or log.warning
        self._lock = threading.RLock()
        self._serial = itertools.count(1)
        self._views: dict[str, _View] = {}
        self._memory: dict[tuple[str, str], _Memory] = {}
        self._listeners: dict[str, Callable[[Picture], None]] = {}
        self._asked: dict[int, _Asked] = {}
        self._ready: dict[str, threading.Event] = {name: threading.Event() for name in renderers}
        self._closed = False
        self.links = {name: Link(name, self._reply, self._say, self._introduce) for name in renderers}
        for link in self.links.values():
            link.start()

    def listen(self, view: str, on_picture: Callable[[Picture], None] | None) -> None:
        """Have the pictures of a view delivered, on a thread of the client; None stops it."""
        with self._lock:
            if on_picture is None:
                self._listeners.pop(view, None)
            else:
                self._listeners[view] = on_picture

    def send(self, message: Message) -> None:
        """Hand over a message; arrays in it must not be changed afterwards.

        Raises
        ------
        ValueError
            An array has the wrong shape or type; nothing was sent.
        """
        if isinstance(message, SetItem):
            check(message.item)
        with self._lock:
            if self._closed or (isinstance(message, Hold) and not self._raster_draws()):
                return  # who draws alone waits for nothing
            serial = next(self._serial)
            self._remember(serial, message)
            for link in self.links.values():
                if isinstance(message, Resize):
                    self._provide(link, message)
                if not isinstance(message, TakePicture):
                    link.send(serial, message)

    def take_picture(self, view: str, width: int, height: int, done: Callable[[np.ndarray], None]) -> None:
        """Draw a view once at any size; ``done(image)`` is called on a thread of the client.

        A renderer that dies over it is asked once more; then a log line says that there will be no picture. Without
        any renderer, or for a view that is not there, ``done`` is never called either.

        Raises
        ------
        ValueError
            The picture is too large to draw, or has no pixels.
        """
        check_size(width, height)
        with self._lock:
            ticket = next(self._serial)
            self._ask(ticket, _Asked("", TakePicture(view, ticket, width, height), done))

    def wait_ready(self, renderer: str, timeout: float) -> bool:
        """Wait until a renderer has said that it can draw. For tests and benchmarks."""
        return self._ready[renderer].wait(timeout)

    def close(self) -> None:
        """End the processes and threads and unlink the shared memory."""
        with self._lock:
            self._closed = True
            self._listeners.clear()
        for link in self.links.values():
            link.close()
        with self._lock:
            for memory in self._memory.values():
                for segment in (*memory.segments.values(), *memory.before.values()):
                    buffers.discard(segment)
            self._memory.clear()

    def _ask(self, ticket: int, asked: _Asked) -> None:
        living = [link for link in self.links.values() if not link.dead]
        if self._closed or not living:
            return
        best = next((k for k in living if k.renderer == "open3d" and self._ready["open3d"].is_set()), living[0])
        asked.renderer = best.renderer
        self._asked[ticket] = asked
        best.send(ticket, asked.message)

    def _say(self, line: str) -> None:
        if not self._closed:
            self._on_log(line)

    def _remember(self, serial: int, message: Message) -> None:
        if isinstance(message, CloseView):
            self._views.pop(message.view, None)
            self._listeners.pop(message.view, None)
            for key in [k for k in self._memory if k[1] == message.view]:
                memory = self._memory.pop(key)
                for segment in (*memory.segments.values(), *memory.before.values()):
                    buffers.discard(segment)
            return
        view = self._views.setdefault(message.view, _View())
        if isinstance(message, SetItem):
            view.items[message.name] = (serial, message)
            if isinstance(message.item, Cloud) and message.item.pickable:
                view.clouds = [*view.clouds[-_KEPT:], (serial, message.name, message.item.points)]
        elif isinstance(message, SetColors):
            known = view.items.get(message.name)
            if known is not None and isinstance(known[1].item, Cloud):
                if len(message.colors) != len(known[1].item.points):
                    raise ValueError(
                        f"{len(message.colors)} colours for {len(known[1].item.points)} points of '{message.name}'"
                    )
                item = replace(known[1].item, colors=message.colors, shown=message.shown)
                view.items[message.name] = (serial, replace(known[1], item=item))
        elif isinstance(message, RemoveItem):
            view.items.pop(message.name, None)
        elif isinstance(message, SetStyle | SetCamera | Resize | Hold):
            view.last[type(message)] = (serial, message)

    def _introduce(self, link: Link, outbox: Mailbox) -> None:
        """Tell a fresh process everything."""
        with self._lock:
            for name, view in self._views.items():
                for serial, message in (*view.items.values(), *view.last.values()):
                    outbox.put(serial, message)
                memory = self._memory.get((link.renderer, name))
                if memory is not None:
                    outbox.put(0, Slots(name, tuple(memory.segments), memory.size))
            for ticket, asked in self._asked.items():
                if asked.renderer == link.renderer:
                    outbox.put(ticket, asked.message)
            link.adopt(outbox)

    def _provide(self, link: Link, message: Resize) -> None:
        """See that a view's segments are large enough for its size."""
        key = (link.renderer, message.view)
        need = buffers.needed(message.width, message.height, link.renderer == "raster")
        memory = self._memory.get(key)
        if memory is not None and need <= memory.size:
            return
        size = need + need // 4  # a window being dragged larger does not ask anew at every step
        fresh = [buffers.create(size) for _ in range(_SLOTS)]
        if memory is not None:
            for segment in memory.before.values():
                buffers.discard(segment)
        before = memory.segments if memory is not None else {}
        self._memory[key] = _Memory(size, {segment.name: segment for segment in fresh}, before)
        link.send(0, Slots(message.view, tuple(segment.name for segment in fresh), size))

    def _reply(self, renderer: str, reply: object) -> None:
        """A reply of a render process, on its link's thread."""
        if isinstance(reply, Drawn):
            self._picture(renderer, reply)
        elif isinstance(reply, Snapshot):
            asked = self._asked.pop(reply.ticket, None)
            if asked is not None:
                asked.done(reply.image)
        elif isinstance(reply, Ended):
            self._ended(reply)
        elif isinstance(reply, Ready):
            self._ready[renderer].set()
            self._shade()
            log.info("%s draws after %.2f s %s", reply.renderer, reply.seconds, reply.note)

    def _shade(self) -> None:
        """Let Open3D's process load the rasteriser once the other one has compiled it, not both at once."""
        raster, other = self.links.get("raster"), self.links.get("open3d")
        if other is not None and (raster is None or raster.dead or self._ready["raster"].is_set()):
            other.send(0, Shade())

    def _raster_draws(self) -> bool:
        return "raster" in self.links and not self.links["raster"].dead

    def _let_go(self) -> None:
        """Without the rasteriser nothing is held back: nobody else would draw what comes meanwhile."""
        if self._raster_draws() or "open3d" not in self.links:
            return
        for name, view in self._views.items():
            if view.last.pop(Hold, None) is not None:
                self.links["open3d"].send(next(self._serial), Hold(name, False))

    def _ended(self, reply: Ended) -> None:
        """A process has ended. Pictures it owes are asked for once more, elsewhere if it will not come back."""
        with self._lock:
            self._let_go()
            self._ready[reply.renderer].clear()
            self._shade()
            owed = {t: a for t, a in self._asked.items() if a.renderer == reply.renderer}
            for ticket, asked in owed.items():
                asked.deaths += 1
                if reply.for_good or asked.deaths > 1:
                    del self._asked[ticket]
                if asked.deaths > 1:
                    size = f"{asked.message.width} × {asked.message.height}"
                    self._say(f"No picture of {size} pixels: the {reply.renderer} renderer ended twice over it.")
                elif reply.for_good:
                    self._ask(ticket, asked)

    def _picture(self, renderer: str, reply: Drawn) -> None:
        arrays = self._copy(renderer, reply)
        if arrays is None:
            return
        with self._lock:
            view = self._views.get(reply.view)
            picture = self._merge(view, reply, arrays) if view is not None else None
            listener = self._listeners.get(reply.view)
        if picture is not None and listener is not None:
            listener(picture)

    def _copy(self, renderer: str, reply: Drawn) -> buffers.PictureArrays | None:
        """The picture out of its slot, which is free again then."""
        with self._lock:
            memory = self._memory.get((renderer, reply.view))
            segment = memory and (memory.segments.get(reply.slot) or memory.before.get(reply.slot))
            if not segment:
                return None
            shared = buffers.arrays(segment, reply.width, reply.height, reply.picking)  # keeps it mapped
        copied = buffers.PictureArrays(shared.image.copy(), shared.index.copy(), shared.depth.copy())
        del shared
        with self._lock:
            if not self._closed:
                self.links[renderer].send(0, Release(reply.view, reply.slot))
        return copied

    def _merge(self, view: _View, reply: Drawn, arrays: buffers.PictureArrays) -> Picture | None:
        """The picture to show now, or None when a newer or better one is shown already."""
        newest = (reply.serial, _rank(reply))
        old = view.picture
        same = old is not None and view.shown[0] == reply.serial
        if newest <= view.shown:
            if not (same and old is not None and not old.index.size and arrays.index.size):
                return None
            picture = replace(old, index=arrays.index, depth=arrays.depth)  # Open3D was there first
        else:
            keep = same and old is not None and not arrays.index.size and old.index.shape == arrays.image.shape[:2]
            index, depth = (old.index, old.depth) if keep and old is not None else (arrays.index, arrays.depth)
            picture = _assemble(view, reply, arrays.image, index, depth)
            view.shown = newest
        view.picture = picture
        return picture


def _assemble(view: _View, reply: Drawn, image: np.ndarray, index: np.ndarray, depth: np.ndarray) -> Picture:
    """A picture with the points that its index names: those that were sent last before it was drawn."""
    known = [c for c in view.clouds if c[0] <= reply.serial and c[1] == reply.cloud]
    if known:
        view.clouds = [c for c in view.clouds if c[1] != reply.cloud or c[0] >= known[-1][0]]
    points = known[-1][2] if known else np.zeros((0, 3), np.float32)
    return Picture(
        reply.view,
        image,
        index,
        depth,
        reply.camera,
        reply.cloud,
        reply.final,
        reply.seconds,
        reply.drawn,
        reply.total,
        reply.renderer,
        points,
    )


def _rank(reply: Drawn) -> int:
    """Of two pictures of the same scene the higher is shown."""
    return (2 if reply.renderer == "open3d" else 1) if reply.final else 0
