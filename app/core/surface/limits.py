"""What can be asked for: boxes with points in them, and resolutions that fit into memory."""

from __future__ import annotations

import numpy as np

from app.core.errors import UsageError
from app.core.surface.cells import distinct, keys_of
from app.core.surface.extraction import Box
from app.core.surface.names import NoPointsInBox, TooFine

BYTES = 170
"""Memory of an extraction for each place that the field is asked at, temporary arrays included (measured: 98 to 136
at 0.2 to 0.05 m, a demo frame and a real one)."""

LIKELY = 20.0
"""Places asked at for each cell of the finest level that a flat surface through the observed points would cross
(measured: 16 to 21, of the same frames: a surface goes on where nothing was observed, and bends)."""

SHARE = 0.6
"""Of the free memory that may be used: the rest of the application needs some too."""


def free_memory() -> int:
    """Bytes that other programs leave."""
    import psutil

    return int(psutil.virtual_memory().available)


def points_within(points: np.ndarray, box: Box | None, radius: float) -> np.ndarray:
    """(n, 3) the finite points, those within ``radius`` of the box where there is one.

    ``UsageError`` where no point lies in the box, or there is none at all.
    """
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        raise UsageError("The frame has no points, so there is nothing to take a surface from.")
    if box is None:
        return finite
    low, high = np.array(box.low), np.array(box.high)
    if not (np.isfinite([low, high]).all() and (low < high).all()):
        raise UsageError(f"A box has its low corner below its high one on each axis; found {_told(low, high)}.")
    first, last = finite.min(axis=0), finite.max(axis=0)
    apart = float(np.linalg.norm(np.maximum(0, np.maximum(low - last, first - high))))
    if apart > radius:
        raise NoPointsInBox(
            f"The box {_told(low, high)} lies {apart:.1f} m outside the frame, whose points lie within "
            f"{_told(first, last)} (metres, sensor frame)."
        )
    if not ((finite >= low) & (finite <= high)).all(axis=1).any():
        raise NoPointsInBox(
            f"No points lie in the box {_told(low, high)}; move or enlarge it: the frame's points lie within "
            f"{_told(first, last)} (metres, sensor frame)."
        )
    return finite[((finite >= low - radius) & (finite <= high + radius)).all(axis=1)]


def check_memory(points: np.ndarray, step: float, free: int) -> None:
    """``TooFine`` where a surface through (n, 3) points at ``step`` is likely not to fit into ``free`` bytes."""
    coarse = max(step, 0.4)
    cells = len(distinct(keys_of(points, coarse)))
    needed = LIKELY * cells * (coarse / step) ** 2 * BYTES
    if needed > SHARE * free:
        fits = step
        while needed * (step / fits) ** 2 > SHARE * free:
            fits *= 2
        raise _too_fine(step, needed, free, fits)


def check_next(crossed: int, step: float, free: int) -> None:
    """``TooFine`` where the level below one of ``crossed`` cells at ``step`` cannot fit into ``free`` bytes.

    A divided cell is asked at its 27 corners, shared with its neighbours: at least 8 new ones.
    """
    needed = 8.0 * crossed * BYTES
    if needed > SHARE * free:
        raise _too_fine(step / 2, needed, free, step)


def _too_fine(step: float, needed: float, free: int, fits: float) -> TooFine:
    return TooFine(
        f"A surface at {step:g} m would need about {needed / 2**30:.2g} GB of memory, and {free / 2**30:.2g} GB "
        f"are free; the finest that fits is {fits:g} m, or choose a smaller box.",
        fits,
    )


def _told(low: np.ndarray, high: np.ndarray) -> str:
    return " to ".join(
        "(" + ", ".join(f"{value:g}" for value in np.round(corner, 1)) + ")" for corner in (low, high)
    )
