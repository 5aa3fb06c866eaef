"""Queries that a training scan is asked, and the points that answer them: ALSO's self-supervision.

They are made where the scan is prepared, from a generator that the sample's number decides, so that a run that goes
on asks what an unbroken one would have asked.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.datasets.base import Sequence
from app.core.errors import DataError
from app.core.geometry.sightlines import SightOptions, sight_queries
from app.core.geometry.transforms import apply, relative
from app.core.network_inputs import frame_columns
from app.core.training.augment import Motion
from app.core.types import Frame

if TYPE_CHECKING:
    from app.core.training.recipes.also import Also

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lines:
    """What is kept of the sweeps whose lines of sight teach a scan, in the scan's own sensor frame.

    Attributes
    ----------
    points : (N, 3) float32, metres
    intensity : (N,) float32 share of the full one, None where nothing is known
    sweep : (N,) int16 sweep of each point
    origins : (S, 3) float64 where each sweep was seen from
    """

    points: np.ndarray
    intensity: np.ndarray | None
    sweep: np.ndarray
    origins: np.ndarray

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        shine = 0 if self.intensity is None else self.intensity.nbytes
        return self.points.nbytes + self.sweep.nbytes + shine


@dataclass(frozen=True)
class Asked:
    """Queries of a sample, each with at least one point.

    Attributes
    ----------
    places : (Q, 3) float32, metres, where the sample's points are
    support : (Q, K) int64 voxels of the sample near it, the nearest first, −1 for none
    occupied : (Q,) bool
    shine : (Q,) float32 intensity, below 0 where it is not asked for
    """

    places: np.ndarray
    support: np.ndarray
    occupied: np.ndarray
    shine: np.ndarray


class OccupancyTargets:
    """Makes the queries of scans as a recipe says."""

    def __init__(self, recipe: Also) -> None:
        self._recipe = recipe

    @property
    def latent(self) -> int:
        """Values a point that the network gives."""
        return self._recipe.latent

    @property
    def facts(self) -> dict[str, Any]:
        """What the card of a checkpoint says of the head."""
        return self._recipe.facts

    def lines(self, sequence: Sequence, frame: Frame) -> Lines:
        """The lines of sight of a frame of ``sequence``, and of those round it that have a pose.

        ``DataError`` where other frames are wanted and this one has no pose, or another cannot be read.
        """
        recipe = self._recipe
        poses = sequence.poses
        first, last = max(frame.index - recipe.before, 0), min(frame.index + recipe.after, len(sequence) - 1)
        if last > first and (poses is None or frame.index >= len(poses)):
            raise DataError(
                f"Frame {frame.index} of sequence {sequence.name} has no pose, so the lines of sight of other "
                "frames cannot be placed beside its own; set before=0 after=0."
            )
        clouds, shines, origins = [np.array(frame.points, np.float32)], [_intensity(frame)], [np.zeros(3)]
        for other in range(first, last + 1):
            if other == frame.index or poses is None or other >= len(poses):
                continue
            read = sequence.read(other)
            moved = relative(poses[frame.index], poses[other])
            clouds.append(apply(moved, read.points))
            shines.append(_intensity(read))
            origins.append(moved[:3, 3])
        known = [shine for shine in shines if shine is not None]
        return Lines(
            np.concatenate(clouds),
            np.concatenate(known) if len(known) == len(shines) else None,
            np.repeat(np.arange(len(clouds), dtype=np.int16), [len(cloud) for cloud in clouds]),
            np.stack(origins),
        )

    def asked(self, lines: Lines, motion: Motion, places: np.ndarray, rng: np.random.Generator) -> Asked:
        """Queries for a sample.

        Parameters
        ----------
        lines : of its scan, as recorded
        motion : how the scan was moved; the queries are moved alike, so δ is scaled where the scan is
        places : (V, 3) float32 of its voxels, metres
        rng : decides everything that is left to chance
        """
        recipe = self._recipe
        found = sight_queries(
            lines.points, recipe.queries, rng, SightOptions(recipe.delta),
            origins=lines.origins, sweep=lines.sweep, intensity=lines.intensity,
        )  # fmt: skip
        moved = motion.of(found.points)
        near = supports if recipe.pairs == "nearest" else any_supports
        support = near(places, moved, recipe.neighbours, recipe.radius, rng)
        some = support[:, 0] >= 0
        return Asked(moved[some], support[some], found.occupied[some], found.intensity[some])


def supports(
    places: np.ndarray, queries: np.ndarray, most: int, radius: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """(Q, most) int64 rows of ``places`` (V, 3) within ``radius`` of ``queries`` (Q, 3), the nearest ones first.

    −1 where there are no more. Nothing is left to chance: ``rng`` is not used.
    """
    found = np.full((len(queries), most), -1, np.int64)
    if len(places) and len(queries):
        from scipy.spatial import cKDTree

        _, rows = cKDTree(places).query(queries, k=np.arange(1, most + 1), distance_upper_bound=radius)
        found[:] = np.where(rows == len(places), -1, rows)
    return found


def any_supports(
    places: np.ndarray, queries: np.ndarray, most: int, radius: float, rng: np.random.Generator
) -> np.ndarray:
    """As :func:`supports`, but a random choice of those within the radius, in any order."""
    found = np.full((len(queries), most), -1, np.int64)
    if not len(places) or not len(queries):
        return found
    from scipy.spatial import cKDTree

    lists = cKDTree(places).query_ball_point(queries, radius)
    counts = np.array([len(rows) for rows in lists])
    if not counts.any():
        return found
    rows = np.concatenate([np.array(rows, np.int64) for rows in lists])
    owner = np.repeat(np.arange(len(queries)), counts)
    rows = rows[np.lexsort((rng.random(len(rows)), owner))]
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < most
    found[owner[kept], rank[kept]] = rows[kept]
    return found


def _intensity(frame: Frame) -> np.ndarray | None:
    shine = frame_columns(frame).get("intensity")
    return None if shine is None else np.array(shine, np.float32)
