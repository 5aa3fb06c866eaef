"""The points that places are told from: the nearest few within a radius, for millions of places near a surface."""

from __future__ import annotations

import numpy as np

from app.core.geometry import neighbours_loops as tree
from app.core.surface import support_loops as loops

LEAF = 16
"""Points in a leaf of the tree, at most."""


class Support:
    """A tree of points, which is asked for the nearest of any places.

    Attributes
    ----------
    points : (N, 3) float32 metres, in the tree's order, in which near ones are near in memory
    order : (N,) int32 the row that each of them has among the given ones
    """

    def __init__(self, points: np.ndarray) -> None:
        """``points`` (N, 3), metres, all finite, at least one."""
        self.points = np.array(points, np.float32, order="C")
        self.order = np.arange(len(points), dtype=np.int32)
        self._levels = max(0, int(np.ceil(np.log2(len(points) / LEAF))))
        tree.split(self.points, self.order, self._levels, 0, 0)
        self._boxes = np.empty(((2 << self._levels) - 1, 6), np.float32)
        tree.boxes(self.points, self._levels, self._boxes)

    def of(self, places: np.ndarray, count: int, radius: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
        """The nearest points of places, without the GIL; quickest where places follow each other closely.

        Parameters
        ----------
        places : (M, 3), metres, all finite
        count : K, how many; where there are fewer within the radius, −1 and 0 stand for those that lack
        radius : metres, points at this distance or farther do not count

        Returns
        -------
        index : (M, K) int32 rows of ``points``, nearest first
        offset : (M, K, 3) float32 place minus point, metres
        """
        index = np.empty((len(places), count), np.int32)
        offset = np.empty((len(places), count, 3), np.float32)
        given = np.ascontiguousarray(places, np.float32)
        loops.nearest_of(self.points, self._boxes, self._levels, given, np.float32(radius), index, offset)
        return index, offset
