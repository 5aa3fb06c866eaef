"""How good the visibility rules are against their thresholds, where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.core.geometry.visibility import THRESHOLD, VisibilityOptions, limits, passes, surfaces
from app.core.geometry.visibility_measures import VisibilityScore, score

METRES = tuple(round(step / 100, 2) for step in (*range(0, 100, 5), *range(100, 300, 10), *range(300, 801, 25)))
SHARES = tuple(step / 100 for step in range(51))
"""Thresholds that curves have and sliders offer: metres behind the surface, close together where there is most to
see, and shares of its depth."""


@dataclass(frozen=True)
class RuleCurve:
    """One rule over its threshold.

    ``thresholds``: K of them, ascending, in ``unit``: "m", or "share" of the depth; ``scores``: counts at each;
    ``options``: the rule's other numbers, and its present threshold.
    """

    options: VisibilityOptions
    unit: str
    thresholds: tuple[float, ...]
    scores: tuple[VisibilityScore, ...]

    @property
    def rule(self) -> str:
        """Name of the rule."""
        return self.options.rule

    @property
    def present(self) -> float:
        """The threshold that the options have."""
        return threshold_of(self.options)


def threshold_of(options: VisibilityOptions) -> float:
    """The number that is the threshold of the rule; 0 for the rule ``none``."""
    name = THRESHOLD.get(options.rule)
    return 0.0 if name is None else float(getattr(options, name))


def with_threshold(options: VisibilityOptions, value: float) -> VisibilityOptions:
    """The same rule with another threshold; the rule ``none`` stays as it is."""
    name = THRESHOLD.get(options.rule)
    changes: dict[str, Any] = {} if name is None else {name: value}
    return replace(options, **changes)


def unit_of(rule: str) -> str:
    """ "m" or "share": what a rule's threshold is measured in."""
    return "share" if rule == "depth_ratio" else "m"


def ladder(rule: str) -> tuple[float, ...]:
    """The thresholds of a rule's curve, ascending: ``METRES`` or ``SHARES``."""
    return METRES if unit_of(rule) == "m" else SHARES


def curve(
    pixel: np.ndarray,
    depth: np.ndarray,
    size: tuple[int, int],
    truth: np.ndarray,
    options: VisibilityOptions,
    segments: np.ndarray | None = None,
) -> RuleCurve:
    """Hold a rule against the truth at every threshold of its :func:`ladder`.

    ``pixel``, ``depth``, ``size`` and ``segments`` as in :func:`app.core.geometry.visibility.depths_of`; ``truth``
    (M,) uint8: 1 seen, 2 hidden. The surface is found once, since it does not depend on the threshold.
    """
    near = surfaces(pixel, depth, size, options, segments)
    steps = ladder(options.rule)
    scores = []
    for value in steps:
        at = with_threshold(options, value)
        scores.append(score(passes(depth, limits(near, depth, at), at), truth))
    return RuleCurve(options, unit_of(options.rule), steps, tuple(scores))
