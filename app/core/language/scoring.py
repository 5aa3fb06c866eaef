"""How alike rows of a feature table and words are, and what follows: rivals, relevancy, winners, histograms.

A frame's points share the rows of its table (:class:`~app.core.language.features.PointFeatures`), so everything is
worked out for rows and spread over points last.
"""

from __future__ import annotations

import numpy as np

from app.core.language.features import PointFeatures

CHUNK = 4096
"""Rows that are widened to float32 at a time: they stay in the processor's cache (2 MB at D = 128)."""

BINS = 64

UNKNOWN_ID = 0
"""Winner of points of which nothing is known; prompts count from 1, and what none of them suits comes after."""


def cosines(table: np.ndarray, words: np.ndarray) -> np.ndarray:
    """(K, P) float32 products of (K, D) float16 unit rows with (P, D) float32 unit vectors."""
    import torch

    from app.models.threads import one_thread

    out = np.empty((len(table), len(words)), np.float32)
    rows, target = torch.from_numpy(np.ascontiguousarray(table)), torch.from_numpy(out)
    wanted = torch.from_numpy(np.ascontiguousarray(words, np.float32)).T
    with torch.inference_mode(), one_thread():
        for start in range(0, len(table), CHUNK):
            block = slice(start, start + CHUNK)
            torch.mm(rows[block].float(), wanted, out=target[block])
    return out


def relevancy(cosine: np.ndarray, rival: np.ndarray, scale: float) -> np.ndarray:
    """(…) float32 from 0 to 1: LERF's score, the least of exp(s·q) / (exp(s·q) + exp(s·n)) over negatives n.

    It falls with n, so the least belongs to the ``rival``, the negative most like the row; −inf: no negative, and
    everything is relevant. ``scale`` s: CLIP's own logit scale.
    """
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(np.float32(scale) * (rival - cosine))), np.float32)


def rivals(negatives: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """(K, P) float32: for each prompt the greatest of (K, Q) cosines over the negatives that count for it.

    ``allowed`` (P, Q) bool. −inf where none counts.
    """
    found = np.full((len(negatives), len(allowed)), -np.inf, np.float32)
    done: dict[bytes, int] = {}
    for place, counts in enumerate(allowed):
        before = done.setdefault(counts.tobytes(), place)
        if before != place:
            found[:, place] = found[:, before]
        elif counts.any():
            found[:, place] = negatives[:, counts].max(axis=1)
    return found


def surer(first: np.ndarray, cosine: np.ndarray, second: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N,) int32 rows of two tables, the second below the first: per point those of the table in which its
    greatest cosine is larger, −1 where neither knows it.

    ``first``, ``second``: (N,) rows of points, −1 unknown; ``cosine`` (K, P), ``other`` (L, P).
    """
    best = spread(first, cosine.max(axis=1, initial=-np.inf), -np.inf)
    rival = spread(second, other.max(axis=1, initial=-np.inf), -np.inf)
    moved = np.where(second >= 0, second + len(cosine), -1)
    return np.asarray(np.where(rival > best, moved, first), np.int32)


def winners(relevant: np.ndarray, order: np.ndarray, threshold: float) -> np.ndarray:
    """(K,) uint8: 1 … P the prompt that suits best by ``order`` (K, P) among those that match, P + 1: none does."""
    rows, prompts = relevant.shape
    if not prompts:
        return np.ones(rows, np.uint8)
    ranked = np.where(relevant >= threshold, order, -np.inf)
    best = ranked.argmax(axis=1)
    none = np.isneginf(np.take_along_axis(ranked, best[:, None], axis=1)[:, 0])
    return np.where(none, prompts + 1, best + 1).astype(np.uint8)


def row_weights(row: np.ndarray, rows: int) -> np.ndarray:
    """(K,) int64 points of each row of a table of K, from (N,) rows of points."""
    return np.bincount(row[row >= 0], minlength=rows)[:rows] if rows else np.zeros(0, np.int64)


def spread(row: np.ndarray, values: np.ndarray, fill: float = np.nan) -> np.ndarray:
    """(N, …) values of points from (K, …) values of rows and (N,) rows of points, ``fill`` where it is −1."""
    if not len(values):
        return np.full((len(row), *values.shape[1:]), fill, values.dtype)
    found = values.take(row, axis=0, mode="clip")
    found[row < 0] = fill
    return np.asarray(found)


def histogram(values: np.ndarray, weight: np.ndarray, low: float, high: float, bins: int = BINS) -> np.ndarray:
    """(bins,) int64 points in equal bins from ``low`` to ``high``, of (K,) row values and (K,) points of rows; what
    lies outside counts in the outermost bins, what is not finite nowhere."""
    good = np.isfinite(values)
    place = np.clip((values[good] - low) * (bins / max(high - low, 1e-9)), 0, bins - 1).astype(np.int64)
    return np.bincount(place, weights=weight[good], minlength=bins).astype(np.int64)


def mean_direction(features: PointFeatures) -> np.ndarray:
    """(D,) float32 unit mean of what points have, each point counted once; zeros where nothing is known."""
    import torch

    weight = torch.from_numpy(row_weights(features.row, len(features.table)).astype(np.float32))
    rows = torch.from_numpy(np.ascontiguousarray(features.table))
    summed = torch.zeros(rows.shape[1])
    with torch.inference_mode():
        for start in range(0, len(rows), CHUNK):
            block = slice(start, start + CHUNK)
            summed += weight[block] @ rows[block].float()
    total = summed.numpy()
    length = float(np.linalg.norm(total))
    return total / length if length > 0 else total
