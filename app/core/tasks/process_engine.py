"""Tasks in processes of their own, so that nothing they do can stop the window.

There are two lanes, a process each: ``interactive`` for what the user waits for, ``background`` for work of
minutes, so that writing a demo drive does not hold up the next frame. The second is started when it is first
needed. A process that dies is started again; its tasks fail with one sentence.
"""

from __future__ import annotations

import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import app
from app.core import tasks
from app.core.errors import Cancelled, Fault, LidarScopeError, ProcessDied
from app.core.tasks.channel import Channel
from app.core.tasks.engine import REPLACED, OnError, OnEvent, OnResult, Post

CLOSE_SECONDS = 3.0
"""How long a process may take to end by itself once its pipe is closed."""

SETTLED = 5.0
"""A process that lived this long is started again at once; a shorter-lived one when it is next needed."""


@dataclass
class _Pending:
    lane: _Lane
    name: str
    key: str | None
    on_event: OnEvent | None
    on_result: OnResult | None
    on_error: OnError | None


class _Lane:
    """One engine process with the two threads that write to it and read from it."""

    def __init__(
        self, name: str, heard: Callable[[tuple[Any, ...]], None], died: Callable[[_Lane, str], None]
    ) -> None:
        self.name = name
        self.started = time.monotonic()
        self._heard = heard
        self._died = died
        self._process = subprocess.Popen(_command(name), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("the engine process has no pipes")
        self._channel = Channel(self._process.stdout, self._process.stdin)  # type: ignore[arg-type]
        self._outbox: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=target, name=f"engine {name} {what}", daemon=True)
            for target, what in ((self._write, "requests"), (self._read, "answers"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, message: tuple[Any, ...]) -> None:
        """Queue a message; never blocks."""
        self._outbox.put(message)

    def close(self) -> None:
        """Tell the process to end, by closing its request pipe, after what is queued has been sent."""
        self._outbox.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the end, and kill what has not ended by then."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._channel.close()

    def _write(self) -> None:
        while True:
            message = self._outbox.get()
            if message is None:
                break
            try:
                self._channel.send(message)
            except OSError:
                break  # the process has died; the reading thread sees it too
            except Exception as error:  # noqa: BLE001 - whatever pickle raises for an odd parameter
                self._heard(("error", message[1], Fault(f"A request could not be sent ({error}).")))
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _read(self) -> None:
        try:
            while True:
                self._heard(self._channel.receive())
        except (EOFError, OSError, ValueError):  # ValueError: closed here
            pass
        self._died(self, _how_it_ended(self._process.wait()))


class ProcessEngine:
    """Runs tasks in child processes. Any thread may call it.

    Parameters
    ----------
    post : brings callbacks to another thread; None calls them on the threads that read the answers
    on_log : called with (level, text) about the processes; may be set later
    """

    def __init__(self, *, post: Post | None = None, on_log: Callable[[str, str], None] | None = None) -> None:
        self.on_log = on_log
        self._post = post
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._newest: dict[str, int] = {}
        self._lanes: dict[str, _Lane] = {}
        self._closed = False
        with self._lock:
            self._lane(tasks.LANES[0])  # at once: it is warm when the first frame is asked for

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the lanes that run, by name."""
        with self._lock:
            return {name: lane.pid for name, lane in self._lanes.items()}

    def submit(
        self,
        name: str,
        *,
        key: str | None = None,
        on_event: OnEvent | None = None,
        on_result: OnResult | None = None,
        on_error: OnError | None = None,
        **params: Any,
    ) -> int:
        """See :meth:`app.core.tasks.engine.Engine.submit`; returns at once."""
        id = next(self._ids)
        try:
            lane_name = tasks.lane(name)
        except LidarScopeError as error:
            self._call(on_error, error)
            return id
        with self._lock:
            if self._closed:
                return id
            replaced = self._newest.get(key) if key is not None else None
            try:
                lane = self._lane(lane_name)
            except OSError as error:
                self._call(on_error, ProcessDied(f"The engine process cannot be started ({error.strerror})."))
                return id
            self._pending[id] = _Pending(lane, name, key, on_event, on_result, on_error)
            if key is not None:
                self._newest[key] = id
            if replaced is not None:
                self._withdraw(replaced, REPLACED)
            lane.send(("run", id, name, params))
        return id

    def cancel(self, id: int) -> None:
        """See :meth:`app.core.tasks.engine.Engine.cancel`; its ``on_error`` is called at once."""
        with self._lock:
            self._withdraw(id, "Cancelled.")

    def close(self) -> None:
        """End all processes; waits until they have ended. Nothing is called afterwards."""
        with self._lock:
            self._closed = True
            self._pending.clear()
            lanes = list(self._lanes.values())
            self._lanes.clear()
        for lane in lanes:
            lane.close()
        until = time.monotonic() + CLOSE_SECONDS
        for lane in lanes:
            lane.join(max(until - time.monotonic(), 0.0))

    def _lane(self, name: str) -> _Lane:
        if name not in self._lanes:
            self._lanes[name] = _Lane(name, self._on_message, self._on_death)
        return self._lanes[name]

    def _withdraw(self, id: int, why: str) -> None:
        pending = self._forget(id)
        if pending is not None:
            pending.lane.send(("cancel", id))
            self._call(pending.on_error, Cancelled(why))

    def _forget(self, id: int) -> _Pending | None:
        pending = self._pending.pop(id, None)
        if pending is not None and pending.key is not None and self._newest.get(pending.key) == id:
            del self._newest[pending.key]
        return pending

    def _on_message(self, message: tuple[Any, ...]) -> None:
        match message:
            case ("log", level, text):
                self._say(level, text)
            case ("event", id, event):
                with self._lock:
                    pending = self._pending.get(id)
                if pending is not None:
                    self._call(pending.on_event, event)
            case ("result" | "error" as what, id, value):
                with self._lock:
                    pending = self._forget(id)
                if pending is not None:
                    self._call(pending.on_result if what == "result" else pending.on_error, value)

    def _on_death(self, lane: _Lane, how: str) -> None:
        with self._lock:
            if self._closed or self._lanes.get(lane.name) is not lane:
                return
            del self._lanes[lane.name]
            lane.close()
            lost_ids = [id for id, pending in self._pending.items() if pending.lane is lane]
            lost = [pending for id in lost_ids if (pending := self._forget(id)) is not None]
            if time.monotonic() - lane.started > SETTLED and lane.name == tasks.LANES[0]:
                self._lane(lane.name)
        self._say("warning", f"The engine process ended unexpectedly ({how}); it is started again.")
        for pending in lost:
            what = pending.name.replace("_", " ")
            self._call(
                pending.on_error,
                ProcessDied(f"The engine process ended while working on '{what}' ({how}); ask for it again."),
            )

    def _say(self, level: str, text: str) -> None:
        if self.on_log is not None:
            say = self.on_log
            self._call(lambda line: say(*line), (level, text))

    def _call(self, callback: Callable[[Any], None] | None, value: Any) -> None:
        if callback is None or self._closed:
            return
        if self._post is None:
            callback(value)
        else:
            self._post(lambda: callback(value))


def _command(lane: str) -> list[str]:
    """Start line of an engine process. The current folder is taken off its search path: a user's
    ``types.py`` lying there must not replace the standard library's."""
    root = str(Path(app.__file__).resolve().parents[1]) if app.__file__ else os.fspath(Path.cwd())
    code = f"import sys; sys.path[:1] = [{root!r}]; from app.core.tasks.child import main; main({lane!r})"
    return [sys.executable, "-c", code]


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
