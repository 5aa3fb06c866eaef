"""Drawn points in a camera's picture: where they fall, painting them in, finding the one under the pointer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.state import FrameState
from app.core.types import CameraView

MIN_DEPTH = 0.5
"""Metres: what is nearer is the vehicle itself, and its pixels would fly apart."""

MAX_POINTS = 400_000
"""More points than this are thinned evenly before projecting: a picture has hardly more pixels."""


@dataclass(frozen=True)
class ImagePoints:
    """Points of the current frame inside a picture, far ones first so that near ones are painted over them.

    ``rows`` (M,) int64 rows of the drawn cloud; ``pixels`` (M, 2) float32; ``depths`` (M,) float32 metres;
    ``thinned``: every how manieth point was looked at.
    """

    rows: np.ndarray
    pixels: np.ndarray
    depths: np.ndarray
    thinned: int = 1

    def __len__(self) -> int:
        return len(self.rows)

    def nearest(self, x: float, y: float, reach: float) -> int | None:
        """Row of the drawn cloud whose pixel is nearest to (x, y), at most ``reach`` away."""
        if not len(self.rows):
            return None
        away = np.square(self.pixels - np.array([x, y], np.float32)).sum(axis=1)
        best = len(away) - 1 - int(np.argmin(away[::-1]))
        return int(self.rows[best]) if away[best] <= reach * reach else None

    def pixel_of(self, row: int) -> tuple[float, float] | None:
        """Where a drawn point falls, or None outside the picture."""
        found = np.flatnonzero(self.rows == row)
        return (float(self.pixels[found[0], 0]), float(self.pixels[found[0], 1])) if len(found) else None


def project(state: FrameState, camera: CameraView) -> ImagePoints:
    """The current frame's points inside a camera's picture (accumulated ones were seen at other times)."""
    cloud = state.cloud
    if cloud.frame_of is None:
        candidates = None
        points = cloud.points
    else:
        candidates = np.flatnonzero(cloud.frame_of == state.frame.index)
        points = cloud.points[candidates]
    thinned = max(1, -(-len(points) // MAX_POINTS))
    points = points[::thinned]
    pose = camera.camera_from_sensor
    p = points @ pose[:3, :3].T.astype(np.float32) + pose[:3, 3].astype(np.float32)
    front = np.flatnonzero(p[:, 2] > MIN_DEPTH)  # NaN compares false
    p = p[front]
    k = camera.intrinsics.astype(np.float32)
    with np.errstate(all="ignore"):
        pixels = p @ k[:2].T / p[:, 2:]
        width, height = camera.size
        inside = (pixels >= 0).all(axis=1) & (pixels[:, 0] < width) & (pixels[:, 1] < height)
    front, pixels, depths = front[inside], pixels[inside], p[inside, 2]
    order = np.argsort(-depths, kind="stable")
    rows = front[order] * thinned
    return ImagePoints(rows if candidates is None else candidates[rows], pixels[order], depths[order], thinned)


def paint(
    image: np.ndarray, points: ImagePoints, colors: np.ndarray, shown: np.ndarray | None, size: int
) -> np.ndarray:
    """A copy of the picture (h, w, 3) uint8 with the points painted in as squares of ``size`` pixels.

    ``colors`` (N, 3) uint8 and ``shown`` (N,) bool or None are those of the drawn cloud.
    """
    painted = image.copy()
    rows, pixels = points.rows, points.pixels
    if shown is not None:
        keep = shown[rows]
        rows, pixels = rows[keep], pixels[keep]
    height, width = image.shape[:2]
    x, y = pixels[:, 0].astype(np.int32), pixels[:, 1].astype(np.int32)
    ink = colors[rows]
    flat = painted.reshape(-1, 3)
    half = (size - 1) // 2
    for dy in range(-half, size - half):
        row = np.clip(y + dy, 0, height - 1) * width
        for dx in range(-half, size - half):
            flat[row + np.clip(x + dx, 0, width - 1)] = ink
    return painted
