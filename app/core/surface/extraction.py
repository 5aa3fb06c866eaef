"""A surface from a field, coarse to fine, evaluated only where it can be.

After L. Mescheder et al., Occupancy Networks, CVPR 2019, §2.2 (multi-resolution extraction): cells whose corners
disagree are divided, all others are left. Two things differ, because a street is not one object in a box. The grid
is endless and begins near the observed points alone; and on every level the surface is followed across the faces
that it crosses, so that a thin thing which the coarse level missed is found from the points on it, and no surface
ends at a cell that happened not to be divided.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from app.core.surface import cells as grid
from app.core.surface.marching import Triangles, march


class Field(Protocol):
    """What a surface is taken from."""

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """(M,) float32 values at (M, 3) float32 places, metres; inside is above the threshold, NaN is unknown."""


@dataclass(frozen=True)
class ExtractionOptions:
    """How a surface is looked for.

    Attributes
    ----------
    steps : edges of cells in metres, each half of the one before
    radius : metres from an observed point within which a surface can be
    threshold : the value on the surface
    """

    steps: tuple[float, ...] = (0.8, 0.4, 0.2, 0.1)
    radius: float = 1.0
    threshold: float = 0.5


@dataclass(frozen=True)
class Level:
    """The surface at one step: its triangles, how often the field has been asked so far, and cells it crosses."""

    step: float
    surface: Triangles
    evaluations: int
    crossed: int


@dataclass(frozen=True)
class Box:
    """An upright box, ``low`` and ``high`` (3,) metres; the surface is looked for within it alone."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def holds(self, keys: np.ndarray, step: float) -> np.ndarray:
        """(N,) bool: cells that lie in the box, wholly or in part."""
        corner = grid.positions(keys, step)
        return np.asarray(((corner + step > self.low) & (corner < self.high)).all(axis=1))


class _Known:
    """Values at corners of one level: sorted keys, and what the field says there."""

    def __init__(self, keys: np.ndarray, values: np.ndarray) -> None:
        self.keys, self.values = keys, values

    def lacking(self, cells: np.ndarray) -> np.ndarray:
        """Keys of the corners of cells that are not known yet."""
        corners = grid.corners_of(cells)
        return corners[~grid.among(self.keys, corners)]

    def add(self, keys: np.ndarray, values: np.ndarray) -> None:
        joined = np.concatenate([self.keys, keys])
        order = np.argsort(joined, kind="stable")
        self.keys = joined[order]
        self.values = np.concatenate([self.values, values])[order]

    def at_corners(self, cells: np.ndarray) -> np.ndarray:
        """(N, 8) values."""
        return self.values[grid.find(self.keys, cells[:, None] + grid.CORNERS)]

    def refined(self) -> _Known:
        """The same values in the grid of half the step; keys keep their order."""
        return _Known(grid.refined(self.keys), self.values)


def extracting(
    field: Field,
    points: np.ndarray,
    options: ExtractionOptions | None = None,
    *,
    box: Box | None = None,
    most: int = 1 << 15,
) -> Generator[Level | None, None, None]:
    """The surface of a field, level by level, the coarsest first.

    Parameters
    ----------
    field : asked for at most ``most`` places at once
    points : (N, 3) observed points, metres; those that are not finite are left out
    options : steps, radius, threshold
    box : where to look; None: everywhere near points

    Yields
    ------
    a :class:`Level` when it is done, and None after each piece of work, so that the caller may stop in between

    Raises
    ------
    ValueError
        Steps that are not each half of the one before, or points out of reach of keys.
    """
    options = options or ExtractionOptions()
    steps = options.steps
    if not steps or any(abs(fine - coarse / 2) > 1e-9 for coarse, fine in pairwise(steps)):
        raise ValueError(f"each step must be half of the one before; found {steps}")
    seeds = points[np.isfinite(points).all(axis=1)]
    allowed = _allowed(seeds, steps[0], options.radius, box)
    known = _Known(np.zeros(0, np.int64), np.zeros(0, np.float32))
    asked = 0
    cells = crossed = allowed
    for level, step in enumerate(steps):
        if level:
            allowed = grid.children(allowed)
            allowed.sort()
            if box is not None:
                allowed = allowed[box.holds(allowed, step)]
            of_seeds = np.unique(grid.keys_of(seeds, step))
            cells = np.union1d(grid.children(crossed), of_seeds)
            cells = cells[grid.among(allowed, cells)]
            known = known.refined()
        looked = np.zeros(0, np.int64)
        fresh = cells
        crossed = np.zeros(0, np.int64)
        while len(fresh):
            missing = known.lacking(fresh)
            values = np.empty(len(missing), np.float32)
            for start in range(0, len(missing), most):
                part = missing[start : start + most]
                values[start : start + most] = field(grid.positions(part, step).astype(np.float32))
                yield None
            known.add(missing, values)
            asked += len(missing)
            looked = np.union1d(looked, fresh)
            corner = known.at_corners(fresh)
            inside = corner > options.threshold
            mixed = inside.any(axis=1) & ~inside.all(axis=1) & np.isfinite(corner).all(axis=1)
            crossed = np.union1d(crossed, fresh[mixed])
            wanted = _across(fresh[mixed], inside[mixed])
            fresh = wanted[grid.among(allowed, wanted) & ~grid.among(looked, wanted)]
        surface = march(crossed, known.keys, known.values, step, options.threshold)
        yield Level(step, surface, asked, len(crossed))


def _allowed(points: np.ndarray, step: float, radius: float, box: Box | None) -> np.ndarray:
    """Sorted keys of the cells in which a surface can be."""
    keys = np.unique(grid.keys_of(points, step))
    keys = grid.around(keys, int(np.ceil(radius / step)))
    return keys if box is None else keys[box.holds(keys, step)]


def _across(cells: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Sorted distinct keys of the cells behind the faces that the surface crosses."""
    corner = np.arange(8)
    found = []
    for axis in range(3):
        for side in (0, 1):
            face = inside[:, (corner >> axis & 1) == side]
            crossed = face.any(axis=1) & ~face.all(axis=1)
            found.append(cells[crossed] + (2 * side - 1) * grid.STEPS[axis])
    return np.unique(np.concatenate(found))
