"""What is done for each pair of a query and a point beside the products of matrices; compiled, free of the GIL.

torch would pass over the pairs eight times, with an array for each pass, and twice as often where a query has
fewer points than others. bfloat16 travels as its bits: numba does not know it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

_jit: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})


@_jit
def first_layer(rows, weight, support, offset, known):  # type: ignore[no-untyped-def]
    """The first layer of a head and its ReLU for every pair; zeros where there is no point.

    Row ``support`` (Q, K) of ``rows`` (V, W) float32, and ``offset`` (Q, K, 3) float32 times ``weight`` (3, W)
    float32. Fills ``known`` (Q·K, W) float32, or uint16, bits of bfloat16.
    """
    zero, width, count = np.float32(0), rows.shape[1], support.shape[1]
    for q in range(support.shape[0]):
        for k in range(count):
            pair, j = q * count + k, support[q, k]
            if j < 0:
                known[pair] = 0
                continue
            x, y, z = offset[q, k, 0], offset[q, k, 1], offset[q, k, 2]
            for c in range(width):
                value = rows[j, c] + x * weight[0, c] + y * weight[1, c] + z * weight[2, c]
                _put(known, pair, c, max(value, zero))


@_jit
def mean_of_pairs(known, support, weights, mean):  # type: ignore[no-untyped-def]
    """The mean over each query's points of what a layer says, after its ReLU.

    Of ``known`` (Q·K, W) float32, or uint16, bits of bfloat16. ``support`` (Q, K) tells where there is a point;
    ``weights`` (Q, K) float32 sum to 1 over a query; without a column: all points alike. Fills ``mean`` (Q, W)
    float32, NaN where there is no point.
    """
    zero, count, alike = np.float32(0), support.shape[1], weights.shape[1] == 0
    for q in range(support.shape[0]):
        points = 0
        for k in range(count):
            points += support[q, k] >= 0
        mean[q] = zero if points else np.float32(np.nan)
        for k in range(count):
            if support[q, k] < 0:
                continue
            share = np.float32(1) / np.float32(points) if alike else weights[q, k]
            for c in range(mean.shape[1]):
                mean[q, c] += share * max(_taken(known, q * count + k, c), zero)


def _put(into: Any, pair: int, c: int, value: np.float32) -> None:
    """Write a finite float32 as the kind that ``into`` holds: itself, or the bits of the nearest bfloat16."""


def _taken(known: Any, pair: int, c: int) -> Any:
    """A number of ``known`` as float32, itself or from the bits of a bfloat16."""


@overload(_put)
def _put_as(into, pair, c, value):  # type: ignore[no-untyped-def]
    def whole(into, pair, c, value):  # type: ignore[no-untyped-def]
        into[pair, c] = value

    def half(into, pair, c, value):  # type: ignore[no-untyped-def]
        bits = np.float32(value).view(np.uint32)
        odd = (bits >> np.uint32(16)) & np.uint32(1)  # of two that are equally near, the even one
        into[pair, c] = np.uint16((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))

    return whole if into.dtype == types.float32 else half


@overload(_taken)
def _taken_as(known, pair, c):  # type: ignore[no-untyped-def]
    def whole(known, pair, c):  # type: ignore[no-untyped-def]
        return known[pair, c]

    def half(known, pair, c):  # type: ignore[no-untyped-def]
        return np.uint32(np.uint32(known[pair, c]) << np.uint32(16)).view(np.float32)

    return whole if known.dtype == types.float32 else half
