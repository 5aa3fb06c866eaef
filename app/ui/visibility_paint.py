"""Visibility over a camera's picture: borders of superpixels, and the colours of points by the test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.geometry.visibility_measures import RIGHT
from app.core.layers.match import MATCHES
from app.core.layers.visible import STATES
from app.core.session_visibility import SessionVisibility
from app.core.state import DrawnCloud
from app.core.visibility_view import PictureSuperpixels
from app.ui.image_points import OPAQUE

LIGHT_BORDER = np.array([255, 232, 130], np.uint32)
DARK_BORDER = np.array([92, 66, 0], np.uint32)
"""Pale yellow, and a brown where the picture itself is bright: neither is a colour of streets or of the points."""

BRIGHT = 186
"""Of 255: green from which a pixel is bright."""

VISIBLE, HIDDEN = np.uint8(1), np.uint8(2)

STRENGTH = 150
"""Of 256: how strongly borders cover the picture."""


class BorderPainter:
    """Keeps the last picture with borders, so that points can be painted anew without drawing the borders."""

    def __init__(self) -> None:
        self._made: tuple[object, object, int] | None = None
        self._out = np.empty((0, 0), np.uint32)

    def over(self, ground: np.ndarray, image: object, cut: PictureSuperpixels, width: int) -> np.ndarray:
        """A packed picture (h, w) uint32 like ``ground`` with borders ``width`` pixels wide.

        ``image``: what ``ground`` was made from; the same object means the same picture. Borders of superpixels of
        another size than the picture are left out.
        """
        if cut.segments.shape != ground.shape:
            return ground
        made = self._made
        if made is not None and made[0] is image and made[1] is cut.border and made[2] == width:
            return self._out
        if self._out.shape != ground.shape:
            self._out = np.empty_like(ground)
        np.copyto(self._out, ground)
        flat = self._out.reshape(-1)
        at = _widened(cut.border, ground.shape, width)
        flat[at] = mixed(flat[at])
        self._made = (image, cut.border, width)
        return self._out


def _widened(border: np.ndarray, shape: tuple[int, ...], width: int) -> np.ndarray:
    """The pixels of borders ``width`` pixels wide, none of them twice."""
    mask = np.zeros(shape, bool)
    mask.reshape(-1)[border] = True
    for _ in range(width - 1):
        mask[:, 1:] |= mask[:, :-1]
        mask[1:] |= mask[:-1]
    return np.flatnonzero(mask)


def mixed(pixels: np.ndarray) -> np.ndarray:
    """(K,) packed pixels, each moved towards a colour that stands out from it."""
    result = np.full(len(pixels), OPAQUE, np.uint32)
    bright = ((pixels >> np.uint32(8)) & np.uint32(255)) > BRIGHT
    for shift, light, dark in zip((16, 8, 0), LIGHT_BORDER, DARK_BORDER, strict=True):
        old = (pixels >> np.uint32(shift)) & np.uint32(255)
        ink = np.where(bright, dark, light)
        new = (old * np.uint32(256 - STRENGTH) + ink * np.uint32(STRENGTH)) >> np.uint32(8)
        result |= new << np.uint32(shift)
    return result


@dataclass(frozen=True)
class Tested:
    """``colors`` (N, 3) uint8 of the drawn cloud by the test; ``rare`` (N,) bool: points that are few and are what
    one looks for, to be painted larger and last: hidden ones, and all but right matches that are kept."""

    colors: np.ndarray
    rare: np.ndarray


def tested(visibility: SessionVisibility, cloud: DrawnCloud, rows: np.ndarray) -> Tested | None:
    """How points at ``rows`` of the drawn cloud are painted; None while the view's own layer is to be shown.

    Points that the test does not know of are grey.
    """
    picture = visibility.picture
    if picture is None or visibility.show == "layer" or (visibility.show == "match" and picture.match is None):
        return None
    own = rows if cloud.row_of is None else cloud.row_of[rows]
    at = np.searchsorted(picture.rows, own)
    there = at < len(picture.rows)
    there[there] = picture.rows[at[there]] == own[there]
    values = np.zeros(len(rows), np.uint8)
    if visibility.show == "match" and picture.match is not None:
        values[there] = picture.match[at[there]]
        table, usual = MATCHES.colors, np.uint8(RIGHT)
    else:
        values[there] = np.where(picture.visible[at[there]], VISIBLE, HIDDEN)
        table, usual = STATES.colors, VISIBLE
    colors, rare = np.zeros((len(cloud), 3), np.uint8), np.zeros(len(cloud), bool)
    colors[rows] = table[values]
    rare[rows] = (values != usual) & there
    return Tested(colors, rare)
