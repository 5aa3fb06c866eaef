"""Work that takes seconds in one piece, in a thread beside: its caller stays free, and can give up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T")

PAUSE = 0.03
"""Seconds between two looks at whether the work is done: so long a more urgent task waits at most."""

_networks = ThreadPoolExecutor(1, "network")
"""One work at a time: two networks at once would only slow each other down. And always in the same thread: each
thread that calls torch gets helpers of its own, and as soon as there are more than cores, they sleep between
two products instead of waiting awake. A network of many small products then takes twice as long (measured: 0.22
against 0.11 s for the latents of a demo frame)."""


class Stopped(Exception):
    """The work was given up; nobody waits for its result any more."""


def aside(work: Callable[[threading.Event], T], *, alone: bool = True) -> Generator[None, None, T]:
    """Run ``work(stop)`` in a thread, yielding while it goes on; what it raises is raised here.

    Closing the generator sets ``stop`` and returns at once; the work ends as soon as it looks at it, and the next
    one begins only then. ``alone`` False: short work that a user waits for begins at once, whatever goes on.
    """
    stop, done = threading.Event(), threading.Event()
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            if not stop.is_set():
                outcome.append(work(stop))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is waited for
            failure.append(error)
        finally:
            done.set()

    if alone:
        _networks.submit(run)
    else:
        threading.Thread(target=run, name="aside").start()  # no daemon: a program waits for it before it ends
    try:
        while not done.wait(PAUSE):
            yield
    finally:
        stop.set()
    if failure:
        raise failure[0]
    return outcome[0]


class Stoppable:
    """While it is entered, a network run by this thread stops at its next layer once ``stop`` is set."""

    def __init__(self, network: nn.Module, stop: threading.Event) -> None:
        self._network = network
        self._stop = stop
        self._thread = 0
        self._hooks: list[Any] = []

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._hooks = [module.register_forward_pre_hook(self._look) for module in self._network.modules()]

    def __exit__(self, *_error: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _look(self, _module: object, _inputs: object) -> None:
        if self._stop.is_set() and threading.get_ident() == self._thread:
            raise Stopped
