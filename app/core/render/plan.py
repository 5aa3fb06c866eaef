"""How much to draw while the camera moves: what fits into the time for one picture, learned from the last ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from app.core.render.stage import STRATA

SCALES = (1.0, 0.75, 0.5, 0.35)
_MEMORY = 0.25  # weight of the newest measurement
_SOON = 0.5  # the same for meshes and lines, which come and go at once
_LEAST = 0.4  # share of the time that points and pixels are given, however long meshes and lines take
_HOPE = 0.99  # what has been drawn little of may have become cheaper: try a little more every time


@dataclass(frozen=True)
class Detail:
    """``scale``: the picture's size over the view's; ``strata``: subsets of the points drawn, of STRATA."""

    scale: float
    strata: int


FULL = Detail(1.0, STRATA)


class Cost(NamedTuple):
    """Seconds that a picture took: for its points, for its pixels, for meshes, lines and labels."""

    points: float
    pixels: float
    others: float = 0.0


@dataclass
class Budget:
    """Seconds a point and a pixel have cost lately, all meshes and lines together (``others``), and what may be
    spent on a moving picture.

    ``seconds`` leaves room in 33 ms for the way of the picture into the window.
    """

    seconds: float = 0.026
    per_point: float = 30e-9
    per_pixel: float = 9e-9
    others: float = 0.0

    def learn(self, pixels: int, points: int, cost: Cost) -> None:
        """Note what a picture has cost."""
        self.others += _SOON * (cost.others - self.others)
        self.per_pixel += _MEMORY * (cost.pixels / max(pixels, 1) - self.per_pixel)
        self.per_pixel *= _HOPE
        if points > 20_000:  # below, starting the threads is most of it
            self.per_point += _MEMORY * (cost.points / points - self.per_point)
            self.per_point *= _HOPE

    def full(self, pixels: int, points: int) -> float:
        """Seconds that a picture at full detail should take."""
        return pixels * self.per_pixel + points * self.per_point + self.others

    def detail(self, pixels: int, points: int, sharing: int = 1) -> Detail:
        """The most that fits when ``sharing`` views move at once. Resolution goes down when the pixels alone would
        take over half the time, then the share of the points does. Meshes and lines are always drawn whole."""
        seconds = self.seconds / max(sharing, 1)
        seconds = max(seconds - self.others, _LEAST * seconds)
        scale = next((s for s in SCALES if pixels * s * s * self.per_pixel <= 0.55 * seconds), SCALES[-1])
        left = seconds - pixels * scale * scale * self.per_pixel
        strata = int(left / max(points * self.per_point / STRATA, 1e-9)) if points else STRATA
        return Detail(scale, min(max(strata, 1), STRATA))
