"""Faces of traffic signs, drawn once as small pictures."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.core.demo.furniture import FACES
from app.core.demo.look import Look, Patch
from app.core.demo.mesh import Array

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw as Draw

_SIZE = 128
_RED, _BLUE, _YELLOW, _WHITE, _BLACK = (190, 20, 24), (14, 62, 150), (246, 190, 20), (238, 238, 236), (16, 16, 18)


@lru_cache(maxsize=1)
def atlas() -> Array:
    """(faces + 1, 128, 128, 3) float32 linear colours; the last is the small plate under a parking sign."""
    from PIL import Image, ImageDraw

    pictures = []
    for name in (*FACES, "plate"):
        image = Image.new("RGB", (_SIZE * 2, _SIZE * 2), _WHITE)
        _PAINTERS[name](ImageDraw.Draw(image))
        small = np.asarray(image.resize((_SIZE, _SIZE), Image.Resampling.BOX), np.float32) / 255
        pictures.append(small**2.2)
    return np.stack(pictures)


def sign(p: Patch) -> Look:
    """A sign's face: ``local`` is −1..1 to the right and up, ``code`` its place in the list of faces."""
    table = atlas()
    column = np.clip((p.local[:, 0] + 1) / 2 * _SIZE, 0, _SIZE - 1).astype(np.int64)
    row = np.clip((1 - p.local[:, 1]) / 2 * _SIZE, 0, _SIZE - 1).astype(np.int64)
    return Look(table[np.clip(p.code, 0, len(table) - 1), row, column] * 0.9, mirror=0.03, clear=0.5)


def _text(draw: Draw, words: str, size: int, middle: tuple[int, int], color: tuple[int, int, int]) -> None:
    from PIL import ImageFont

    draw.text(middle, words, fill=color, font=ImageFont.load_default(size), anchor="mm")


def _limit(draw: Draw) -> None:
    draw.ellipse((4, 4, 252, 252), fill=_RED)
    draw.ellipse((40, 40, 216, 216), fill=_WHITE)
    _text(draw, "30", 128, (128, 122), _BLACK)


def _parking(draw: Draw) -> None:
    draw.rectangle((6, 6, 250, 250), fill=_BLUE)
    _text(draw, "P", 210, (128, 124), _WHITE)


def _priority(draw: Draw) -> None:
    draw.polygon([(128, 22), (234, 128), (128, 234), (22, 128)], fill=_YELLOW)


def _no_stopping(draw: Draw) -> None:
    draw.ellipse((4, 4, 252, 252), fill=_RED)
    draw.ellipse((34, 34, 222, 222), fill=_BLUE)
    draw.line((56, 56, 200, 200), fill=_RED, width=26)
    draw.line((200, 56, 56, 200), fill=_RED, width=26)


def _triangle(draw: Draw, *, down: bool) -> None:
    outer = [(0, 0), (256, 0), (128, 256)] if down else [(0, 256), (256, 256), (128, 0)]
    inner = [(46, 30), (210, 30), (128, 192)] if down else [(46, 226), (210, 226), (128, 64)]
    draw.polygon(outer, fill=_RED)
    draw.polygon(inner, fill=_WHITE)


def _yield(draw: Draw) -> None:
    _triangle(draw, down=True)


def _children(draw: Draw) -> None:
    _triangle(draw, down=False)
    for x, scale in ((112, 1.0), (150, 0.8)):
        top = 220 - 100 * scale
        draw.ellipse((x - 9, top, x + 9, top + 18), fill=_BLACK)
        draw.line((x, top + 18, x, 220 - 38 * scale), fill=_BLACK, width=13)
        draw.line((x, 220 - 40 * scale, x - 14, 220), fill=_BLACK, width=9)
        draw.line((x, 220 - 40 * scale, x + 14, 220), fill=_BLACK, width=9)


def _zone(draw: Draw) -> None:
    draw.rectangle((8, 6, 248, 250), outline=_BLACK, width=5)
    draw.ellipse((58, 18, 198, 132), fill=_RED)
    draw.ellipse((80, 36, 176, 114), fill=_WHITE)
    _text(draw, "30", 62, (128, 73), _BLACK)
    _text(draw, "ZONE", 76, (128, 190), _BLACK)


def _street(draw: Draw) -> None:
    draw.rectangle((0, 0, 256, 256), fill=_BLUE)
    draw.rectangle((4, 20, 252, 236), outline=_WHITE, width=6)


def _island(draw: Draw) -> None:
    draw.ellipse((2, 2, 254, 254), fill=_WHITE)
    draw.ellipse((10, 10, 246, 246), fill=_BLUE)
    draw.line((70, 66, 176, 172), fill=_WHITE, width=28)
    draw.polygon([(196, 108), (196, 194), (110, 194)], fill=_WHITE)


def _plate(draw: Draw) -> None:
    draw.rectangle((4, 8, 252, 248), outline=_BLACK, width=6)
    _text(draw, "2 h", 150, (128, 124), _BLACK)


_PAINTERS = {
    "limit": _limit,
    "parking": _parking,
    "priority": _priority,
    "no-stopping": _no_stopping,
    "children": _children,
    "zone": _zone,
    "street": _street,
    "yield": _yield,
    "island": _island,
    "plate": _plate,
}
