"""LZF decompression (Marc Lehmann's liblzf format), which PCD's ``binary_compressed`` uses."""

from __future__ import annotations

import numpy as np

from app.core.errors import DataError

_MOST_PER_BYTE = 88
"""Three bytes of LZF unpack to at most 264."""


def decompress(data: bytes, size: int, name: str) -> np.ndarray:
    """Unpack ``data`` to exactly ``size`` bytes, (size,) uint8.

    A ``size`` that the data cannot unpack to is refused before anything is reserved.

    Raises
    ------
    DataError
        The data are no LZF or unpack to another size; ``name`` opens the sentence.
    """
    done = -1
    if size <= _MOST_PER_BYTE * len(data):
        from app.core.datasets._lzf_loop import unpack  # compiled: loaded by those who read such files only

        out = np.zeros(size, np.uint8)
        done = unpack(np.frombuffer(data, np.uint8), out)
    if done != size:
        raise DataError(
            f"{name} does not unpack to the {size} bytes its header claims; it was cut short or its header lies."
        )
    return out
