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
from app.core.surface.table import Table


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
    known = Table.empty(np.float32)
    asked = 0
    cells = crossed = allowed
    for level, step in enumerate(steps):
        if level:
            of_seeds = grid.keys_of(seeds, step)
            cells = grid.distinct(np.concatenate([grid.children(crossed), of_seeds]))
            cells = _permitted(cells, allowed, level, step, box)
            known = known.renamed(grid.refined)
        looked = Table.empty(bool)
        fresh = cells
        while len(fresh):
            missing = grid.corners_of(fresh)
            missing = missing[~known.has(missing)]
            values = np.empty(len(missing), np.float32)
            for start in range(0, len(missing), most):
                part = missing[start : start + most]
                values[start : start + most] = field(grid.positions(part, step).astype(np.float32))
                yield None
            known.add(missing, values)
            asked += len(missing)
            # one corner of all cells after the other: keys in their order are found three times as fast
            corner = known.get(grid.CORNERS[:, None] + fresh)
            inside = corner > options.threshold
            known_there = np.isfinite(corner)
            # where part of a cell is unknown, its children may hold a surface, but it must not be followed along
            # the border of what is known
            divided = inside.any(axis=0) & (known_there & ~inside).any(axis=0)
            looked.add(fresh, divided)
            mixed = divided & known_there.all(axis=0)
            wanted = _across(fresh[mixed], inside[:, mixed])
            fresh = _permitted(wanted[~looked.has(wanted)], allowed, level, step, box)
            yield None
        every, divided = looked.whole()
        crossed = every[divided]
        surface = march(crossed, *known.whole(), step, options.threshold)
        yield Level(step, surface, asked, len(crossed))


def _allowed(points: np.ndarray, step: float, radius: float, box: Box | None) -> np.ndarray:
    """Sorted keys of the cells in which a surface can be."""
    keys = grid.distinct(grid.keys_of(points, step))
    keys = grid.around(keys, int(np.ceil(radius / step)))
    return keys if box is None else keys[box.holds(keys, step)]


def _permitted(cells: np.ndarray, allowed: np.ndarray, level: int, step: float, box: Box | None) -> np.ndarray:
    """Those of the cells of a level that lie in allowed ones of the first level, and in the box.

    Looked up where it is needed: the list of all of them at 0.1 m in a frame has tens of millions of rows.
    """
    cells = cells[grid.among(allowed, grid.ancestors(cells, level))]
    return cells if box is None or not level else cells[box.holds(cells, step)]


def _across(cells: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Sorted distinct keys of the cells behind the faces that the surface crosses; ``inside`` (8, C) of corners."""
    corner = np.arange(8)
    found = []
    for axis in range(3):
        for side in (0, 1):
            face = inside[(corner >> axis & 1) == side]
            crossed = face.any(axis=0) & ~face.all(axis=0)
            found.append(cells[crossed] + (2 * side - 1) * grid.STEPS[axis])
    return grid.distinct(np.concatenate(found))
