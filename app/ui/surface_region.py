"""From a rectangle drawn in a view to a region box, and from a dragged handle to the box moved; pure functions."""

from __future__ import annotations

import numpy as np

from app.core.render.camera import Camera
from app.core.surface.result import BoxCorners

MARGIN = 0.25
"""Metres that the box leaves about the points inside."""

TRIMMED = (1.0, 99.0)
"""Percentiles of the points that the box reaches to: a few strays behind a gap do not make it a street long."""

LEAST_POINTS = 3
LEAST_EDGE = 0.2
"""Metres: what a dragged side leaves of the box."""

FROM_ABOVE = 0.9
"""Cosine of the angle to the vertical from which a view counts as from above."""

MIDDLE = 6
"""The handle in the box's middle; 0 to 5 are its sides: low and high of x, of y, of z."""


def drawn(points: np.ndarray, camera: Camera, polygon: np.ndarray, size: tuple[int, int]) -> BoxCorners | None:
    """The region that a rectangle stands for.

    Parameters
    ----------
    points : (N, 3) float32 metres, sensor frame, some of them perhaps not finite
    camera, size : the view (width, height) that it was drawn in
    polygon : (4, 2) float64 pixels

    Returns
    -------
    from above the rectangle itself, with the heights of the points inside; from the side the box about those points
    inside that are as far away as what is in its middle, give or take its own width; None without points inside.
    """
    pixels, depth = _projected(points, camera, size)
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    with np.errstate(invalid="ignore"):
        inside = (depth > 0) & (pixels >= low).all(axis=1) & (pixels <= high).all(axis=1)
    if not inside.any():
        return None
    if looks_down(camera):
        return from_above(camera, polygon, size, points[inside])
    return around(points[inside][_in_front(pixels[inside], depth[inside], low, high, camera, size)])


def _projected(points: np.ndarray, camera: Camera, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """As :meth:`Camera.project`, in single precision: a pixel does not matter here, milliseconds do."""
    pose, k = camera.camera_from_world.astype(np.float32), camera.matrix(*size).astype(np.float32)
    with np.errstate(all="ignore"):
        seen = points @ pose[:3, :3].T + pose[:3, 3]
        depth = seen[:, 2]
        pixels = seen[:, :2] / depth[:, None] * np.array([k[0, 0], k[1, 1]]) + k[:2, 2]
    return pixels, depth


def _in_front(
    pixels: np.ndarray,
    depth: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    camera: Camera,
    size: tuple[int, int],
) -> np.ndarray:
    """(K,) bool: points about as far away as the nearest quarter of those in the rectangle's middle."""
    middle, half = (low + high) / 2, (high - low) / 4
    central = (np.abs(pixels - middle) <= half).all(axis=1)
    away = float(np.percentile(depth[central] if central.any() else depth, 25))
    width = float((high - low).max()) * away / float(camera.matrix(*size)[0, 0])
    return np.asarray(np.abs(depth - away) <= width)


def around(points: np.ndarray) -> BoxCorners | None:
    """The box about (K, 3) points, sensor frame; None for so few that there is nothing to take it from."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < LEAST_POINTS:
        return None
    low, high = np.percentile(points, TRIMMED, axis=0)
    return corners_of(low - MARGIN, high + MARGIN)


def from_above(camera: Camera, polygon: np.ndarray, size: tuple[int, int], points: np.ndarray) -> BoxCorners | None:
    """The rectangle (4, 2) pixels itself, seen from above, with the heights of the (K, 3) points inside.

    Its sides are where the lines of sight of its corners meet the height that most points have.
    """
    inside = around(points)
    if inside is None:
        return None
    ground = float(np.median(points[:, 2]))
    at = []
    for x, y in polygon:
        origin, direction = camera.ray(float(x), float(y), *size)
        at.append(origin + direction * (ground - origin[2]) / direction[2])
    flat = np.array(at)
    low, high = flat.min(axis=0), flat.max(axis=0)
    low[2], high[2] = inside[2], inside[5]
    return corners_of(low, high)


def looks_down(camera: Camera) -> bool:
    """Whether a view looks from above."""
    return float(camera.axes[2, 2]) < -FROM_ABOVE


def corners_of(low: np.ndarray, high: np.ndarray) -> BoxCorners:
    """A box in whole centimetres, which is as exact as anybody drags."""
    a, b, c, d, e, f = (round(float(value), 2) for value in (*low, *high))
    return a, b, c, d, e, f


def handles(box: BoxCorners) -> np.ndarray:
    """(7, 3) where its handles are: the middles of its sides, and its own."""
    low, high = np.array(box[:3]), np.array(box[3:])
    middle = (low + high) / 2
    at = np.tile(middle, (7, 1))
    for axis in range(3):
        at[2 * axis, axis], at[2 * axis + 1, axis] = low[axis], high[axis]
    return at


def dragged(box: BoxCorners, handle: int, origin: np.ndarray, direction: np.ndarray) -> BoxCorners:
    """The box after a handle was dragged to the line of sight from ``origin`` (3,) along ``direction`` (3,).

    A side moves along its own axis to where that comes nearest to the line; the middle moves at its height.
    """
    low, high = np.array(box[:3]), np.array(box[3:])
    at = handles(box)[handle]
    if handle == MIDDLE:
        if abs(direction[2]) < 1e-3:
            return box
        away = (at[2] - origin[2]) / direction[2]
        if away <= 0:
            return box
        step = origin + direction * away - at
        step[2] = 0.0
        return corners_of(low + step, high + step)
    axis, upper = divmod(handle, 2)
    value = _nearest_on_axis(at, axis, origin, direction)
    if value is None:
        return box
    if upper:
        high[axis] = max(value, low[axis] + LEAST_EDGE)
    else:
        low[axis] = min(value, high[axis] - LEAST_EDGE)
    return corners_of(low, high)


def _nearest_on_axis(at: np.ndarray, axis: int, origin: np.ndarray, direction: np.ndarray) -> float | None:
    """The coordinate where the axis through ``at`` comes nearest to a line of sight; None where they run alike."""
    along = np.zeros(3)
    along[axis] = 1.0
    cosine = float(direction[axis])
    if 1 - cosine**2 < 1e-4:
        return None
    between = origin - at
    share = (float(between @ along) - cosine * float(between @ direction)) / (1 - cosine**2)
    return float(at[axis]) + share
