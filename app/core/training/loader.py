"""Batches for one process of a run, prepared ahead while the network works."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.core.errors import Cancelled, ProcessDied
from app.core.training.recipe import Recipe
from app.core.training.samples import Sample, Samples
from app.models.objectives.base import Batch

_STEPS_AHEAD = 2
LOOK_SECONDS = 0.5
"""How often one who waits for a sample looks whether the run is to stop."""


class Loader:
    """Gives the batches of step after step; :meth:`close` ends its thread or processes.

    ``rank`` of ``world`` processes takes every scan of a batch whose number is ``rank`` modulo ``world``.
    ``stopped`` is asked while a sample is waited for, which may take minutes where features are computed first.
    """

    def __init__(
        self,
        samples: Samples,
        data: Path,
        *,
        rank: int,
        world: int,
        step: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        recipe = samples.recipe
        self._recipe, self._rank, self._world = recipe, rank, world
        self._asked: deque[list[Future[Sample]]] = deque()
        self._next = step * recipe.accumulate
        self._samples = samples
        self._stopped = stopped
        self._pool: Executor
        if recipe.workers:
            import multiprocessing

            self._pool = ProcessPoolExecutor(
                recipe.workers,
                multiprocessing.get_context("spawn"),
                initializer=_begin_worker,
                initargs=(data, recipe),
            )
        else:
            self._pool = ThreadPoolExecutor(1, "samples")

    def step(self) -> list[tuple[Batch, tuple[Sample, ...]]]:
        """The batches of the next optimiser step, one for each pass, with the samples they were made of.

        ``Cancelled`` where the run is told to stop while it waits for them.
        """
        batches = []
        ahead = _STEPS_AHEAD * self._recipe.accumulate
        for _ in range(self._recipe.accumulate):
            while len(self._asked) <= ahead:
                self._ask()
            try:
                samples = tuple(self._waited(future) for future in self._asked.popleft())
            except BrokenProcessPool:
                raise ProcessDied("A process that prepares scans has died; use fewer workers, or resume.") from None
            batches.append((collated(samples), samples))
        return batches

    def close(self) -> None:
        """Let go of what was asked for and not fetched."""
        self._samples.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _waited(self, future: Future[Sample]) -> Sample:
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                if future.done():
                    raise
                if self._stopped():
                    raise Cancelled from None

    def _ask(self) -> None:
        size = self._recipe.batch_size
        numbers = range(self._next * size + self._rank, (self._next + 1) * size, self._world)
        work = _worker_sample if self._recipe.workers else self._samples.sample
        self._asked.append([self._pool.submit(work, number) for number in numbers])
        self._next += 1


def collated(samples: tuple[Sample, ...]) -> Batch:
    """Samples as one batch, on the CPU."""
    coords = np.concatenate([sample.coords for sample in samples])
    coords[:, 0] = np.repeat(np.arange(len(samples)), [len(sample.coords) for sample in samples])
    feats = np.concatenate([sample.feats for sample in samples])
    tables = [sample.wanted for sample in samples if sample.wanted is not None]
    starts = np.cumsum([0, *(len(table) for table in tables)]) if tables else np.zeros(len(samples), int)
    targets = np.concatenate(
        [np.where(sample.targets < 0, -1, sample.targets + starts[i]) for i, sample in enumerate(samples)]
    )
    wanted = torch.from_numpy(np.concatenate(tables)) if tables else None
    scans = len(samples)
    plain = torch.from_numpy(coords), torch.from_numpy(feats), torch.from_numpy(targets)
    queries: dict[str, Any] = _queries(samples)
    return Batch(*plain, scans, wanted, *_pictures(samples))._replace(**queries)


def _queries(samples: tuple[Sample, ...]) -> dict[str, torch.Tensor]:
    """``queries``, ``support``, ``occupied`` and ``shine`` of a batch, nothing where nothing is asked."""
    starts = np.cumsum([0, *(len(sample.coords) for sample in samples)])
    asked = [(sample.asked, starts[i]) for i, sample in enumerate(samples) if sample.asked is not None]
    if not asked:
        return {}
    support = [np.where(found.support < 0, -1, found.support + start) for found, start in asked]
    return {
        "queries": torch.from_numpy(np.concatenate([found.places for found, _ in asked])),
        "support": torch.from_numpy(np.concatenate(support)),
        "occupied": torch.from_numpy(np.concatenate([found.occupied for found, _ in asked])),
        "shine": torch.from_numpy(np.concatenate([found.shine for found, _ in asked])),
    }


def _pictures(samples: tuple[Sample, ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor] | tuple[()]:
    """``images``, ``seen`` and ``places`` of a batch, nothing where no sample has a picture that shows anything."""
    starts = np.cumsum([0, *(len(sample.coords) for sample in samples)])
    found = [(sample.cut, starts[i]) for i, sample in enumerate(samples) if sample.cut is not None]
    if not any(len(cut.seen) for cut, _ in found):
        return ()
    seen = [
        np.stack([cut.seen + start, np.full(len(cut.seen), number)], axis=1)
        for number, (cut, start) in enumerate(found)
    ]
    return (
        torch.from_numpy(np.stack([cut.image for cut, _ in found])),
        torch.from_numpy(np.concatenate(seen)),
        torch.from_numpy(np.concatenate([cut.places for cut, _ in found])),
    )


_of_worker: Samples | None = None


def _begin_worker(data: Path, recipe: Recipe) -> None:
    global _of_worker
    _of_worker = Samples(data, recipe.model_copy(update={"cache_mb": recipe.cache_mb // recipe.workers}))


def _worker_sample(number: int) -> Sample:
    assert _of_worker is not None
    return _of_worker.sample(number)
