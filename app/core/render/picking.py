"""Which drawn point lies under the pointer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pick:
    """A drawn point: ``cloud`` its item's name, ``index`` its row, ``point`` (3,) metres, ``pixel`` (x, y) of
    its exact projection in the view, ``distance`` pixels from the pointer, ``depth`` metres."""

    cloud: str
    index: int
    point: np.ndarray
    pixel: tuple[float, float]
    distance: float
    depth: float
