"""At what size a picture goes through a tower for features of its pixels."""

from __future__ import annotations

import math

from app.models.clip.errors import ClipError

MOST_CELLS = 4096
"""Most places of one picture: attention between all of them takes 64 MB a head at this number."""

MOST_PIXELS = 2_000_000
"""Most pixels of one picture: what the first layers of a ResNet hold of it is some 64 numbers a pixel."""

USUAL_SCALE = 2.0


def working_size(
    size: tuple[int, int], resolution: int, cell: int, scale: float | None, side: int = 0
) -> tuple[int, int]:
    """(width, height) for a picture of ``size`` (width, height), in the shape of the picture.

    Its shorter side becomes ``scale`` times ``resolution``. None: ``side`` pixels where that is not 0, else twice
    the resolution or the picture's own size where that is less (but not below once); at most what the bounds
    allow. ``ClipError`` where a stated ``scale`` passes the bounds or is not positive.
    """
    factor = resolution / min(size)
    most = _largest(size, cell)
    if scale is None:
        usual = side / min(size) if side else max(factor, min(USUAL_SCALE * factor, 1.0))
        wanted = min(usual, most)
    elif not (math.isfinite(scale) and scale > 0):
        raise ClipError(f"A picture cannot be scaled by {scale}; use a number above 0, such as 2.")
    elif scale * factor > most:
        raise ClipError(
            f"At scale {scale:g} a picture of {size[0]} × {size[1]} pixels is more than is taken at once; "
            f"use at most {math.floor(100 * most / factor) / 100:g}."
        )
    else:
        wanted = scale * factor
    return max(1, round(size[0] * wanted)), max(1, round(size[1] * wanted))


def _largest(size: tuple[int, int], cell: int) -> float:
    """The largest factor within both bounds."""
    pixels = size[0] * size[1]
    factor = math.sqrt(min(MOST_PIXELS, MOST_CELLS * cell**2) / pixels)
    # The last row and column of cells may hold next to nothing, so a little less than the area says.
    while _cells(size, cell, factor) > MOST_CELLS:
        factor *= 0.99
    return factor


def _cells(size: tuple[int, int], cell: int, factor: float) -> int:
    return math.ceil(round(size[0] * factor) / cell) * math.ceil(round(size[1] * factor) / cell)
