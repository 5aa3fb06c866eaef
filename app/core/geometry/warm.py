"""Compiles every loop of the geometry once, with the types that are really used; the setup runs it.

What is compiled is kept beside the sources, or in the user's own cache folder where those may not be written to.
"""

from __future__ import annotations

import numpy as np

from app.core.geometry.superpoints import KINDS, SuperpointOptions, superpoints
from app.core.geometry.superpoints_measures import score
from app.core.geometry.visibility import RULES, VisibilityOptions, depths_of


def warm() -> None:
    """Compile, or load what is compiled."""
    rng = np.random.default_rng(0)
    floor = np.c_[rng.uniform(-9, 9, (900, 2)), np.zeros(900)]
    points = np.concatenate([floor, rng.uniform(0, 2, (300, 3))]).astype(np.float32)
    for kind in KINDS:
        found = superpoints(points, SuperpointOptions(kind=kind))
    score(points, found.segment, np.ones(len(points), np.uint8))
    pixel, depth = rng.uniform(0, 30, (50, 2)).astype(np.float32), np.ones(50, np.float32)
    for rule in RULES:
        depths_of(pixel, depth, (40, 32), VisibilityOptions(rule=rule), np.zeros((32, 40), np.int32))
