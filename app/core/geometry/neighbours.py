"""The nearest neighbours of all points of a cloud among themselves, and normals from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from app.core.cores import usable_cores
from app.core.geometry import neighbours_loops as loops
from app.core.geometry.neighbours_grid import numbered

T = TypeVar("T")

LEAF = 16
"""Points in a leaf of the tree, at most."""
LINE = 0.1
"""Flatness up to which neighbours count as caught in one line."""
THINNED = (0.1, 0.2, 0.4, 0.8)
OWN = 5
"""Nearest neighbours that a point keeps when it takes others from a thinned cloud, itself included."""
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


def surface_normals(points: np.ndarray, index: np.ndarray, *, workers: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Directions of least spread of neighbourhoods.

    Parameters
    ----------
    points : (M, 3) float32, metres
    index : (M, k) int32 rows of each point's neighbours

    Returns
    -------
    normals : (M, 3) float32 of unit length, without a side; on a line any direction across it
    flatness : (M,) float32, second greatest variance over the greatest: 0 on a line, 1 on a round patch
    """
    total = len(points)
    found, flat = np.zeros((total, 3), np.float32), np.zeros(total, np.float32)
    threads = worker_count(total, workers)
    pieces = parts(total, 4 * threads)
    in_threads(lambda piece: loops.normals(points, index, found, flat, *piece), pieces, threads)
    return found, flat


def spread_index(hoods: Neighbourhoods, flatness: np.ndarray, scale: float, *, workers: int = 0) -> np.ndarray:
    """Neighbours that are not all of one scan line.

    On the ground a LiDAR's nearest points are those of the same ring. A point whose neighbours lie on a line keeps
    the nearest few of them and takes the others from a thinned cloud, the finest of four in which its neighbours
    span a surface.

    Parameters
    ----------
    hoods : the nearest neighbours
    flatness : (M,) float32, of :func:`surface_normals`
    scale : metres; cells of the thinned clouds are 0.1, 0.2, 0.4 and 0.8 of it

    Returns
    -------
    (M, k) int32 rows of ``hoods.points``
    """
    index, taken = hoods.index.copy(), flatness > LINE
    for share in THINNED:
        cell, first = numbered(hoods.points, share * scale)
        thin = neighbourhoods(hoods.points[first], count=index.shape[1], workers=workers)
        _, flat = surface_normals(thin.points, thin.index, workers=workers)
        around = thin.given(thin.order[thin.index])
        loops.spread(cell, around, first, thin.given(flat) > LINE, OWN, index, taken)
    return index


def worker_count(total: int, workers: int = 0) -> int:
    """Threads for a cloud of ``total`` points, where ``workers`` are wished for (0: all processors, at most 8)."""
    return 1 if total < _SHARED else workers or min(usable_cores(), 8)


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
