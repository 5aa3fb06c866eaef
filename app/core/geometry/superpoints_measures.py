"""How good superpoints are, where the truth is known: purity, boundary recall, under-segmentation error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.geometry.neighbours import neighbourhoods

MOSTLY = 0.05
"""Share of a superpoint below which its overlap with a thing is a rounded border, not an error."""


@dataclass(frozen=True)
class SuperpointScore:
    """Each 0 to 1 (``error`` may exceed 1), NaN where nothing can be measured.

    ``covered`` share of the points that lie in a superpoint; ``purity`` share of those that carry the class most
    frequent in their superpoint; ``recall`` share of the points at borders of true things at which superpoints
    border too; ``error`` under-segmentation: how much larger the superpoints that touch a thing are than the thing.
    """

    count: int
    covered: float
    purity: float
    recall: float
    error: float


def score(
    points: np.ndarray, segment: np.ndarray, classes: np.ndarray, things: np.ndarray | None = None
) -> SuperpointScore:
    """Compare superpoints with the truth.

    Parameters
    ----------
    points : (N, 3) float32, metres
    segment : (N,) int32 superpoints, −1 none
    classes : (N,) integer true classes; 0 is unlabelled and left out
    things : (N,) integer true objects; without them the classes are taken for borders and error
    """
    known = (classes > 0) & np.isfinite(points).all(axis=1)
    inside = known & (segment >= 0)
    objects = classes if things is None else things
    return SuperpointScore(
        count=int(segment.max(initial=-1)) + 1,
        covered=_mean(segment[known] >= 0),
        purity=purity(segment[inside], classes[inside]),
        recall=boundary_recall(points[known], segment[known], objects[known]),
        error=undersegmentation(segment[inside], objects[inside]),
    )


def purity(segment: np.ndarray, classes: np.ndarray) -> float:
    """Share of points (M,) that carry the class most frequent in their superpoint."""
    if not len(segment):
        return float("nan")
    part, _, overlap = _overlaps(segment, classes)
    most = np.zeros(int(part.max()) + 1, np.int64)
    np.maximum.at(most, part, overlap)
    return float(most.sum() / len(segment))


def boundary_recall(points: np.ndarray, segment: np.ndarray, things: np.ndarray, *, around: int = 15) -> float:
    """Of the points that have another thing among their ``around`` nearest, the share that have another superpoint
    among them."""
    if not len(points):
        return float("nan")
    hoods = neighbourhoods(points, count=around)

    def borders(values: np.ndarray) -> np.ndarray:
        ordered = values[hoods.order]
        return np.asarray((ordered[hoods.index] != ordered[:, None]).any(axis=1))

    return _mean(borders(segment)[borders(things)])


def undersegmentation(segment: np.ndarray, things: np.ndarray) -> float:
    """Sum over things of the sizes of the superpoints that overlap them (by more than 5 % of the superpoint), over
    the number of points, minus 1."""
    if not len(segment):
        return float("nan")
    part, _, overlap = _overlaps(segment, things)
    size = np.bincount(part, weights=overlap)[part]
    return float(size[overlap > MOSTLY * size].sum() / len(segment) - 1)


def _overlaps(segment: np.ndarray, things: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair of superpoint and thing that share points: both, numbered from 0, and how many they share."""
    _, one = np.unique(segment, return_inverse=True)
    _, two = np.unique(things, return_inverse=True)
    wide = int(two.max()) + 1
    pairs, shared = np.unique(one.astype(np.int64) * wide + two, return_counts=True)
    return pairs // wide, pairs % wide, shared


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
