"""Superpoints: a cloud cut into pieces that belong together, each of which is treated as one thing.

Kinds: ``ground_hdbscan`` takes the ground away, clusters what stands on it whatever its density, and cuts the
ground itself into patches, so that (nearly) every point is in a superpoint. ``dbscan`` is Affinity3D's choice for
the generalized zero-shot setting, ``supervoxels`` for the annotation-free one; ``supervoxels_spread`` are the same
with neighbours that are not all of one scan line, so that a patch of road is a patch and not an arc.

The compiled loops are imported where they are called: the window asks for options and titles alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.errors import UsageError

KINDS = ("ground_hdbscan", "dbscan", "supervoxels", "supervoxels_spread")
FARTHEST = 1e5
"""Metres from the middle of a cloud; what lies beyond is no measurement, and grids over it would have no end."""
LOOSE = 2.0
"""Edge of the cells by which points of no cluster are gathered, metres."""


@dataclass(frozen=True)
class SuperpointOptions:
    """Which kind, and its numbers; those of other kinds do nothing.

    Attributes
    ----------
    kind : one of ``KINDS``
    least : ``ground_hdbscan``, ``dbscan``: points of a cluster (or, for DBSCAN, of a dense place), at least
    samples : ``ground_hdbscan``: near neighbours that make a place dense
    patch : ``ground_hdbscan``: the ground is cut into supervoxels (with spread neighbours) of this size, metres
    ground_height : ``ground_hdbscan``: metres above the height map up to which a point is ground
    eps : ``dbscan``: metres within which points are neighbours
    resolution : ``supervoxels``: as many are made as cells of this edge hold points, metres
    neighbours : ``supervoxels``: of a point, itself included
    """

    kind: str = "ground_hdbscan"
    least: int = 20
    samples: int = 4
    patch: float = 2.0
    ground_height: float = 0.15
    eps: float = 0.5
    resolution: float = 1.0
    neighbours: int = 15


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
    for name, lowest, highest in (("least", 1, 1_000_000), ("samples", 1, 100), ("neighbours", 2, 100)):
        value = getattr(options, name)
        if not lowest <= value <= highest:
            raise UsageError(f"'{name}' of superpoints must be {lowest} to {highest}; it is {value}.")
    for name in ("patch", "ground_height", "eps", "resolution"):
        value = getattr(options, name)
        if not 0.01 <= value <= 1000:
            raise UsageError(f"'{name}' of superpoints must be 0.01 to 1000 m; it is {value}.")


def describe(options: SuperpointOptions) -> str:
    """One line on how superpoints are made, for provenances."""
    if options.kind == "ground_hdbscan":
        rest = f"the rest clustered by HDBSCAN ({options.least} points or more)"
        return f"ground in patches of {options.patch:g} m, {rest}"
    if options.kind == "dbscan":
        return f"DBSCAN, {options.least} points within {options.eps:g} m"
    spread = ", neighbours of more than one scan line" if options.kind == "supervoxels_spread" else ""
    return f"boundary-preserved supervoxels of {options.resolution:g} m, {options.neighbours} neighbours{spread}"


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
    rows = measured(points)
    good = np.ascontiguousarray(points[rows], np.float32)
    segment = np.full(len(points), -1, np.int32)
    if chosen.kind == "ground_hdbscan":
        segment[rows], flat = _ground_hdbscan(good, chosen)
        return Superpoints(segment, flat, chosen)
    if chosen.kind == "dbscan":
        from app.core.geometry.superpoints_dbscan import dbscan

        segment[rows] = dbscan(good, eps=chosen.eps, least=chosen.least)
    else:
        from app.core.geometry.supervoxels import supervoxels

        spread = chosen.kind == "supervoxels_spread"
        segment[rows] = supervoxels(good, resolution=chosen.resolution, neighbours=chosen.neighbours, spread=spread)
    return Superpoints(segment, np.zeros(int(segment.max(initial=-1)) + 1, bool), chosen)


def measured(points: np.ndarray) -> np.ndarray:
    """Sorted rows of the (N, 3) points that are finite and not absurdly far from all the others."""
    x, y, z = points.T
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & np.isfinite(z))
    near = np.ones(len(rows), bool)
    for axis in (x, y, z):
        values = axis[rows]
        if len(rows) and np.abs(values).max() >= FARTHEST:
            near &= np.abs(values.astype(np.float64) - np.median(values)) < FARTHEST
    return np.asarray(rows[near])


def _ground_hdbscan(points: np.ndarray, options: SuperpointOptions) -> tuple[np.ndarray, np.ndarray]:
    """(M,) int32 superpoints, and (count,) bool: which of them are ground. Points of no cluster are gathered by
    cells; one that is alone in its cell is in no superpoint."""
    from app.core.geometry.ground import GroundOptions, ground
    from app.core.geometry.neighbours_grid import numbered
    from app.core.geometry.superpoints_hdbscan import hdbscan
    from app.core.geometry.supervoxels import supervoxels

    flat = ground(points, GroundOptions(height=options.ground_height))
    clusters = hdbscan(points[~flat], least=options.least, samples=options.samples)
    segment = np.empty(len(points), np.int32)
    segment[~flat] = clusters
    count = int(clusters.max(initial=-1)) + 1
    loose = segment < 0
    loose[flat] = False
    segment[loose], pieces = numbered(points[loose], LOOSE)
    segment[loose] += count
    first = count + len(pieces)
    segment[flat] = first + supervoxels(points[flat], resolution=options.patch, spread=True)
    sizes = np.bincount(segment)
    kept = sizes > 1
    number = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    return number[segment], (np.arange(len(sizes)) >= first)[kept]
