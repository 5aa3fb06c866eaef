"""The nearest neighbours of all points of a cloud among themselves, and normals from them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from app.core.geometry import neighbours_loops as loops

T = TypeVar("T")

LEAF = 10
"""Points in a leaf of the tree, at most."""
_SHARED = 4096
"""Below so many points threads cost more than they bring."""


@dataclass(frozen=True)
class Neighbourhoods:
    """A cloud in an order in which neighbours lie near each other in memory, and who is near whom.

    Attributes
    ----------
    points : (M, 3) float32, in that order
    order : (M,) int32: row in the given cloud of each of them
    index : (M, k) int32 rows of ``points``: the k nearest of each point, nearest first, itself included
    squared : (M, k) float32 squared distances, square metres
    """

    points: np.ndarray
    order: np.ndarray
    index: np.ndarray
    squared: np.ndarray

    def given(self, values: np.ndarray) -> np.ndarray:
        """(M, …) values of ``points`` in the order of the given cloud."""
        back = np.empty_like(values)
        back[self.order] = values
        return back


def neighbourhoods(points: np.ndarray, *, count: int = 15, workers: int = 0) -> Neighbourhoods:
    """The ``count`` nearest neighbours of every point, exactly; fewer where the cloud has fewer points.

    Parameters
    ----------
    points : (M, 3) float32, metres, all finite
    count : k, the point itself included, 1 or more
    workers : threads; 0: as many as there are processors, at most 8
    """
    ordered = np.array(points, np.float32, order="C")
    total = len(ordered)
    order = np.arange(total, dtype=np.int32)
    k = min(count, total)
    index, squared = np.zeros((total, k), np.int32), np.zeros((total, k), np.float32)
    if not total:
        return Neighbourhoods(ordered, order, index, squared)
    levels = max(0, int(np.ceil(np.log2(max(total / LEAF, 1)))))
    threads = worker_count(total, workers)
    top = min(levels, max(0, threads - 1).bit_length())
    loops.split(ordered, order, top, 0, 0)
    in_threads(lambda k: loops.split(ordered, order, levels, top, k), range(1 << top), threads)
    corners = np.empty(((2 << levels) - 1, 6), np.float32)
    loops.boxes(ordered, levels, corners)
    pieces = parts(1 << levels, 8 * threads)
    in_threads(lambda piece: loops.nearest(ordered, corners, levels, index, squared, *piece), pieces, threads)
    return Neighbourhoods(ordered, order, index, squared)


def spread_normals(hoods: Neighbourhoods, *, workers: int = 0) -> np.ndarray:
    """(M, 3) float32 unit normals without a side, in the order of ``hoods``; on a line any direction across it."""
    total = len(hoods.points)
    found = np.zeros((total, 3), np.float32)
    threads = worker_count(total, workers)
    pieces = parts(total, 4 * threads)
    in_threads(lambda piece: loops.normals(hoods.points, hoods.index, found, *piece), pieces, threads)
    return found


def worker_count(total: int, workers: int = 0) -> int:
    """Threads for a cloud of ``total`` points, where ``workers`` are wished for (0: all processors, at most 8)."""
    return 1 if total < _SHARED else workers or min(os.cpu_count() or 1, 8)


def parts(total: int, count: int) -> list[tuple[int, int]]:
    """``range(total)`` in ``count`` pieces of about one size, (begin, end) each; fewer where there is less."""
    edges = [total * k // count for k in range(count + 1)]
    return [(a, b) for a, b in itertools.pairwise(edges) if b > a]


def in_threads(work: Callable[[T], object], pieces: Iterable[T], threads: int) -> None:
    """Call ``work`` on every piece, in so many threads; what it raises is raised here."""
    if threads <= 1:
        for piece in pieces:
            work(piece)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, pieces):
            pass
