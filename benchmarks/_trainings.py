"""What benchmarks of trainings share: runs that go on where they were, several at a time, and telling results."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.core.errors import UsageError
from app.core.evaluation.scoring import Wanted
from app.core.files import write_atomically
from app.core.tasks.base import run
from app.core.tasks.context import Context
from app.core.tasks.evaluate import evaluate
from app.core.training import run as runs
from app.core.training.folder import FINISHED
from app.core.training.recipes import recipe_of

QUIET = {"threads": "1", "watch_every": "0", "checkpoint_every": "50", "keep_checkpoints": "1"}
"""Fields of runs of which several go on at a time: one thread each; a checkpoint now and then, to go on from."""


@contextmanager
def side_by_side(processes: int) -> Iterator[Any]:
    """``map``, here or over processes."""
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield pool.map


def once(folder: Path, work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What ``work`` finds, kept in the folder for later calls."""
    done = folder / "scores.json"
    if not done.is_file():
        write_atomically(done, json.dumps(work()).encode())
    found: dict[str, float] = json.loads(done.read_text())
    return found


def trained_to_the_end(folder: Path, name: str, settings: dict[str, str], data: Path) -> dict[str, float]:
    """Scores of a run of recipe ``name``, which goes on where it was; ``UsageError`` where somebody stopped it."""
    if (folder / "config.json").is_file():
        outcome = runs.resume(folder)
    else:
        kind, recipe = recipe_of(name, settings)
        outcome = runs.train(folder, kind, recipe, data)
    if outcome.state != FINISHED:
        raise UsageError(f"{folder} was stopped at step {outcome.step}; the same command goes on from there.")
    return dict(outcome.scores)


def miou(folder: Path, data: Path, sequences: tuple[str, ...], protocol: str) -> float:
    """mIoU of a run's network on sequences of ``data``."""
    import torch

    torch.set_num_threads(1)  # as the trainings: several at a time would wait for each other
    about: dict[str, Any] = {"data": data, "sequences": sequences, "wanted": Wanted(protocol)}
    return float(run(evaluate(Context(), predictions=folder, **about)).report()["miou"])


def spread(values: Iterable[float], sign: str = "") -> str:
    """Mean and standard deviation of shares, in percent."""
    percents = [100 * value for value in values]
    if not percents:
        return ""
    mean = f"{statistics.mean(percents):{sign}.1f}"
    return f"{mean} ± {statistics.stdev(percents):.1f}" if len(percents) > 1 else mean


def say(text: str) -> None:
    """A line on how it goes."""
    print(text, flush=True)
