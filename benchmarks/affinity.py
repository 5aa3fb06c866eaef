"""The random walk over affinity beside the bare matrix products that it cannot do without.

The peer is ``(F Fᵀ) Y`` by numpy, the quicker of in one piece and in tiles as large as ours; ours makes softmax,
power and normalisation too. Lengths of CLIP's features: 128 (the demo CLIP) and 512 (ViT-B/32); 19 classes. Process
time, the least of a few runs, so that a busy machine does not decide.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np

from app.core.affinity.affinity import COLUMNS, ROWS, AffinityOptions, neighbours, propagate
from benchmarks.rows import Row

INSTANCES = 4096
CLASSES = 19


def cloud(count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) float32 unit rows and (N, C) float32 shares."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, size))[rng.integers(40, size=count)] + rng.normal(size=(count, size))
    features = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return features, rng.dirichlet(np.ones(CLASSES), count).astype(np.float32)


def dense(features: np.ndarray, labels: np.ndarray, options: AffinityOptions) -> np.ndarray:
    """Equations 6 to 8 as written, in float64."""
    product = options.scale * features.astype(np.float64) @ features.astype(np.float64).T
    raised = np.exp(product - product.max(axis=1, keepdims=True))
    power = (raised / raised.sum(axis=1, keepdims=True)) ** options.beta
    return np.asarray(power / power.sum(axis=1, keepdims=True) @ labels.astype(np.float64))


def bare(features: np.ndarray, labels: np.ndarray, high: int, wide: int) -> np.ndarray:
    """The two products in tiles of ``high`` × ``wide``."""
    found = np.zeros_like(labels)
    for start in range(0, len(features), high):
        for column in range(0, len(features), wide):
            tile = features[start : start + high] @ features[column : column + wide].T
            found[start : start + high] += tile @ labels[column : column + wide]
    return found


def rows() -> list[Row]:
    """Times, difference from the dense formula, memory."""
    options = AffinityOptions(20.0)
    found = []
    for size in (128, 512):
        features, labels = cloud(INSTANCES, size)
        whole = _least(partial(bare, features, labels, len(features), len(features)))
        peer = min(whole, _least(partial(bare, features, labels, ROWS, COLUMNS)))
        ours = _least(partial(propagate, features, labels, options))
        what = f"walk over {INSTANCES} instances, features of {size}"
        found.append(Row(what, "ms", ours, "bare products", peer, reach=2.0, of_ratio=True))
    one = _least(lambda: neighbours(features, 0, options))
    few, some = features[:1500], labels[:1500]
    worst = float(np.abs(propagate(few, some, options) - dense(few, some, options)).max())
    found.append(Row("greatest difference from the dense formula in float64", "", worst, reach=1e-5))
    found.append(Row(f"strongest neighbours of one of {INSTANCES}", "ms", one))
    tracemalloc.start()
    propagate(features, labels, options)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    found.append(Row("memory beside the features", "MB", peak, "N × N", INSTANCES**2 * 4 / 2**20))
    return found


def _least(work: Callable[[], object], repeats: int = 4) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return min(times)
