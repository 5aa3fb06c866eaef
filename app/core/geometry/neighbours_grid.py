"""Cells of a grid that hold points, numbered through a hash table: no raster, however wide the cloud."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True, error_model="numpy")
_FREE = np.int64(-1)
_BITS = 21
"""Bits of a cell's place along each axis; 2 097 152 cells, more than anything of metres needs."""


def numbered(points: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Cells that points lie in.

    Parameters
    ----------
    points : (M, 3) float32, metres, all finite
    edge : of a cell, metres

    Returns
    -------
    cell : (M,) int32 numbers 0, 1, 2 … in the order in which cells are met
    first : (cells,) int32 row of the first point in each cell
    """
    if not len(points):
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    fits = max(float(edge), float((high - low).max()) / ((1 << _BITS) - 4))
    _, _, cell, first = table(points, low - fits, fits)
    return cell, first


@_jit
def table(points, corner, edge):  # type: ignore[no-untyped-def]
    """Hash table of the cells: (T,) int64 keys (−1 free) and (T,) int32 numbers; (M,) int32 cells; first rows."""
    length = 16
    while length < 2 * len(points):
        length *= 2
    keys, numbers = np.full(length, _FREE, np.int64), np.zeros(length, np.int32)
    cell, first = np.empty(len(points), np.int32), np.empty(len(points), np.int32)
    count = np.int32(0)
    for i in range(len(points)):
        key = key_of(
            np.int64((points[i, 0] - corner[0]) / edge),
            np.int64((points[i, 1] - corner[1]) / edge),
            np.int64((points[i, 2] - corner[2]) / edge),
        )
        slot = place_of(keys, key)
        if keys[slot] == _FREE:
            keys[slot], numbers[slot], first[count] = key, count, i
            count += np.int32(1)
        cell[i] = numbers[slot]
    return keys, numbers, cell, first[:count].copy()


@_jit
def key_of(x, y, z):  # type: ignore[no-untyped-def]
    """One number for a cell's place."""
    return (x << np.int64(2 * _BITS)) | (y << np.int64(_BITS)) | z


@_jit
def place_of(keys, key):  # type: ignore[no-untyped-def]
    """Slot of a key in the table, or the free one where it belongs."""
    mask = np.uint64(len(keys) - 1)
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = (mixed >> np.uint64(20)) & mask
    while keys[slot] != _FREE and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot
