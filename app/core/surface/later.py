"""Does a surface tell what is seen only later? Points of later scans against it."""

from __future__ import annotations

import numpy as np

from app.core.surface.measures import Scans, distance_to
from app.core.surface.view import AWAY, FAIR, NEAR, LaterScans, Within

NEAR_WITHIN, FAIR_WITHIN = 0.1, 0.2
"""Metres from the surface, as of the F-scores."""

UNSEEN = 0.25
"""Metres from every point of the present scan beyond which a point counts as not seen by it, as of the measures."""

REACH = 1.0
"""Metres from a present point within which a surface can be."""

MOST_POINTS = 150_000
"""Points that are compared: more would not be told apart on a screen, and take seconds."""


def compare_later(
    frame: int, later: int, scans: Scans, observed: np.ndarray, vertices: np.ndarray, triangles: np.ndarray,
    step: float,
) -> LaterScans:  # fmt: skip
    """Hold points of later scans against a surface.

    Parameters
    ----------
    frame, later : index of the frame, and how many frames after it
    scans : the points of these, in its sensor frame; of more than ``MOST_POINTS`` so many are chosen
    observed : (N, 3) finite points of the present scan
    vertices, triangles : of the surface; without triangles every distance is infinite
    step : metres, of the surface
    """
    from scipy.spatial import cKDTree

    points, about = scans.places, scans.about
    if len(points) > MOST_POINTS:
        rows = np.random.default_rng(0).choice(len(points), MOST_POINTS, replace=False)
        points, about = points[np.sort(rows)], f"{about}; {MOST_POINTS} of {len(points)}"
    points = np.ascontiguousarray(points, np.float32)
    distance = np.full(len(points), np.inf, np.float32)
    if len(triangles) and len(points):
        distance = distance_to(vertices, triangles, points)
    apart = np.full(len(points), np.inf)
    if len(observed) and len(points):
        apart = cKDTree(observed).query(points, distance_upper_bound=REACH, workers=2)[0]
    unseen, reached = apart > UNSEEN, apart <= REACH
    kind = np.full(len(points), AWAY, np.uint8)
    kind[distance <= FAIR_WITHIN] = FAIR
    kind[distance <= NEAR_WITHIN] = NEAR
    return LaterScans(
        frame, later, step, points, distance, unseen, reached, kind,
        _within(distance), _within(distance[unseen]), _within(distance[unseen & reached]), about,
    )  # fmt: skip


def _within(distance: np.ndarray) -> Within:
    if not len(distance):
        return Within(0, float("nan"), float("nan"))
    near, fair = (float((distance <= metres).mean()) for metres in (NEAR_WITHIN, FAIR_WITHIN))
    return Within(len(distance), near, fair)
