"""Which piece of which picture shows a superpoint (Affinity3D §3.2): the box of its visible points' projections."""

from __future__ import annotations

import numpy as np

from app.core.language.features import Regions

LEAST = 30
"""Pixels: shorter sides of a crop are enlarged to that, about their middle."""

FEWEST = 2
"""Points of a superpoint in a picture below which the picture says nothing of it."""


def find_regions(
    points: np.ndarray,
    segment: np.ndarray,
    visible: np.ndarray,
    pixel: np.ndarray,
    sizes: list[tuple[int, int] | None],
    *,
    names: tuple[str, ...] = (),
    margin: float = 0.0,
    least: int = LEAST,
) -> Regions:
    """One region for each superpoint that some camera sees, by number of superpoint.

    Where several cameras see a superpoint, the one with most of its points gives the crop: it shows the most of it,
    and each feature can be traced to one picture. (Averaging would mix in views that a picture's border cuts off.)

    Parameters
    ----------
    points : (N, 3) float32, metres, sensor frame
    segment : (N,) int32 superpoint of each point, −1 none
    visible : (N, C) bool; pixel : (N, C, 2) float32 of C cameras
    sizes : (width, height) of each camera's picture, None where there is none
    margin : share of a box's width and height that is added on each side
    least : shortest side of a crop in pixels
    """
    count = int(segment.max(initial=-1)) + 1
    best = np.zeros(count, np.int32)
    camera = np.full(count, -1, np.int16)
    box = np.zeros((count, 4), np.int32)
    for place, size in enumerate(sizes):
        if size is None or not count:
            continue
        rows = np.flatnonzero(visible[:, place] & (segment >= 0))
        tight, seen = _boxes(segment[rows], pixel[rows, place], count)
        better = (seen > best) & (seen >= FEWEST)
        box[better] = fitted(tight[better], size, margin=margin, least=least)
        best[better], camera[better] = seen[better], place
    found = np.flatnonzero(camera >= 0)
    return Regions(
        camera=camera[found],
        box=box[found],
        center=centers(points, segment, count)[found],
        points=best[found],
        segment=found.astype(np.int32),
        cameras=names,
    )


def rows_of(segment: np.ndarray, regions: Regions) -> np.ndarray:
    """(N,) int32 region of each point, −1 for points of superpoints that have none."""
    count = int(segment.max(initial=-1)) + 1
    row = np.full(count + 1, -1, np.int32)  # the last one is for points without a superpoint
    row[regions.segment] = np.arange(len(regions), dtype=np.int32)
    return np.asarray(row[segment])


def centers(points: np.ndarray, segment: np.ndarray, count: int) -> np.ndarray:
    """(count, 3) float32 mean of the points of each superpoint; 0 where it has none."""
    inside = segment >= 0
    sizes = np.maximum(np.bincount(segment[inside], minlength=count), 1)
    sums = [np.bincount(segment[inside], points[inside, axis], minlength=count) for axis in range(3)]
    return (np.stack(sums, axis=1) / sizes[:, None]).astype(np.float32)


def fitted(box: np.ndarray, size: tuple[int, int], *, margin: float = 0.0, least: int = LEAST) -> np.ndarray:
    """(K, 4) int32 boxes with a margin, no side below ``least``, moved to lie inside the picture; a picture that is
    smaller is taken whole."""
    fitted = np.empty((len(box), 4), np.int32)
    for axis in range(2):
        low, high = box[:, axis].astype(np.float64), box[:, axis + 2].astype(np.float64)
        side = np.minimum(np.ceil(np.maximum((high - low) * (1 + 2 * margin), least)), size[axis])
        start = np.floor((low + high - side) / 2)
        start = np.clip(start, 0, size[axis] - side)
        fitted[:, axis], fitted[:, axis + 2] = start, start + side
    return fitted


def cut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The piece of a picture (H, W, 3) in a box x0, y0, x1, y1."""
    x0, y0, x1, y1 = (int(edge) for edge in box)
    return image[y0:y1, x0:x1]


def _boxes(segment: np.ndarray, pixel: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, 4) int32 tight boxes, half open, of the pixels that each superpoint's points fall on; (count,) int32
    how many points those are."""
    box = np.zeros((count, 4), np.int32)
    seen = np.bincount(segment, minlength=count).astype(np.int32)
    if not len(segment):
        return box, seen
    order = np.argsort(segment, kind="stable")
    whole = np.floor(pixel[order]).astype(np.int32)
    starts = np.flatnonzero(np.diff(segment[order], prepend=-1))
    there = segment[order][starts]
    box[there, :2] = np.minimum.reduceat(whole, starts)
    box[there, 2:] = np.maximum.reduceat(whole, starts) + 1
    return box, seen
