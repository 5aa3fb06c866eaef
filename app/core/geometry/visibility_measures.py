"""How good a visibility rule is, where the truth is known (on demo drives)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TRUTH = "truth_visible"
"""Column of demo drives: 0 outside the first camera's picture, 1 seen there, 2 hidden."""


@dataclass(frozen=True)
class VisibilityScore:
    """Counts of the points in a picture: called visible and seen (``kept_right``), called visible but hidden
    (``kept_wrong``), called hidden and hidden (``removed_right``), called hidden but seen (``removed_wrong``).

    Most points in a picture are seen, so the figures of the hidden ones tell more of a rule.
    """

    kept_right: int
    kept_wrong: int
    removed_right: int
    removed_wrong: int

    def __add__(self, other: VisibilityScore) -> VisibilityScore:
        return VisibilityScore(
            self.kept_right + other.kept_right,
            self.kept_wrong + other.kept_wrong,
            self.removed_right + other.removed_right,
            self.removed_wrong + other.removed_wrong,
        )

    @property
    def precision(self) -> float:
        """Of the points called visible, the share that is seen; NaN where there is none."""
        return _share(self.kept_right, self.kept_wrong)

    @property
    def recall(self) -> float:
        """Of the points that are seen, the share called visible."""
        return _share(self.kept_right, self.removed_wrong)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of the visible points."""
        return _share(2 * self.kept_right, self.kept_wrong + self.removed_wrong)

    @property
    def removed(self) -> float:
        """Of the wrong matches (points whose pixel shows something else), the share that is removed."""
        return _share(self.removed_right, self.kept_wrong)

    @property
    def hidden_precision(self) -> float:
        """Of the points called hidden, the share that is hidden."""
        return _share(self.removed_right, self.removed_wrong)

    @property
    def hidden_f1(self) -> float:
        """Harmonic mean of precision and recall of the hidden points."""
        return _share(2 * self.removed_right, self.kept_wrong + self.removed_wrong)


def score(visible: np.ndarray, truth: np.ndarray) -> VisibilityScore:
    """Compare (N,) bool with the truth (N,): 0 outside the picture (does not count), 1 seen, 2 hidden."""
    seen, hidden = truth == 1, truth == 2
    count = np.count_nonzero
    return VisibilityScore(
        kept_right=int(count(visible & seen)),
        kept_wrong=int(count(visible & hidden)),
        removed_right=int(count(~visible & hidden)),
        removed_wrong=int(count(~visible & seen)),
    )


RIGHT, LOST, REMOVED, KEPT = 1, 2, 3, 4
"""Seen and called visible; seen but called hidden; hidden and called so: a wrong match that is removed; hidden but
called visible: a wrong match that is kept. 0 is outside the picture."""


def matches(visible: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) uint8: which of the four each point is, as :func:`score` counts them."""
    found = np.zeros(len(truth), np.uint8)
    found[truth == 1] = np.where(visible[truth == 1], RIGHT, LOST)
    found[truth == 2] = np.where(visible[truth == 2], KEPT, REMOVED)
    return found


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else float("nan")
