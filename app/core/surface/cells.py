"""Cells and corners of an endless grid as sorted 64-bit keys, so that only those that are needed exist.

The cell of key k and its lowest corner have the same key; a key is x, y and z in 21 bits each, so that a neighbour
is a constant away.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from app.core.surface import cells_loops

BITS = 21
_HALF = 1 << (BITS - 1)
STEPS = np.array([1 << 2 * BITS, 1 << BITS, 1], np.int64)
"""What is added to a key to go one cell along x, y, z."""

CORNERS = np.array([(c & 1) * STEPS[0] + (c >> 1 & 1) * STEPS[1] + (c >> 2) * STEPS[2] for c in range(8)])
"""(8,) what is added to a cell's key for its corners, x fastest."""

MANY = 1 << 15
"""Keys that are looked up by two threads rather than by one: some milliseconds."""

REACH = _HALF - 2
"""Cells from the origin in every direction that keys can tell apart."""


def keys_of(places: np.ndarray, step: float) -> np.ndarray:
    """(N,) int64 keys of the cells of edge ``step`` (metres) that hold (N, 3) places.

    ``ValueError`` where a place is further away than keys reach, or not finite.
    """
    cells = np.floor(np.asarray(places, np.float64) / step)
    if not (np.abs(cells) < REACH).all():
        raise ValueError(f"places must lie within {REACH * step:g} m of the origin")
    return np.asarray((cells.astype(np.int64) + _HALF) @ STEPS)


def indices(keys: np.ndarray) -> np.ndarray:
    """(N, 3) int64 cells of keys."""
    mask = (1 << BITS) - 1
    return np.stack([keys >> 2 * BITS, keys >> BITS & mask, keys & mask], axis=1) - _HALF


def positions(keys: np.ndarray, step: float) -> np.ndarray:
    """(N, 3) float64 metres of the corners of keys."""
    return indices(keys) * float(step)


def children(keys: np.ndarray) -> np.ndarray:
    """(8N,) keys of the cells of half the edge that lie in cells."""
    fine = (indices(keys) * 2 + _HALF) @ STEPS
    return np.asarray((fine[:, None] + CORNERS).ravel())


def refined(keys: np.ndarray) -> np.ndarray:
    """(N,) keys of the same corners in the grid of half the step."""
    return np.asarray((indices(keys) * 2 + _HALF) @ STEPS)


def ancestors(keys: np.ndarray, levels: int) -> np.ndarray:
    """(N,) keys of the cells of 2^``levels`` times the edge that hold cells."""
    return np.asarray(((indices(keys) >> levels) + _HALF) @ STEPS)


def distinct(keys: np.ndarray) -> np.ndarray:
    """Sorted distinct keys, by sorting: ``np.unique`` hashes integers, and keys of cells collide in its table
    (measured: 36 ms instead of 1 for 100 000 keys)."""
    keys = np.sort(keys, axis=None)
    fresh = np.empty(len(keys), bool)
    fresh[:1] = True
    np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
    return keys[fresh]


def around(keys: np.ndarray, cells: int) -> np.ndarray:
    """Sorted distinct keys of all cells within ``cells`` of some cell along each axis."""
    for axis in range(3):
        shifts = np.arange(-cells, cells + 1) * STEPS[axis]
        keys = distinct(keys[:, None] + shifts)
    return keys


def corners_of(keys: np.ndarray) -> np.ndarray:
    """Sorted distinct keys of the corners of cells."""
    for step in STEPS:
        keys = distinct(np.concatenate([keys, keys + step]))
    return keys


def find(sorted_keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(M,) int64 rows of (M,) keys that are there; quickest where they come in sorted runs."""
    rows = np.empty(len(wanted), np.int64)
    if len(wanted) < MANY:
        cells_loops.find(sorted_keys, wanted, rows)
        return rows
    middle = len(wanted) // 2
    other = _thread().submit(cells_loops.find, sorted_keys, wanted[middle:], rows[middle:])
    cells_loops.find(sorted_keys, wanted[:middle], rows[:middle])
    other.result()
    return rows


def among(sorted_keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(M,) bool: which keys are there."""
    if not len(sorted_keys):
        return np.zeros(len(wanted), bool)
    at = np.minimum(find(sorted_keys, wanted), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[at] == wanted)


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "keys")
