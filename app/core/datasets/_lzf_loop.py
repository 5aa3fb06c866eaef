"""The loop behind :mod:`app.core.datasets._lzf`, compiled by numba and free of the GIL."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def unpack(data: np.ndarray, out: np.ndarray) -> int:
    """Unpack LZF ``data`` (uint8) into ``out`` (uint8); how many bytes were written, -1 where data are no LZF.

    Stops with -1 as soon as a step would read or write outside an array.
    """
    end, size = len(data), len(out)
    at = done = 0
    while at < end:
        control = int(data[at])
        at += 1
        if control < 32:  # that many bytes and one more as they are
            length = control + 1
            if at + length > end or done + length > size:
                return -1
            for i in range(length):
                out[done + i] = data[at + i]
            at += length
            done += length
            continue
        length = control >> 5  # a copy of earlier output
        if length == 7:
            if at >= end:
                return -1
            length += int(data[at])
            at += 1
        if at >= end:
            return -1
        start = done - ((control & 31) << 8) - int(data[at]) - 1
        at += 1
        length += 2
        if start < 0 or done + length > size:
            return -1
        for i in range(length):  # byte by byte: it may overlap what it writes, then the last bytes repeat
            out[done + i] = out[start + i]
        done += length
    return done
