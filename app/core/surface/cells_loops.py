"""The loop behind looking keys up, compiled by numba and free of the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_jit: Any = njit(nogil=True, cache=True)


@_jit
def find(held, wanted, rows):  # type: ignore[no-untyped-def]
    """Fill ``rows`` (M,) int64: those of ``held`` (N,) int64, sorted, of the first keys not below ``wanted`` (M,).

    As ``np.searchsorted``, but each search goes on from where the last one ended, in steps that double. Keys of
    cells and corners come in long sorted runs, so that nearly all of them lie a few rows further.
    """
    count = np.int64(len(held))
    at = np.int64(0)
    for i in range(len(wanted)):
        key = wanted[i]
        low, high = np.int64(0), at  # the row sought is in low..high
        if at < count and held[at] < key:
            width = np.int64(1)
            low, high = at + 1, at + 1
            while high < count and held[high] < key:
                low = high + 1
                high += width
                width *= 2
            high = min(high, count)
        elif at > 0 and held[at - 1] < key:
            low = at
        while low < high:
            middle = (low + high) >> 1
            if held[middle] < key:
                low = middle + 1
            else:
                high = middle
        rows[i] = at = low
