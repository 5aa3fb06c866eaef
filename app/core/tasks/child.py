"""The engine process: takes requests from one pipe, runs tasks step by step, answers on the other.

Started by ``process_engine``. Its first thread runs the tasks; one thread reads requests, so that a cancel
is seen while a task runs; one sends answers, so that a large one does not hold up the next task. When the
window ends, in order or not, the request pipe ends, and so does this process.
"""

from __future__ import annotations

import io
import logging
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from app.core import tasks
from app.core.cores import share_cores
from app.core.errors import Cancelled, Fault, LidarScopeError
from app.core.niceness import LATER, PROMPT, stand_back
from app.core.tasks.channel import Channel
from app.core.tasks.context import Context
from app.core.tasks.engine import fault

GRACE = 2.0
"""Seconds a task gets to clean up after the window has gone."""


@dataclass
class _Running:
    id: int
    name: str
    priority: int
    events: Generator[Any, None, Any]


class Worker:
    """Runs requests: the most urgent first, older ones before newer ones, one step at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._context = Context()
        self._running: dict[int, _Running] = {}
        self._inbox: deque[tuple[Any, ...]] = deque()
        self._waiting = threading.Condition()
        self._outbox: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()

    def run(self) -> None:
        """Work until the request pipe ends."""
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        threading.Thread(target=self._send, name="answers", daemon=True).start()
        logging.getLogger().addHandler(_Forward(self._outbox))
        while self._take_requests():
            if self._running:
                self._step(min(self._running.values(), key=lambda task: (task.priority, task.id)))
            elif self._context.idle is not None:
                self._step_idle()
        for task in self._running.values():
            task.events.close()

    def _take_requests(self) -> bool:
        """Begin what has been asked for; waits if there is nothing else to do. False at the end."""
        with self._waiting:
            while not self._inbox and not self._running and self._context.idle is None:
                self._waiting.wait()
            requests = list(self._inbox)
            self._inbox.clear()
        for request in requests:
            match request:
                case ("run", id, name, params):
                    self._begin(id, name, params)
                case ("cancel", id):
                    self._cancel(id)
                case ("end",):
                    return False
        return True

    def _begin(self, id: int, name: str, params: dict[str, Any]) -> None:
        try:
            events = tasks.entry(name)(self._context, **params)
            self._running[id] = _Running(id, name, tasks.priority(name), events)
        except LidarScopeError as error:
            self._outbox.put(("error", id, error))
        except Exception as error:  # noqa: BLE001 - the edge of a task: wrong parameters must not end the engine
            self._outbox.put(("error", id, fault(name, error)))

    def _cancel(self, id: int) -> None:
        task = self._running.pop(id, None)
        if task is not None:
            task.events.close()
            self._outbox.put(("error", id, Cancelled(f"{task.name} was cancelled.")))

    def _step(self, task: _Running) -> None:
        try:
            self._outbox.put(("event", task.id, next(task.events)))
            return
        except StopIteration as stop:
            answer: tuple[Any, ...] = ("result", task.id, stop.value)
        except LidarScopeError as error:
            answer = ("error", task.id, error)
        except Exception as error:  # noqa: BLE001 - the edge of a task: a fault of ours must not end the engine
            answer = ("error", task.id, fault(task.name, error))
        del self._running[task.id]
        self._outbox.put(answer)

    def _step_idle(self) -> None:
        idle = self._context.idle
        try:
            if idle is not None:
                next(idle)
        except StopIteration:
            self._context.idle = None
        except Exception as error:  # noqa: BLE001 - reading ahead is a convenience: told, and not done again
            self._context.idle = None
            logging.getLogger(__name__).warning("Reading ahead stopped: %s", error)

    def _read(self) -> None:
        try:
            while True:
                self._ask(self._channel.receive())
        except (EOFError, OSError):
            self._ask(("end",))
        threading.Event().wait(GRACE)
        os._exit(0)  # a step that takes longer than that is not waited for: the window has gone

    def _ask(self, request: tuple[Any, ...]) -> None:
        with self._waiting:
            self._inbox.append(request)
            self._waiting.notify()

    def _send(self) -> None:
        while True:
            message = self._outbox.get()
            try:
                self._channel.send(message)
            except OSError:
                return  # the window has gone; the reading thread sees it too
            except Exception as error:  # noqa: BLE001 - whatever pickle raises for an odd value
                self._outbox.put(("error", message[1], Fault(f"An answer could not be sent ({error}).")))


class _Forward(logging.Handler):
    """Warnings and errors of this process go to the window's log."""

    def __init__(self, outbox: queue.SimpleQueue[tuple[Any, ...]]) -> None:
        super().__init__(logging.WARNING)
        self._outbox = outbox

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record; one with a traceback stays with standard error, its sentence comes with the task."""
        if record.exc_info is None:
            level = "error" if record.levelno >= logging.ERROR else "warning"
            self._outbox.put(("log", level, record.getMessage()))


def main(lane: str) -> None:
    """Run the engine process of a lane over standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the window, which then ends this process
    share_cores()
    stand_back(LATER if lane == "background" else PROMPT)
    incoming, outgoing = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)  # what a library prints must not get between the answers
    os.close(nowhere)
    sys.stdout = sys.stderr
    logging.basicConfig(stream=sys.stderr, format=f"engine ({lane}): %(message)s")
    Worker(Channel(io.FileIO(incoming, "r"), io.FileIO(outgoing, "w"))).run()
    sys.stderr.flush()
    os._exit(0)  # nothing is left to save, and libraries' threads must not hold up the end
