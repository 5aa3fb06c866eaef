"""A sheet to draw reports on, without Qt: letters, bars, lines and pictures on white."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image, ImageFont

Color = tuple[int, int, int]

PAPER: Color = (255, 255, 255)
INK: Color = (28, 32, 38)
FAINT: Color = (120, 128, 138)
RULE: Color = (222, 226, 231)
BEFORE: Color = (158, 166, 176)
BETTER: Color = (28, 150, 84)
WORSE: Color = (206, 52, 72)
ACCENT: Color = (32, 98, 190)


class Sheet:
    """A white picture of a size in pixels; places are x, y from the upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw

        self.image: Image.Image = Image.new("RGB", (width, height), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self, x: float, y: float, words: str, *, size: int = 15, color: Color = INK, anchor: str = "la"
    ) -> None:
        """Words; ``anchor`` as PIL's: left, middle, right and ascender, middle, descender. Arrows are drawn: PIL's
        letters have none."""
        pieces = plain(words).split("→")
        wide = 1.1 * size
        x -= {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * length(words, size)
        for place, piece in enumerate(pieces):
            if place:
                self._arrow(x, y + {"a": 0.62, "m": 0.0, "d": -0.38}[anchor[1]] * size, wide, size, color)
                x += wide
            self._draw.text((x, y), piece, fill=color, font=font(size), anchor="l" + anchor[1])
            x += font(size).getlength(piece)

    def _arrow(self, x: float, y: float, wide: float, size: int, color: Color) -> None:
        tip, head, thick = x + 0.92 * wide, 0.26 * size, max(round(size / 11), 1)
        self._draw.line([(x + 0.08 * wide, y), (tip, y)], fill=color, width=thick)
        self._draw.line([(tip - head, y - head), (tip, y), (tip - head, y + head)], fill=color, width=thick)

    def fitted(self, x: float, y: float, words: str, width: float, **how: Any) -> None:
        """Words, cut off with dots where they are wider than that."""
        size = how.get("size", 15)
        short = words
        while short and length(short if short == words else short + "...", size) > width:
            short = short[:-1]
        self.text(x, y, words if short == words else short.rstrip() + "...", **how)

    def box(self, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
        """A filled rectangle; nothing where it is narrower than a pixel."""
        if x1 - 1 >= x0 and y1 - 1 >= y0:
            self._draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=color)

    def frame(self, x0: float, y0: float, x1: float, y1: float, color: Color, width: int = 2) -> None:
        """The border of a rectangle."""
        self._draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=color, width=width)

    def line(self, points: list[tuple[float, float]], color: Color, width: int = 2) -> None:
        """A line through points."""
        self._draw.line(points, fill=color, width=width, joint="curve")

    def dot(self, x: float, y: float, radius: float, color: Color) -> None:
        """A filled circle."""
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def picture(self, x: float, y: float, image: np.ndarray, width: int, height: int) -> tuple[int, int, int, int]:
        """A picture as large as fits, from the upper left corner of that place; its corners. An empty one leaves a
        grey place."""
        from PIL import Image

        if not image.size:
            self.box(x, y, x + width, y + height, RULE)
            self.text(x + width / 2, y + height / 2, "no picture", size=12, color=FAINT, anchor="mm")
            return round(x), round(y), round(x) + width, round(y) + height
        scale = min(width / image.shape[1], height / image.shape[0])
        size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
        piece = Image.fromarray(np.ascontiguousarray(image)).resize(size, Image.Resampling.BICUBIC)
        left, top = round(x), round(y)
        self.image.paste(piece, (left, top))
        return left, top, left + size[0], top + size[1]

    def png(self) -> bytes:
        """The sheet as a file's content."""
        content = io.BytesIO()
        self.image.save(content, "PNG")
        return content.getvalue()


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """PIL's own letters of a height in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def length(words: str, size: int) -> float:
    """Pixels that words take, arrows among them."""
    pieces = plain(words).split("→")
    return sum(font(size).getlength(piece) for piece in pieces) + 1.1 * size * (len(pieces) - 1)


def plain(words: str) -> str:
    """Words in letters that PIL's have."""
    return words.replace("β", "beta").replace("×", "x").replace("−", "-").replace("…", "...")


def readable(color: Color) -> Color:
    """A class's colour, dark enough to be seen on white."""
    brightness = (299 * color[0] + 587 * color[1] + 114 * color[2]) / 1000
    factor = min(1.0, 170 / max(brightness, 1.0))
    red, green, blue = (round(part * factor) for part in color)
    return red, green, blue
