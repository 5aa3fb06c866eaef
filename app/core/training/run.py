"""One training run from its beginning, or from where it was, to its end: the work of a run's own process."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.cores import usable_cores
from app.core.errors import DataError, LidarScopeError
from app.core.model_card import check_network
from app.core.training.folder import FAILED, FINISHED, PAUSED, RUNNING, STOPPED, RunFolder, process_born
from app.core.training.heartbeat import Heartbeat
from app.core.training.length import ended
from app.core.training.processes import check_processes, fabric_of, is_first
from app.core.training.recipe import Recipe, changed_later

if TYPE_CHECKING:
    from app.core.training.loop import Loop, StepDone

log = logging.getLogger(__name__)

LOG_SECONDS = 10.0
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Outcome:
    """How a run ended: ``state`` finished or stopped, its steps, and the last validation's scores."""

    state: str
    step: int
    scores: dict[str, float]


def begin(folder: Path, kind: str, recipe: Recipe, data: Path) -> RunFolder:
    """Make a run's folder, with a number of threads decided.

    ``UsageError`` where it cannot begin there, ``DataError`` where there is no such network or data. It loads
    torch, so it is not for the window's process.
    """
    check_processes(recipe)
    check_network(recipe.network, recipe.network_fields)
    if not data.exists():
        raise DataError(f"{data} does not exist; check its spelling and that its disk is connected.")
    if not recipe.threads:
        recipe = recipe.model_copy(update={"threads": usable_cores()})
    for name in ("init", "val_data", "label_list", "labels", "image_weights"):  # a run may go on from elsewhere
        if getattr(recipe, name, ""):
            recipe = recipe.model_copy(update={name: str(Path(getattr(recipe, name)).resolve())})
    recipe = ended(recipe, data)
    run = RunFolder(folder)
    run.create(kind, recipe, data.resolve())
    return run


def train(folder: Path, kind: str, recipe: Recipe, data: Path) -> Outcome:
    """Begin a run and train it to its end; see :func:`resume`."""
    if is_first():
        begin(folder, kind, recipe, data)
    return _go(RunFolder(folder), recipe)


def resume(folder: Path, changes: Mapping[str, str] | None = None) -> Outcome:
    """Train a run from where it is to its end, or until it is told to stop.

    Raises
    ------
    DataError
        The data, the disk or the numbers do not allow it; one sentence. The last good checkpoint stays.
    UsageError
        It is being trained already, or ``changes`` name fields that cannot be changed.
    """
    run = RunFolder(folder)
    kind, recipe, data = run.read_config()
    if changes:
        recipe = changed_later(recipe, changes)
        with run.locked():
            run.write_config(kind, recipe, data)
    return _go(run, recipe)


def _go(run: RunFolder, recipe: Recipe) -> Outcome:
    if not is_first():
        return _steps(run, recipe, None)
    with run.locked():
        recipe = run.read_config()[1]
        _forget_old_orders(run)
        _sweep(run)
        beat = Heartbeat(run, recipe.max_steps)
        try:
            beat.start()
            with _logged(run.log), _stopped_by_signals(run):
                outcome = _steps(run, recipe, beat)
        except LidarScopeError as error:
            beat.end(FAILED, str(error))
            raise
        except KeyboardInterrupt:
            beat.end(STOPPED, "Interrupted before it could save; it goes on from its last checkpoint.")
            raise
        except BaseException as error:
            beat.end(FAILED, f"A fault of LidarScope's own: {type(error).__name__}: {error}")
            raise
        beat.end(outcome.state)
        return outcome


def _steps(run: RunFolder, recipe: Recipe, beat: Heartbeat | None) -> Outcome:
    import torch

    threads = torch.get_num_threads()
    fabric = fabric_of(recipe)
    fabric.barrier()  # the first has made the folder by now
    from app.core.training.identity import compare, conditions
    from app.core.training.loop import Loop

    try:
        kind, recipe, data = run.read_config()
        loop = Loop(run, kind, recipe, data, fabric)
        if beat is not None:
            for sentence in compare(run, conditions(loop.samples.identity())):
                log.warning("%s", sentence)
        return _follow(run, loop, beat)
    finally:
        torch.set_num_threads(threads)


def _follow(run: RunFolder, loop: Loop, beat: Heartbeat | None) -> Outcome:
    """Take step after step, do what the run is told, and say how it goes."""
    pace = _Pace(loop.recipe.max_steps)
    scores: dict[str, float] = {}
    steps = loop.steps()
    try:
        for done in steps:
            scores = done.scores or scores
            if beat is not None:
                beat.tell(state=RUNNING, **pace.after(done))
            if done.asked == "stop":
                break
            if done.asked == "pause":
                _pause(run, loop, beat)
        loop.save()
    finally:
        steps.close()
    finished = loop.state.step >= loop.recipe.max_steps
    log.info("%s at step %d of %d.", "Finished" if finished else "Stopped", loop.state.step, loop.recipe.max_steps)
    return Outcome(FINISHED if finished else STOPPED, loop.state.step, scores)


def _pause(run: RunFolder, loop: Loop, beat: Heartbeat | None) -> None:
    """Save, then wait until the file ``pause`` is gone or the run is to stop."""
    loop.save()
    if beat is not None:
        beat.tell(state=PAUSED)
        log.info("Paused at step %d.", loop.state.step)
        while run.pause.exists() and not run.stop.exists():
            time.sleep(PAUSE_SECONDS)
        beat.tell(state=RUNNING)
    loop.fabric.barrier()


class _Pace:
    """Seconds a step, time left, and a line in the log now and then."""

    def __init__(self, max_steps: int) -> None:
        self._max_steps = max_steps
        self._mean = 0.0
        self._said = 0.0

    def after(self, done: StepDone) -> dict[str, Any]:
        """Fields of the status after a step."""
        self._mean = done.seconds if not self._mean else 0.9 * self._mean + 0.1 * done.seconds
        left = self._mean * (self._max_steps - done.step)
        if done.scores or time.monotonic() - self._said > LOG_SECONDS:
            self._said = time.monotonic()
            scores = "".join(f", {name} {value:.4f}" for name, value in done.scores.items())
            log.info(
                "step %d of %d, loss %.4f, %.2f s a step, %.0f min left%s",
                done.step, self._max_steps, done.losses["loss"], self._mean, left / 60, scores,
            )  # fmt: skip
        changes: dict[str, Any] = {"step": done.step, "seconds_per_step": self._mean, "seconds_left": left}
        return {**changes, "scores": done.scores} if done.scores else changes


def _forget_old_orders(run: RunFolder) -> None:
    """Orders that were given before this process began were for another one."""
    born = process_born(os.getpid())
    for order in (run.stop, run.pause):
        with contextlib.suppress(FileNotFoundError):
            if order.stat().st_mtime < born:
                order.unlink()


def _sweep(run: RunFolder) -> None:
    """Remove what a killed process left half-written; such files have names that nothing else looks at."""
    for folder in (run.path, run.checkpoints):
        for pattern in ("*.partial", ".*.part"):
            for path in folder.glob(pattern):
                path.unlink(missing_ok=True)


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Everything that training says also goes to the run's log."""
    logger = logging.getLogger("app.core.training")
    level = logger.level
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}).") from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk is told by the loop
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()


@contextmanager
def _stopped_by_signals(run: RunFolder) -> Iterator[None]:
    """An interrupt or a request to end lets the run save first; a second interrupt ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        run.stop.touch()
        signal.signal(number, before[number])

    before: dict[int, Any] = {int(n): signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
