"""What part of a square table a heat map shows: two spans of places, one down and one across, of equal length."""

from __future__ import annotations

from dataclasses import dataclass

CLOSEST = 12.0
"""So few places are shown at the nearest."""


@dataclass(frozen=True)
class HeatView:
    """``top``, ``left``: the first places shown (with fractions), ``span``: how many, of ``whole``."""

    whole: int
    top: float
    left: float
    span: float

    @staticmethod
    def of(whole: int) -> HeatView:
        """All of a table."""
        return HeatView(whole, 0.0, 0.0, float(max(whole, 1)))

    @property
    def zoomed(self) -> bool:
        """Whether it shows less than all."""
        return self.span < self.whole - 1e-6

    def zoom(self, factor: float, down: float, across: float) -> HeatView:
        """Nearer by ``factor``; the place at the shares ``down`` and ``across`` (0 to 1) stays there."""
        span = min(max(self.span / factor, min(CLOSEST, self.whole)), float(self.whole))
        top = self.top + down * (self.span - span)
        left = self.left + across * (self.span - span)
        return HeatView(self.whole, *_kept(top, left, span, self.whole), span)

    def moved(self, down: float, across: float) -> HeatView:
        """By so many places."""
        kept = _kept(self.top + down, self.left + across, self.span, self.whole)
        return HeatView(self.whole, *kept, self.span)

    def showing(self, row: int, column: int) -> HeatView:
        """Moved no more than it takes to show that cell."""
        down = min(row - self.top, 0.0) + max(row + 1 - self.top - self.span, 0.0)
        across = min(column - self.left, 0.0) + max(column + 1 - self.left - self.span, 0.0)
        return self.moved(down, across)

    @property
    def windows(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Whole places that are (partly) shown: down and across, first and one more than the last."""
        found = []
        for start in (self.top, self.left):
            end = min(int(-(-(start + self.span) // 1)), self.whole)
            found.append((max(int(start), 0), max(end, 1)))
        return found[0], found[1]


def _kept(top: float, left: float, span: float, whole: int) -> tuple[float, float]:
    """Within the table."""
    most = max(whole - span, 0.0)
    return min(max(top, 0.0), most), min(max(left, 0.0), most)
