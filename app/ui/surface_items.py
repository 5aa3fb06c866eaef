"""What is drawn of a surface, and of what is shown beside it, as scene items; pure functions.

Coordinates are the current sweep's sensor frame, metres.
"""

from __future__ import annotations

import numpy as np

from app.core.geometry.sightlines import BEHIND, FAR, FRONT
from app.core.render.scene import Cloud, Color, Item, Lines, Mesh, box_lines
from app.core.surface.result import BoxCorners, Reconstruction
from app.core.surface.view import AWAY, FAIR, NEAR, LaterScans, SightQueries, SlicePicture

SURFACE, SLICE, QUERIES, RAYS, BOX, LATER = (
    "surface",
    "surface slice",
    "surface queries",
    "surface rays",
    "surface box",
    "surface later scans",
)
"""Names of the items in a view."""

QUERY_COLORS: dict[int, Color] = {BEHIND: (255, 150, 60), FRONT: (120, 225, 235), FAR: (78, 130, 246)}
"""Full just behind what was met, empty just before it, empty anywhere on the way."""

WRONG_COLOR: Color = (255, 70, 150)
LATER_COLORS: dict[int, Color] = {NEAR: (70, 205, 130), FAIR: (240, 200, 70), AWAY: (238, 80, 90)}
RAY_COLOR: Color = (128, 138, 152)

QUERY_SIZE = 0.1
"""Metres from the middle of a query's mark to its corners: seen from afar, and as wide as the usual δ."""

MOST_MARKS = 10_000
"""Queries that are drawn as solid marks; more are drawn as points."""

MOST_RAYS = 120
"""Lines of sight that can be told apart; of more, so many are drawn, evenly chosen."""

_CORNERS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
_FACES = np.array(
    [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], np.int32
)


def surface(made: Reconstruction, opacity: float, *, wireframe: bool) -> Mesh:
    """The surface as it lies in memory: no array is copied."""
    return Mesh(made.vertices, made.triangles, made.colors, opacity, wireframe)


def cut(picture: SlicePicture) -> Mesh:
    """The field on a plane as small squares."""
    return Mesh(picture.vertices, picture.triangles, picture.colors)


def query_colors(queries: SightQueries) -> np.ndarray:
    """(Q, 3) uint8 by kind; queries whose label is known to be wrong stand out."""
    table = np.zeros((256, 3), np.uint8)
    for kind, color in QUERY_COLORS.items():
        table[kind] = color
    colors = table[queries.kind]
    if queries.wrong is not None:
        colors[queries.wrong] = WRONG_COLOR
    return colors


def queries(found: SightQueries) -> Item:
    """Queries as small solids, or as points where there are very many."""
    colors = query_colors(found)
    if len(found) > MOST_MARKS:
        return Cloud(found.points, colors, pickable=False)
    vertices = (found.points[:, None] + QUERY_SIZE * _CORNERS).reshape(-1, 3)
    first = len(_CORNERS) * np.arange(len(found), dtype=np.int32)
    triangles = (first[:, None, None] + _FACES).reshape(-1, 3)
    return Mesh(vertices, triangles, np.repeat(colors, len(_CORNERS), axis=0))


def shown_rays(found: SightQueries) -> np.ndarray:
    """(K,) rows of the queries whose lines of sight are drawn."""
    return np.unique(np.linspace(0, max(len(found) - 1, 0), min(MOST_RAYS, len(found))).astype(np.int64))


def rays(found: SightQueries) -> Lines:
    """Lines of sight from the sensor to the points that they met."""
    rows = shown_rays(found)
    points = np.stack([found.origins[rows], found.targets[rows]], axis=1).reshape(-1, 3).astype(np.float32)
    segments = np.arange(2 * len(rows), dtype=np.int32).reshape(-1, 2)
    return Lines(points, segments, np.tile(np.array(RAY_COLOR, np.uint8), (len(rows), 1)), 1.0)


def later(scans: LaterScans) -> Cloud:
    """Later points by how far the surface is from them."""
    table = np.array([LATER_COLORS[kind] for kind in (NEAR, FAIR, AWAY)], np.uint8)
    return Cloud(scans.points, table[scans.kind], pickable=False)


def corners(box: BoxCorners) -> np.ndarray:
    """(8, 3) float64 in the order of :attr:`app.core.types.Box.corners`: bit 0 is x, bit 1 y, bit 2 z."""
    ends = np.array([box[:3], box[3:]], np.float64)
    bits = np.arange(8)
    return np.stack([ends[(bits >> axis) & 1, axis] for axis in range(3)], axis=1)


def box_edges(box: BoxCorners, color: Color) -> Lines:
    """The region's twelve edges; what is behind something shows faintly."""
    return box_lines(corners(box)[None], np.array([color], np.uint8), 2.0, hidden=0.35)
