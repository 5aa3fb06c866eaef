"""Superpixels: a picture cut into pieces of one look each, by one of three ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.errors import UsageError

WAYS = ("slic", "felzenszwalb", "grid")
"""``slic``: compact pieces of about one size. ``felzenszwalb``: pieces that follow edges, of all sizes. ``grid``:
squares, which need no picture."""


def superpixels(image: np.ndarray, *, way: str = "slic", segments: int = 700) -> np.ndarray:
    """Cut a picture into about ``segments`` pieces.

    Parameters
    ----------
    image : (height, width, 3) uint8
    way : one of ``WAYS``
    segments : how many pieces there should be, 1 or more; none of the three ways keeps to it exactly

    Returns
    -------
    (height, width) int32, pieces numbered 0, 1, 2 …

    Raises
    ------
    UsageError
        There is no such way, or fewer than one piece was asked for.
    """
    height, width = image.shape[:2]
    if way == "grid":
        return grid((width, height), segments=segments)
    if way not in WAYS:
        raise UsageError(f"There are no superpixels of the kind '{way}'; there are: {', '.join(WAYS)}.")
    _check(segments)
    from skimage.segmentation import felzenszwalb, slic

    if way == "slic":
        found = slic(image, n_segments=segments, compactness=10.0, start_label=0)
    else:
        found = felzenszwalb(image, scale=100.0, sigma=0.5, min_size=max(1, height * width // (4 * segments)))
    return np.ascontiguousarray(found, np.int32)


def grid(size: tuple[int, int], *, segments: int = 700) -> np.ndarray:
    """(height, width) int32: about ``segments`` squares over a picture of ``size`` (width, height)."""
    _check(segments)
    width, height = size
    edge = max(1, round((width * height / segments) ** 0.5))
    columns = -(-width // edge)
    return (np.arange(height)[:, None] // edge * columns + np.arange(width) // edge).astype(np.int32)


@dataclass(frozen=True)
class SuperpixelDepths:
    """What the points of a scan say of S superpixels.

    ``depth`` (S,) float32: least depth of the points that fall into each, metres along the optical axis (D_sp of
    Affinity3D, equation 9); NaN where none does. ``points`` (S,) int32: how many do.
    """

    depth: np.ndarray
    points: np.ndarray


def depths(segments: np.ndarray, pixel: np.ndarray, depth: np.ndarray) -> SuperpixelDepths:
    """Depths of the superpixels ``segments`` (height, width) int32.

    ``pixel`` (M, 2) float32 and ``depth`` (M,) float32 are of points that all lie in the picture.
    """
    own = segments[pixel[:, 1].astype(np.intp), pixel[:, 0].astype(np.intp)]
    count = int(segments.max()) + 1
    least = np.full(count, np.inf, np.float32)
    np.minimum.at(least, own, depth)
    least[np.isinf(least)] = np.nan
    return SuperpixelDepths(least, np.bincount(own, minlength=count).astype(np.int32))


def borders(segments: np.ndarray) -> np.ndarray:
    """(K,) int32: the pixels, counted row by row, whose right or lower neighbour is of another superpixel."""
    edge = np.zeros(segments.shape, bool)
    edge[:, :-1] = segments[:, :-1] != segments[:, 1:]
    edge[:-1] |= segments[:-1] != segments[1:]
    return np.flatnonzero(edge).astype(np.int32)


def outline(segments: np.ndarray, number: int) -> np.ndarray:
    """(K, 4) float32: the edges x0, y0, x1, y1 in pixels between superpixel ``number`` and what is beside it."""
    rows, columns = np.nonzero(segments == number)
    if not len(rows):
        return np.zeros((0, 4), np.float32)
    top, left = int(rows.min()), int(columns.min())
    held = np.zeros((int(rows.max()) - top + 3, int(columns.max()) - left + 3), bool)
    held[rows - top + 1, columns - left + 1] = True
    y, x = np.nonzero(held[:, :-1] != held[:, 1:])
    upright = np.stack([x + left, y + top - 1, x + left, y + top], axis=1)
    y, x = np.nonzero(held[:-1] != held[1:])
    level = np.stack([x + left - 1, y + top, x + left, y + top], axis=1)
    return np.concatenate([upright, level]).astype(np.float32)


def _check(segments: int) -> None:
    if segments < 1:
        raise UsageError(f"A picture is cut into 1 superpixel or more; {segments} were asked for.")
