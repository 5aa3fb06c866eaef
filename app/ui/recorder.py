"""Records a playback: goes through the frames, has each drawn at the wanted size, and hands it to a writer.

The main thread only waits for pictures; encoding and writing happen in a thread. A recording that is
cancelled or fails leaves nothing behind.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.core.errors import DataError, LidarScopeError
from app.core.render.recorder import Sink, sink_for
from app.core.state import FrameState, LogLine
from app.ui.listening import Listening
from app.ui.view_frame import ViewFrame

WAITING = 3
"""Pictures that may wait for the writer; more would only fill the memory."""

STEP_MS = 10


@dataclass(frozen=True)
class Recording:
    """What to record: frames ``first`` … ``last`` at ``size`` (width, height), ``rate`` pictures a second.

    ``out`` is an ``.mp4`` file, or a folder that gets numbered pictures.
    """

    first: int
    last: int
    size: tuple[int, int]
    rate: float
    out: Path


class WriterThread(threading.Thread):
    """Takes pictures from a short queue; ``done(error or None)`` is called on this thread at the end."""

    def __init__(self, sink: Sink, done: Callable[[Exception | None], None]) -> None:
        super().__init__(name="recorder", daemon=True)
        self._sink, self._done = sink, done
        self._waiting: queue.Queue[tuple[str, np.ndarray] | bool] = queue.Queue(WAITING)
        self._failed = False

    def room(self) -> bool:
        """Whether another picture may be added without waiting."""
        return not self._waiting.full()

    def add(self, name: str, image: np.ndarray) -> None:
        """Hand over a picture; call only while there is room."""
        self._waiting.put_nowait((name, image))

    def end(self, *, keep: bool) -> None:
        """No picture comes any more; keep or discard what was written."""
        if not keep:
            self._failed = True
            with self._waiting.mutex:
                self._waiting.queue.clear()
        self._waiting.put(keep)

    def run(self) -> None:
        """Write until told to end."""
        error: Exception | None = None
        while True:
            job = self._waiting.get()
            if isinstance(job, bool):
                break
            if error is None and not self._failed:
                error = self._attempt(lambda job=job: self._sink.add(*job))  # type: ignore[misc]
        end = self._sink.finish if job and error is None else self._sink.discard
        self._done(self._attempt(end) or error)

    def _attempt(self, work: Callable[[], None]) -> Exception | None:
        try:
            work()
        except LidarScopeError as problem:
            return problem
        except OSError as problem:
            return DataError(f"The recording cannot be written ({problem}); choose another place or size.")
        return None


class Recorder(Listening, QObject):
    """Drives one recording of one view; ``finished`` is emitted once, when the writer has ended.

    ``UsageError`` where the plan's ``out`` ends in something that is no film's suffix.
    """

    finished = Signal(bool)
    _written = Signal(object)

    def __init__(self, frame: ViewFrame, plan: Recording, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._frame, self._plan, self._session = frame, plan, frame.session
        self._next = plan.first
        self._asked = self._drawing = self._ended = False
        self._came_from = self._session.target
        self._writer = WriterThread(sink_for(plan.out, plan.rate), self._written.emit)
        self._written.connect(self._on_written)
        self._task = self._session.track(f"Save {plan.out.name}", self.cancel)
        self._timer = QTimer(self, interval=STEP_MS)
        self._timer.timeout.connect(self._advance)
        self._error = ""
        self.listen(self._session.log_added, self._on_log)
        self.listen(self._session.drive_changed, lambda _drive: self.cancel())
        self._session.pause()
        self._writer.start()
        self._timer.start()

    @property
    def total(self) -> int:
        """Frames to record."""
        return self._plan.last - self._plan.first + 1

    def cancel(self) -> None:
        """Stop and take away what was written."""
        self._end(keep=False)

    def _on_log(self, line: LogLine) -> None:
        """A frame that cannot be read ends the recording: a film with a hole would look whole."""
        if line.level == "error" and not self._ended:
            self._error = line.text
            self._end(keep=False)

    def _advance(self) -> None:
        """Ask for the next frame, or have the one that is there drawn."""
        if self._drawing or not self._writer.room():
            return
        if self._next > self._plan.last:
            self._end(keep=True)
            return
        if not self._asked:
            self._asked = True
            self._session.go_to(self._next)
        state = self._session.frame_state
        if state is not None and state.frame.index == self._next and self._complete(state):
            self._drawing = True
            name = f"{self._next:06d}"
            self._frame.viewport.snapshot(*self._plan.size, lambda image: self._drawn(name, image))

    def _complete(self, state: FrameState) -> bool:
        """Whether the layer that the view shows has come too (the engine may still be at it)."""
        view = self._session.views.get(self._frame.name)
        if view is None:
            return True
        return self._session.layer_data(self._frame.name) is not None or view.layer in state.missing_layers

    def _drawn(self, name: str, image: np.ndarray) -> None:
        if self._ended:
            return
        self._writer.add(name, image)
        self._drawing = self._asked = False
        self._next += 1
        done = self._next - self._plan.first
        self._session.tracked_progress(self._task, done, self.total, f"frame {name}")

    def _end(self, *, keep: bool) -> None:
        if self._ended:
            return
        self._ended = True
        self._kept = keep
        self._timer.stop()
        self.stop_listening()
        self._writer.end(keep=keep)

    def _on_written(self, error: Exception | None) -> None:
        session, out = self._session, self._plan.out
        if error is not None:
            session.log_line(str(error), "error")
            session.tracked_end(self._task, "failed", str(error))
        elif not self._kept:
            session.tracked_end(self._task, "failed" if self._error else "cancelled", self._error)
        else:
            session.tracked_end(self._task, "done")
            session.log_line(f"Saved {out} ({self.total} pictures, {self._plan.size[0]} × {self._plan.size[1]}).")
        session.go_to(self._came_from)
        self.finished.emit(error is None and self._kept)
        self.deleteLater()

    def close(self) -> None:
        """The window goes: stop and wait until nothing is half-written."""
        self.cancel()
        self._writer.join()
