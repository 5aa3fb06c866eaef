"""Superpoints: a cloud cut into pieces that belong together, each of which is treated as one thing.

Kinds: ``ground_hdbscan`` takes the ground away, clusters what stands on it whatever its density, and cuts the
ground into patches, so that (nearly) every point is in a superpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.errors import UsageError
from app.core.geometry.ground import GroundOptions, ground
from app.core.geometry.superpoints_hdbscan import hdbscan

KINDS = ("ground_hdbscan",)


@dataclass(frozen=True)
class SuperpointOptions:
    """Which kind, and its numbers; those of other kinds do nothing.

    Attributes
    ----------
    kind : one of ``KINDS``
    least : ``ground_hdbscan``: points of a cluster, at least
    samples : ``ground_hdbscan``: near neighbours that make a place dense
    patch : ``ground_hdbscan``: edge of a patch of ground, metres
    ground_height : ``ground_hdbscan``: metres above the height map up to which a point is ground
    """

    kind: str = "ground_hdbscan"
    least: int = 20
    samples: int = 8
    patch: float = 2.0
    ground_height: float = 0.2


@dataclass(frozen=True)
class Superpoints:
    """The pieces of a cloud of N points.

    ``segment`` (N,) int32 numbers 0 … ``count`` − 1, −1 for points in no superpoint; ``ground`` (count,) bool: the
    piece is a patch of ground (of the kinds that look for it); ``options``: how they were made.
    """

    segment: np.ndarray
    ground: np.ndarray
    options: SuperpointOptions

    @property
    def count(self) -> int:
        """Number of superpoints."""
        return len(self.ground)

    @property
    def kind(self) -> str:
        """How they were made."""
        return self.options.kind

    @property
    def sizes(self) -> np.ndarray:
        """(count,) int64 points of each."""
        return np.bincount(self.segment[self.segment >= 0], minlength=self.count)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.segment.nbytes + self.ground.nbytes


def check(options: SuperpointOptions) -> None:
    """``UsageError`` with one sentence where the options make no sense."""
    if options.kind not in KINDS:
        raise UsageError(f"There are no superpoints of the kind '{options.kind}'; there are: {', '.join(KINDS)}.")
    for name in ("least", "samples"):
        if not 1 <= getattr(options, name) <= 10_000:
            raise UsageError(f"'{name}' of superpoints must be 1 to 10000; it is {getattr(options, name)}.")
    for name in ("patch", "ground_height"):
        if not 0.01 <= getattr(options, name) <= 1000:
            raise UsageError(f"'{name}' of superpoints must be 0.01 to 1000 m; it is {getattr(options, name)}.")


def superpoints(points: np.ndarray, options: SuperpointOptions | None = None) -> Superpoints:
    """Cut a cloud into superpoints.

    Parameters
    ----------
    points : (N, 3) float32, metres, z up: a scan, or many scans in one frame; bad ones are in no superpoint
    options : kind and numbers

    Raises
    ------
    UsageError
        The options make no sense.
    """
    chosen = options or SuperpointOptions()
    check(chosen)
    rows = np.flatnonzero((np.abs(points) < FARTHEST).all(axis=1))
    good = np.ascontiguousarray(points[rows], np.float32)
    segment = np.full(len(points), -1, np.int32)
    segment[rows], flat = _ground_hdbscan(good, chosen)
    return Superpoints(segment, flat, chosen)


FARTHEST = 1e6
"""Metres; coordinates beyond are no measurements, and grids over them would have no end."""


def _ground_hdbscan(points: np.ndarray, options: SuperpointOptions) -> tuple[np.ndarray, np.ndarray]:
    flat = ground(points, GroundOptions(height=options.ground_height))
    clusters = hdbscan(points[~flat], least=options.least, samples=options.samples)
    count = int(clusters.max(initial=-1)) + 1
    segment = np.full(len(points), -1, np.int32)
    patches, number = cells(points[flat, :2], options.patch)
    segment[~flat], segment[flat] = clusters, patches + count
    return segment, np.arange(count + number) >= count


def cells(points: np.ndarray, edge: float) -> tuple[np.ndarray, int]:
    """(M,) int32 numbers 0, 1, 2 … of the cells of a grid that (M, D) points lie in, and how many there are."""
    if not len(points):
        return np.zeros(0, np.int32), 0
    places = np.floor((points - points.min(axis=0)) / edge).astype(np.int64)
    key = np.zeros(len(points), np.int64)
    for axis in range(places.shape[1]):
        key = key * (int(places[:, axis].max()) + 1) + places[:, axis]
    numbers, which = np.unique(key, return_inverse=True)
    return which.astype(np.int32), len(numbers)


def describe(options: SuperpointOptions) -> str:
    """One line on how superpoints are made, for provenances."""
    return (
        f"ground in patches of {options.patch:g} m, the rest clustered by HDBSCAN ({options.least} points or more)"
    )
