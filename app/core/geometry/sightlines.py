"""Occupancy without annotation: a line of sight is empty up to what it met, and just behind that is something.

A. Boulch et al., ALSO: Automotive Lidar Self-supervision by Occupancy estimation, CVPR 2023, §3.1. As in its
program, three equal groups of points are chosen without replacement, and each gives one query: just behind it
(full), just in front of it (empty), and anywhere between the sensor and it (empty).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BEHIND, FRONT, FAR = range(3)
"""Kinds of queries."""

NO_INTENSITY = -1.0
"""Target of queries whose intensity is not asked for: those far from any surface."""


@dataclass(frozen=True)
class SightOptions:
    """``delta``: metres within which a query lies before or behind its point (δ; the reference: 0.1)."""

    delta: float = 0.1


@dataclass(frozen=True)
class Queries:
    """Q places and whether something is there.

    Attributes
    ----------
    points : (Q, 3) float32, in the frame of the points they were made from
    occupied : (Q,) bool
    kind : (Q,) uint8, ``BEHIND``, ``FRONT`` or ``FAR``
    source : (Q,) int64 row of the point whose line of sight a query lies on
    intensity : (Q,) float32 of that point, ``NO_INTENSITY`` for far queries or where nothing is known
    """

    points: np.ndarray
    occupied: np.ndarray
    kind: np.ndarray
    source: np.ndarray
    intensity: np.ndarray

    def __len__(self) -> int:
        return len(self.points)


def sight_queries(
    points: np.ndarray,
    count: int,
    rng: np.random.Generator,
    options: SightOptions | None = None,
    *,
    origins: np.ndarray | None = None,
    sweep: np.ndarray | None = None,
    intensity: np.ndarray | None = None,
) -> Queries:
    """``count`` queries from the lines of sight of one sweep, or of several, each from its own origin.

    Parameters
    ----------
    points : (N, 3) float, metres; rows that are not finite, or lie in their origin, are never chosen
    count : queries in all, shared evenly among the sweeps; where a sweep has fewer points, each gives several
    rng : decides everything that is left to chance
    origins : (S, 3) where each sweep was seen from, in the frame of the points; None: (0, 0, 0) for all points
    sweep : (N,) integer sweep of each point; needed with several origins
    intensity : (N,) of the points; None where nothing is known

    Returns
    -------
    the queries, grouped by sweep, and within a sweep: behind, front, far; none where no point can be chosen. What
    does not divide by three goes to the first group, as in the reference.

    Raises
    ------
    ValueError
        Shapes that do not fit, a count below 0, or δ that is not above 0.
    """
    options = options or SightOptions()
    seen_from = np.zeros((1, 3)) if origins is None else np.asarray(origins, np.float64).reshape(-1, 3)
    if count < 0 or not options.delta > 0:
        raise ValueError(f"found {count} queries and δ = {options.delta}")
    if len(seen_from) > 1 and (sweep is None or len(sweep) != len(points)):
        raise ValueError(f"{len(seen_from)} origins need the sweep of each of {len(points)} points")
    parts = []
    for number, origin in enumerate(seen_from):
        rows = np.arange(len(points)) if len(seen_from) == 1 else np.flatnonzero(np.asarray(sweep) == number)
        share = count // len(seen_from) + (number < count % len(seen_from))
        parts.append(_of_sweep(points, rows, origin, share, rng, options.delta))
    places, kind, source = (np.concatenate(part) for part in zip(*parts, strict=True))
    shine = np.full(len(source), NO_INTENSITY, np.float32)
    if intensity is not None:
        near = kind != FAR
        shine[near] = np.nan_to_num(intensity[source[near]], nan=NO_INTENSITY)
    return Queries(places, kind == BEHIND, kind, source, shine)


def _of_sweep(
    points: np.ndarray, rows: np.ndarray, origin: np.ndarray, count: int, rng: np.random.Generator, delta: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chosen = _chosen(points, rows, origin, count, rng)
    count = len(chosen)
    third = count // 3
    kind = np.full(count, BEHIND, np.uint8)
    kind[count - 2 * third : count - third] = FRONT
    kind[count - third :] = FAR
    line = points[chosen].astype(np.float64) - origin
    length = np.linalg.norm(line, axis=1)
    share = rng.random(count)
    along = np.where(kind == BEHIND, length + delta * share, np.maximum(length - delta * share, 0.0))
    along = np.where(kind == FAR, length * share, along)
    places = (origin + line * (along / length)[:, None]).astype(np.float32)
    return places, kind, chosen


def _chosen(
    points: np.ndarray, rows: np.ndarray, origin: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """(count,) rows that have a line of sight, each as seldom as possible; none where there is none.

    Only the rows that were drawn are looked at, so that the time does not grow with the scan.
    """
    if not len(rows) or not count:
        return np.zeros(0, np.int64)
    most = min(len(rows), count)
    drawn = rows[rng.choice(len(rows), most, replace=False)]
    good = drawn[_have_line(points[drawn], origin)]
    if len(good) < count:
        usable = rows[_have_line(points[rows], origin)]
        if not len(usable):
            return np.zeros(0, np.int64)
        spare = np.setdiff1d(usable, good)
        good = np.concatenate([good, rng.permutation(spare)[: count - len(good)]])
        rounds = -(-count // len(good))
        good = np.concatenate([good, *(rng.permutation(good) for _ in range(rounds - 1))])[:count]
        # each group takes from all over the scan, whatever the order in which rows were found
        good = rng.permutation(good)
    return np.asarray(good, np.int64)


def _have_line(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """(n,) bool: finite, and farther than a millimetre from the origin."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(points).all(axis=1) & (np.abs(points - origin).max(axis=1) > 1e-3))
