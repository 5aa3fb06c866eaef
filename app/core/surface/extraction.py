"""A surface from a field, coarse to fine, evaluated only where it can be.

After L. Mescheder et al., Occupancy Networks, CVPR 2019, §2.2 (multi-resolution extraction): cells whose corners
disagree are divided, all others are left. Three things differ, because a street is not one object in a box, and a
head is dear. The grid is endless and begins near the observed points alone. Of the parts of a divided cell those
are asked first which the surface crosses if the field is linear between the corners; where one of them turns out
not to be crossed, the other parts follow. And on every level the surface is followed across the faces that it
crosses, so that a thin thing which the coarse level missed is found from the points on it, and no surface ends at a
cell that happened not to be divided.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from app.core.surface import cells as grid
from app.core.surface.marching import Triangles, march
from app.core.surface.table import Answers, Table


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
    answers: Answers | None = None,
) -> Generator[Level | None, None, None]:
    """The surface of a field, level by level, the coarsest first.

    Parameters
    ----------
    field : asked for at most ``most`` places at once
    points : (N, 3) observed points, metres; those that are not finite are left out
    options : steps, radius, threshold
    box : where to look; None: everywhere near points
    answers : what this field has said before, and what it says now is added; of no other field

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
    search = _Search(field, options, box, _allowed(seeds, steps[0], options.radius, box), most)
    crossed = search.allowed
    for level, step in enumerate(steps):
        cells, expected = crossed, np.zeros(0, np.int64)
        if level:
            expected = _expected(crossed, search.known, options.threshold)
            cells = grid.distinct(np.concatenate([expected, grid.keys_of(seeds, step)]))
            search.known = search.known.renamed(grid.refined)
        if answers is not None:
            search.known = search.known.joined(answers.at(step))
        try:
            crossed = yield from search.level(level, cells, expected)
        finally:  # also where it is given up, because the threshold is being dragged
            if answers is not None:
                answers.keep(step, search.known)
        surface = march(crossed, *search.known.whole(), step, options.threshold)
        yield Level(step, surface, search.asked, len(crossed))


@dataclass
class _Search:
    """What is known at corners of the present grid, and how often the field has been asked.

    ``allowed`` sorted keys of the cells of the first level in which a surface can be.
    """

    field: Field
    options: ExtractionOptions
    box: Box | None
    allowed: np.ndarray
    most: int
    known: Table = dataclasses.field(default_factory=lambda: Table.empty(np.float32))
    asked: int = 0

    def level(self, level: int, cells: np.ndarray, expected: np.ndarray) -> Generator[None, None, np.ndarray]:
        """Sorted keys of the cells that the surface crosses, or may cross where a part is unknown.

        Found from ``cells`` on, sorted keys; ``expected`` those of them that a divided cell let expect.
        """
        step = self.options.steps[level]
        looked = Table.empty(bool)
        fresh = self._permitted(cells, level)
        while len(fresh):
            yield from self._ask(grid.corners_of(fresh), step)
            # one corner of all cells after the other: keys in their order are found three times as fast
            corner = self.known.get(grid.CORNERS[:, None] + fresh)
            inside, known = corner > self.options.threshold, np.isfinite(corner)
            divided = inside.any(axis=0) & (known & ~inside).any(axis=0)
            beyond = _across(fresh[divided], inside[:, divided], known[:, divided])
            mistaken = fresh[~divided & grid.among(expected, fresh)]
            expected = expected[:0]
            if level < len(self.options.steps) - 2:  # pieces as small as the last cells are not worth the questions
                divided |= _near(corner, self.options.threshold)
            looked.add(fresh, divided)
            others = grid.children(grid.distinct(grid.ancestors(mistaken, 1)))
            wanted = grid.distinct(np.concatenate([beyond, others]))
            fresh = self._permitted(wanted[~looked.has(wanted)], level)
            yield None
        every, divided = looked.whole()
        return every[divided]

    def _ask(self, corners: np.ndarray, step: float) -> Generator[None, None, None]:
        """Ask the field at those of the sorted ``corners`` that are not known yet."""
        missing = corners[~self.known.has(corners)]
        values = np.empty(len(missing), np.float32)
        done = 0
        try:
            while done < len(missing):
                part = missing[done : done + self.most]
                values[done : done + len(part)] = self.field(grid.positions(part, step).astype(np.float32))
                done += len(part)
                yield None
        finally:
            self.known.add(missing[:done], values[:done])
            self.asked += done

    def _permitted(self, cells: np.ndarray, level: int) -> np.ndarray:
        """Those of the cells of a level that lie in allowed ones of the first level, and in the box.

        Looked up where it is needed: the list of all of them at 0.1 m in a frame has tens of millions of rows.
        """
        cells = cells[grid.among(self.allowed, grid.ancestors(cells, level))]
        if self.box is None or not level:
            return cells
        return cells[self.box.holds(cells, self.options.steps[level])]


def _allowed(points: np.ndarray, step: float, radius: float, box: Box | None) -> np.ndarray:
    """Sorted keys of the cells in which a surface can be."""
    keys = grid.distinct(grid.keys_of(points, step))
    keys = grid.around(keys, int(np.ceil(radius / step)))
    return keys if box is None else keys[box.holds(keys, step)]


def _across(cells: np.ndarray, inside: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Sorted distinct keys of the cells behind the faces that the surface crosses.

    ``inside`` and ``known`` (8, C) bool of the corners. Only behind faces that are known all over: a surface must
    not be followed along the border of what is known.
    """
    corner = np.arange(8)
    found = []
    for axis in range(3):
        for side in (0, 1):
            here = (corner >> axis & 1) == side
            face = inside[here]
            crossed = face.any(axis=0) & ~face.all(axis=0) & known[here].all(axis=0)
            found.append(cells[crossed] + (2 * side - 1) * grid.STEPS[axis])
    return grid.distinct(np.concatenate(found))


def _near(corner: np.ndarray, threshold: float) -> np.ndarray:
    """(C,) bool: cells of which a part is unknown, and in which the field may reach the threshold.

    That is, if its values (8, C) change as much again as between the corners that are known: pieces of surface that
    lie wholly along the border of what is known show in no corner of a coarse cell.
    """
    away = np.abs(corner - threshold)
    least, most = np.fmin.reduce(corner, axis=0), np.fmax.reduce(corner, axis=0)
    return np.asarray(~np.isfinite(corner).all(axis=0) & (np.fmin.reduce(away, axis=0) <= most - least))


def _expected(cells: np.ndarray, known: Table, threshold: float) -> np.ndarray:
    """Sorted keys of the children that the surface crosses if the field is linear along edges of their parents.

    All children of a parent with a corner that is unknown.
    """
    corner = known.get(grid.CORNERS[:, None] + cells)
    inside = _BETWEEN @ corner > threshold  # (27, C); what is unknown makes all its children unknown
    crossed = np.stack([inside[rows].any(axis=0) & ~inside[rows].all(axis=0) for rows in _CHILD])
    crossed |= ~np.isfinite(corner).all(axis=0)
    return grid.distinct(grid.children(cells)[crossed.T.ravel()])


def _between() -> tuple[np.ndarray, np.ndarray]:
    """(27, 8) float32 shares of a cell's corners in values at its children's corners; (8, 8) each child's rows."""
    at = np.arange(27)
    place = np.stack([at % 3, at // 3 % 3, at // 9], axis=1) / 2
    corner = np.stack([np.arange(8) >> axis & 1 for axis in range(3)], axis=1)
    shares = np.where(corner[None] == 1, place[:, None], 1 - place[:, None]).prod(axis=2)
    rows = np.array([[sum((c[a] + d[a]) * 3**a for a in range(3)) for d in corner] for c in corner])
    return shares.astype(np.float32), rows


_BETWEEN, _CHILD = _between()
