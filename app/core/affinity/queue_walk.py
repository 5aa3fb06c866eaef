"""The random walk over a queue that is looked at: the same equations, with the cosines kept between two looks.

While a slider moves, features stay and only scale, β or predictions differ. So cosines between blocks of instances
are kept, each pair of blocks once: exp(s·(cos − 1)) is as symmetric as they are, since the factor that a row's own
length adds cancels when rows are made to add up to one. What is left of a look is one exponential and one narrow
product a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from app.core.affinity.affinity import AffinityOptions, propagate
from app.core.tasks.context import ByteCache

BLOCK = 512
"""Instances of a block, at least: frames with fewer are put together."""

HIGH = 256
"""Rows of a tile of a pair of blocks: it stays near the processor between exp and the product."""

KEPT = 256 << 20
"""Bytes of cosines that are kept: those of 11 000 instances."""

FARTHEST = 30.0
"""Exponent by which a row's own length may put it off; beyond, float32 would lose digits and the plain walk is
made."""

WORKERS = 2


@dataclass(frozen=True, eq=False)
class Block:
    """Instances of neighbouring frames: ``content`` names them, ``features`` (n, D) float32."""

    content: tuple[str, ...]
    features: np.ndarray


def blocks(features: Sequence[np.ndarray], contents: Sequence[str]) -> list[Block]:
    """Frames' features, gathered into blocks of at least ``BLOCK`` instances (but the last)."""
    found: list[Block] = []
    held: list[np.ndarray] = []
    names: list[str] = []
    for table, content in zip(features, contents, strict=True):
        held.append(table)
        names.append(content)
        if sum(map(len, held)) >= BLOCK:
            found.append(_block(held, names))
            held, names = [], []
    if held:
        found.append(_block(held, names))
    return found


def cosines(a: Block, b: Block, cache: ByteCache) -> np.ndarray:
    """(n, m) float32 products of two blocks' features, from memory where they were made lately."""
    key = (a.content, b.content)
    held: np.ndarray | None = cache.get(key)
    if held is None:
        held = a.features @ b.features.T
        cache.put(key, held, held.nbytes)
    return held


def walk(
    parts: Sequence[Block],
    predictions: np.ndarray,
    options: AffinityOptions,
    cache: ByteCache,
    stopped: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """T · Y, once a walk, as :func:`app.core.affinity.affinity.propagate` makes it, to 1e-5.

    Parameters
    ----------
    parts : blocks of N instances in all
    predictions : (N, C) float32 Y
    cache : of cosines
    stopped : asked between two pairs; what comes then is of no use

    Returns
    -------
    (N, C) float32
    """
    values = np.asarray(predictions, np.float32)
    sharpness = options.beta * options.scale
    if not len(values):
        return values
    if sharpness * max(_length_off(part) for part in parts) > FARTHEST:
        return propagate(np.concatenate([part.features for part in parts]), values, options)
    starts = np.cumsum([0, *(len(part.features) for part in parts)])
    pairs = [(a, b) for a in range(len(parts)) for b in range(a, len(parts))]
    for _ in range(options.walks):
        beside = np.concatenate([values, np.ones((len(values), 1), np.float32)], axis=1)

        def some(first: int, beside: np.ndarray = beside) -> np.ndarray:
            total = np.zeros_like(beside)
            for a, b in pairs[first::WORKERS]:
                if stopped():
                    break
                rows, columns = slice(starts[a], starts[a + 1]), slice(starts[b], starts[b + 1])
                _add(cosines(parts[a], parts[b], cache), np.float32(sharpness), beside, total, rows, columns)
            return total

        with ThreadPoolExecutor(WORKERS) as pool:  # numpy lets go of the interpreter in products and exp
            total = sum(pool.map(some, range(WORKERS)))
        assert isinstance(total, np.ndarray)
        values = total[:, :-1] / np.maximum(total[:, -1:], np.float32(1e-37))
    return values


def _add(
    cosine: np.ndarray, sharpness: np.float32, beside: np.ndarray, total: np.ndarray, rows: slice, columns: slice
) -> None:
    """What a pair of blocks gives to each other."""
    for start in range(0, len(cosine), HIGH):
        tile = cosine[start : start + HIGH] * sharpness
        tile -= sharpness
        np.exp(tile, out=tile)
        own = slice(rows.start + start, rows.start + start + len(tile))
        total[own] += tile @ beside[columns]
        if rows != columns:
            total[columns] += tile.T @ beside[own]


def _block(held: list[np.ndarray], names: list[str]) -> Block:
    return Block(tuple(names), np.concatenate(held).astype(np.float32))


def _length_off(part: Block) -> float:
    """By how much the farthest row's square differs from one."""
    squares = np.einsum("ij,ij->i", part.features, part.features)
    return float(np.abs(squares - 1).max(initial=0.0))
