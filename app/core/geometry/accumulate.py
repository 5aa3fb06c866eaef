"""Which points of many frames are drawn when not all of them fit.

A point's chance is decided by a hash of its row and its frame: the same points are kept whenever the frame
is drawn again with the same share, and a smaller share keeps a subset of a larger one. So nothing flickers
while one scrubs or moves the budget.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=4)
def _row_hash(count: int) -> np.ndarray:
    """(count,) uint32: a fixed, well mixed number for each row (the finaliser of MurmurHash3)."""
    h = np.arange(count, dtype=np.uint32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    h.flags.writeable = False
    return h


def ranks(count: int, frame: int) -> np.ndarray:
    """(count,) uint32: the order in which the rows of a frame are given up; the largest go first."""
    turn = (frame * 0x9E3779B9) & 0xFFFFFFFF
    return _row_hash(count) ^ np.uint32(turn)


def kept_rows(count: int, frame: int, share: float) -> np.ndarray:
    """Sorted int32 rows of a frame of ``count`` points that are drawn when ``share`` (0 to 1) of all are."""
    if share >= 1:
        return np.arange(count, dtype=np.int32)
    if share <= 0 or count == 0:
        return np.empty(0, np.int32)
    limit = np.uint32(min(int(share * 2**32), 2**32 - 1))
    return np.flatnonzero(ranks(count, frame) < limit).astype(np.int32)


def within_budget(frame_of: np.ndarray, row_of: np.ndarray, budget: int) -> np.ndarray | None:
    """(N,) bool of at most ``budget`` points to keep, or None when all fit.

    The share is chosen before frames are read, from the size of one of them; where the others turned out
    larger, this gives up what is too much, in the same order as :func:`kept_rows`.
    """
    if len(frame_of) <= budget:
        return None
    order = np.empty(len(frame_of), np.uint32)
    for frame in np.unique(frame_of):
        mine = frame_of == frame
        rows = row_of[mine]
        order[mine] = ranks(int(rows.max()) + 1, int(frame))[rows]
    keep = np.zeros(len(frame_of), bool)
    if budget > 0:
        keep[np.argpartition(order, budget - 1)[:budget]] = True
    return keep
