"""Which beam measured each point: as stated, or worked out from the order of the rows where that is sure."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame

FEWEST_BEAMS, MOST_BEAMS = 8, 256
FULL_TURN = 180.0
"""Degrees by which the azimuth jumps back where one beam's turn ends and the next one's begins."""


def rings_from_order(points: np.ndarray) -> np.ndarray | None:
    """Rings of a scan stored beam after beam, as KITTI's are; (N,) int16, or None if it is not stored so.

    A turn ends where the azimuth (0 to 360°) falls back by more than half a turn. The result is only
    given where the median elevations of the 8 to 256 turns found rise, or fall, from one to the next:
    other orders practically never pass that test.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        azimuth = np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360.0
        elevation = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    good = np.flatnonzero(np.isfinite(azimuth) & np.isfinite(elevation))
    starts = np.flatnonzero(np.diff(azimuth[good]) < -FULL_TURN) + 1
    if not FEWEST_BEAMS <= len(starts) + 1 <= MOST_BEAMS:
        return None
    turns = np.split(elevation[good], starts)
    steps = np.diff([np.median(turn) for turn in turns])
    if not ((steps > 0).all() or (steps < 0).all()):
        return None
    rows = np.zeros(len(points), np.int16)
    rows[good[starts]] = 1
    return np.cumsum(rows, dtype=np.int16)


class Ring(Layer):
    """Beam number; the title says so where it is an estimate."""

    name = "ring"
    title = "Ring"
    kind = Kind.SCALAR
    order = 75

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs a stated ring, or rows that are stored beam after beam."""
        if frame.ring is not None or rings_from_order(frame.points) is not None:
            return None
        return "The format states no ring and the rows are not in the order of the beams."

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Beam numbers from 0; those of an estimate count in the order of the rows."""
        title, provenance = self.title, "ring as recorded"
        rings = frame.ring
        if rings is None:
            rings = rings_from_order(frame.points)
            title = "Ring (estimated)"
            provenance = "estimated: rows are stored beam after beam, checked by their elevations; none is stated"
        if rings is None:
            raise ValueError("frame has no ring and its rows are not in the order of the beams")
        return LayerData(
            self.name, title, self.kind, rings.astype(np.float32), colormap="turbo", provenance=provenance
        )


ENTRY = Ring()
