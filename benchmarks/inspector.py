"""What it takes to label the queue in view anew while a slider moves, features ready, beside the plain walk.

The queue is that of nine frames of supervoxels (some 6000 instances, features of 128, 19 classes) and that of nine
frames of unseen classes (some 120). Ours is a look after a change of β: cosines are at hand, so exponentials,
narrow products, margins and flips. The peer walks the same queue from features, as written labels do. Process time
of one thread, the least of a few runs, so that a busy machine does not decide. The same in the real window, on a
real queue, by the clock: see ``_inspector_window``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from app.core.affinity.affinity import AffinityOptions, propagate
from app.core.affinity.queue_view import margins
from app.core.affinity.queue_walk import KEPT, Block, blocks, walk
from app.core.tasks.context import ByteCache
from benchmarks import _inspector_window
from benchmarks.affinity import cloud
from benchmarks.rows import Row

FRAMES = 9
RUNS = 5
LIVE = 200.0
"""Milliseconds in which labels have to follow a slider."""


def rows() -> list[Row]:
    """Times of looks, and of the first one, which makes the cosines too; then those in the window."""
    found = []
    for instances in (680, 13):
        features, predictions = cloud(FRAMES * instances, 128)
        tables = list(features.astype(np.float16).reshape(FRAMES, instances, -1))
        parts = blocks(tables, [str(place) for place in range(FRAMES)])
        cache = ByteCache(KEPT)
        first = _least(partial(_first_look, parts, predictions))
        _look(parts, predictions, 2.0, cache)
        ours = _least(partial(_look, parts, predictions, 2.5, cache))
        plain = _least(partial(propagate, features, predictions, AffinityOptions(8.0, 2.5)))
        count = FRAMES * instances
        what = f"look after a change of β, {count} instances"
        found.append(Row(what, "ms", ours, "walk from features", plain, reach=LIVE))
        found.append(Row(f"first look, {count} instances", "ms", first, "walk from features", plain, reach=LIVE))
    return [*found, *_inspector_window.rows()]


def _first_look(parts: list[Block], predictions: np.ndarray) -> np.ndarray:
    return _look(parts, predictions, 2.0, ByteCache(KEPT))


def _look(parts: list[Block], predictions: np.ndarray, beta: float, cache: ByteCache) -> np.ndarray:
    after = walk(parts, predictions, AffinityOptions(8.0, beta), cache)
    changed = predictions.argmax(axis=1) != after.argmax(axis=1)
    return np.asarray(margins(after)[changed])


def _least(work: Callable[[], object]) -> float:
    """Milliseconds of process time."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1000 * min(times)
