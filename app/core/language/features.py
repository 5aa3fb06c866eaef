"""Language features of points: a table of CLIP vectors, and which row of it each point has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WAYS = ("regions", "pixels", "network")
"""The three ways from pixels to points; each is a method of ``app/core/methods``."""


@dataclass(frozen=True)
class Regions:
    """Image regions of one frame, K of them: row k of the table is CLIP's feature of region k's crop.

    ``camera`` (K,) int16 place in ``frame.cameras``; ``box`` (K, 4) int32 x0, y0, x1, y1 in pixels, half open;
    ``center`` (K, 3) float32 mean of its points, sensor frame, metres; ``points`` (K,) int32 how many fall into
    that image; ``segment`` (K,) int32 number of its superpoint; ``cameras`` names of ``frame.cameras``.
    """

    camera: np.ndarray
    box: np.ndarray
    center: np.ndarray
    points: np.ndarray
    segment: np.ndarray
    cameras: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.camera)


@dataclass(frozen=True)
class PointFeatures:
    """What a way from pixels to points gives for one frame of N points.

    Attributes
    ----------
    table : (K, D) float16, rows of unit length, in CLIP's joint space
    row : (N,) int32 row of ``table`` for each point, −1 where nothing is known of it
    views : (K,) float32 how many images each row was averaged from
    way : "regions", "pixels" or "network"
    clip : identity of the CLIP (first 12 hex digits of its weights' SHA-256); text is embedded with the same one
    origin : one line on where they come from, for the inspector
    regions : the crops, for the way "regions", else None
    """

    table: np.ndarray
    row: np.ndarray
    views: np.ndarray
    way: str
    clip: str
    origin: str
    regions: Regions | None = None

    @property
    def known(self) -> np.ndarray:
        """(N,) bool."""
        return np.asarray(self.row >= 0)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        arrays = [self.table, self.row, self.views]
        if self.regions is not None:
            arrays += [self.regions.camera, self.regions.box, self.regions.center]
            arrays += [self.regions.points, self.regions.segment]
        return sum(array.nbytes for array in arrays)

    def of_points(self, per_row: np.ndarray, fill: float = np.nan) -> np.ndarray:
        """(N, …) values of points from (K, …) values of rows, ``fill`` where nothing is known."""
        if not len(per_row):
            return np.full((len(self.row), *per_row.shape[1:]), fill, per_row.dtype)
        values = per_row.take(np.maximum(self.row, 0), axis=0)
        values[self.row < 0] = fill
        return np.asarray(values)
