"""Colour maps for scalar values: anchor colours, joined by straight lines in sRGB, whose steps look even.

The anchors follow the shape of the well-known maps of the same names: viridis, magma and cividis rise
evenly in lightness and stay readable for colour-blind eyes; turbo shows the most steps.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from app.core.errors import UsageError

LEVELS = 256
UNKNOWN_COLOR = (112, 116, 122)
"""Grey of points whose value is not known (NaN)."""

_ANCHORS = {
    "turbo": "30123b 4145ab 4675ed 39a2fc 1bcfd4 24eca6 61fc6c a4fc3b d1e834 f3c63a fe9b2d f36315 d93806 "
    "b11901 7a0403",
    "viridis": "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
    "magma": "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf",
    "cividis": "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838",
    "coolwarm": "3b4cc0 688aef 99baff c9d8ef dddddd edd1c2 f7a789 e26952 b40426",
    "grey": "141414 ffffff",
    "cyclic": "e2d9e2 8fb0c9 5f79bd 4c2d7d 2f1436 70264e a9523f c79a7b e2d9e2",
}

NAMES = tuple(_ANCHORS)
DIVERGING = "coolwarm"
"""Map of signed differences: its middle, neutral colour means no difference."""


def anchors(name: str) -> np.ndarray:
    """(K, 3) float64 anchor colours 0 to 255, evenly spaced; ``UsageError`` for an unknown name."""
    if name not in _ANCHORS:
        raise UsageError(f"There is no colour map '{name}'; there are: {', '.join(NAMES)}.")
    return np.array([[int(code[i : i + 2], 16) for i in (0, 2, 4)] for code in _ANCHORS[name].split()], float)


@cache
def table(name: str) -> np.ndarray:
    """(257, 3) uint8: colours of 256 levels from low to high, and at index 256 that of unknown values.

    The array is shared: do not write to it.
    """
    points = anchors(name)
    at = np.linspace(0, 1, LEVELS)
    where = np.linspace(0, 1, len(points))
    rgb = np.stack([np.interp(at, where, points[:, c]) for c in range(3)], axis=1)
    full = np.vstack([np.rint(rgb), [UNKNOWN_COLOR]]).astype(np.uint8)
    full.flags.writeable = False
    return full
