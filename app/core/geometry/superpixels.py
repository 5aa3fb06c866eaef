"""Superpixels: a picture cut into pieces of one look each, by one of three ways."""

from __future__ import annotations

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


def _check(segments: int) -> None:
    if segments < 1:
        raise UsageError(f"A picture is cut into 1 superpixel or more; {segments} were asked for.")
