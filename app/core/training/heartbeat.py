"""The status file of a run that is alive: rewritten every few seconds by a thread of its own."""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
from typing import Any

from app.core.errors import DataError
from app.core.training.folder import RunFolder, Status, now, process_born, this_host

SECONDS = 2.0


class Heartbeat:
    """Keeps the status fresh between :meth:`start` and :meth:`end`; changes of state are written at once."""

    def __init__(self, folder: RunFolder, max_steps: int) -> None:
        pid = os.getpid()
        before = folder.read_status()
        scores = before.scores if before is not None else {}
        self._folder = folder
        self._status = Status(
            "starting", max_steps=max_steps, pid=pid, born=process_born(pid), host=this_host(),
            changed=now(), scores=scores,
        )  # fmt: skip
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Write the first status, and go on."""
        self._write()
        self._thread.start()

    def tell(self, **changes: Any) -> None:
        """Change fields of the status; a new state is written now, the rest with the next beat."""
        with self._lock:
            new_state = "state" in changes and changes["state"] != self._status.state
            if new_state:
                changes["changed"] = now()
            self._status = dataclasses.replace(self._status, **changes)
        if new_state:
            self._write()

    def end(self, state: str, message: str = "") -> None:
        """Say how the run ended, and beat no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self.tell(state=state, message=message)

    def _beat(self) -> None:
        while not self._ended.wait(SECONDS):
            self._write()

    def _write(self) -> None:
        with self._lock:
            load, held = gpu()
            self._status = dataclasses.replace(
                self._status, heartbeat=now(), memory_mb=_memory(), gpu_load=load, gpu_memory_mb=held
            )
            try:
                self._folder.write_status(self._status)
            except DataError:
                return  # a full disk is reported by the loop, which needs it; a status that is old harms nothing


def gpu() -> tuple[float | None, float | None]:
    """Load 0 to 1 of the graphics card that this process computes on, and MB it holds there; None: there is none.

    The load needs NVIDIA's library ``pynvml``; without it only the memory is known.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None, None
    held = torch.cuda.memory_reserved() / 1e6
    try:
        return torch.cuda.utilization() / 100, held
    except (ImportError, RuntimeError):
        return None, held


def _memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss / 1e6)
