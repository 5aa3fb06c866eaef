"""Labels in the picture: set once with PIL, kept as masks, laid over the pixels with numpy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.core.render.camera import NEAR, Camera
from app.core.render.scene import Color, Texts

HALO = 0.75
"""Opacity of the dark rim that keeps letters readable on any colour."""
_GAP = 3  # pixels between a position and its letters
_WHITE = (240, 242, 246)


@dataclass(frozen=True)
class _Label:
    text: str
    color: Color
    x: float
    y: float
    depth: float


@dataclass(frozen=True)
class Placed:
    """A label in a picture: its upper left corner, and (h, w) float32 0..1 masks of letters and of their rim."""

    x: int
    y: int
    letters: np.ndarray
    rim: np.ndarray
    color: Color


def place(texts: Texts, camera: Camera, ratio: float, width: int, height: int) -> list[Placed]:
    """Where the labels of ``texts`` stand in a picture, each centred above its position.

    Nearer labels come first; one that would cover another is left out. Labels are never hidden by points.
    """
    placed: list[Placed] = []
    taken: list[tuple[int, int, int, int]] = []
    for label in _in_view(texts, camera, width, height):
        letters, rim = _masks(label.text, max(round(texts.size * ratio), 6))
        rows, columns = letters.shape
        x, y = round(label.x - columns / 2), round(label.y - rows - _GAP * ratio)
        box = (x, y, x + columns, y + rows)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            placed.append(Placed(x, y, letters, rim, label.color))
    return placed


def draw_texts(texts: Texts, camera: Camera, ratio: float, image: np.ndarray) -> None:
    """Write the strings into ``image`` (h, w, 3) uint8."""
    height, width = image.shape[:2]
    for label in place(texts, camera, ratio, width, height):
        _blend(image, label.rim, (0, 0, 0), label.x, label.y, HALO)
        _blend(image, label.letters, label.color, label.x, label.y, 1.0)


def _in_view(texts: Texts, camera: Camera, width: int, height: int) -> list[_Label]:
    """Labels whose position is in the picture, nearest first."""
    pixels, depths = camera.project(texts.positions, width, height)
    with np.errstate(invalid="ignore"):
        inside = (depths > NEAR) & (pixels >= 0).all(axis=1) & (pixels < [width, height]).all(axis=1)
    colors = texts.colors or (_WHITE,) * len(texts.strings)
    found = [
        _Label(texts.strings[i], colors[i], pixels[i, 0], pixels[i, 1], depths[i]) for i in np.flatnonzero(inside)
    ]
    return sorted(found, key=lambda label: label.depth)


@lru_cache(maxsize=2048)
def _masks(text: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) float32 0..1: the letters, and the letters with a rim."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    rim = max(1, size // 8)
    left, top, right, bottom = font.getbbox(text, stroke_width=rim)
    shape = (max(int(right - left), 1), max(int(bottom - top), 1))
    masks = []
    for stroke in (0, rim):
        picture = Image.new("L", shape, 0)
        ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=font, stroke_width=stroke)
        masks.append(np.asarray(picture, np.float32) / 255)
    return masks[0], masks[1]


def _blend(image: np.ndarray, mask: np.ndarray, color: Color, x: int, y: int, opacity: float) -> None:
    """Lay a colour over the picture through a mask whose corner lies at (x, y); parts outside are cut off."""
    height, width = image.shape[:2]
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + mask.shape[1], width), min(y + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    cover = mask[y0 - y : y1 - y, x0 - x : x1 - x, None] * opacity
    part = image[y0:y1, x0:x1]
    part[:] = (part + cover * (np.array(color, np.float32) - part) + 0.5).astype(np.uint8)


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
