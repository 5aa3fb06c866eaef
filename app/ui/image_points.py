"""Drawn points in a camera's picture: where they fall, painting them in, finding the one under the pointer."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from app.core.state import FrameState
from app.core.types import CameraView

MIN_DEPTH = 0.5
"""Metres: what is nearer is the vehicle itself, and its pixels would fly apart."""

OPAQUE = np.uint32(0xFF000000)

_BYTE = (2, 1, 0, 3) if sys.byteorder == "little" else (1, 2, 3, 0)
"""Which byte of a packed pixel holds red, green, blue and opacity."""

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

    def only(self, shown: np.ndarray | None) -> ImagePoints:
        """Those that are shown; ``shown`` (N,) bool over the drawn cloud, or None for all."""
        if shown is None:
            return self
        keep = shown[self.rows]
        return ImagePoints(self.rows[keep], self.pixels[keep], self.depths[keep], self.thinned)

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
    """The current frame's points inside a camera's picture (accumulated ones were seen at other times).

    Plain sums instead of matrix products: a product of this shape waits for threads longer than it computes.
    """
    cloud = state.cloud
    if cloud.frame_of is None:
        candidates = None
        points = cloud.points
    else:
        candidates = np.flatnonzero(cloud.frame_of == state.frame.index)
        points = cloud.points[candidates]
    thinned = max(1, -(-len(points) // MAX_POINTS))
    x, y, z = points[::thinned].T
    pose, k = camera.camera_from_sensor.astype(np.float32), camera.intrinsics.astype(np.float32)
    with np.errstate(all="ignore"):  # points that are not finite compare false
        depths = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3]
        front = np.flatnonzero(depths > MIN_DEPTH)
        x, y, z, depths = x[front], y[front], z[front], depths[front]
        across = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + pose[0, 3]
        down = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + pose[1, 3]
        u = (k[0, 0] * across + k[0, 1] * down) / depths + k[0, 2]
        v = k[1, 1] * down / depths + k[1, 2]
        inside = np.flatnonzero((u >= 0) & (v >= 0) & (u < camera.size[0]) & (v < camera.size[1]))
    order = inside[np.argsort(-depths[inside], kind="stable")]
    rows = front[order] * thinned
    pixels = np.stack([u[order], v[order]], axis=1)
    return ImagePoints(rows if candidates is None else candidates[rows], pixels, depths[order], thinned)


def packed(image: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(..., 3) uint8 as (...) uint32, the way Qt's ``Format_RGB32`` lies in memory: one write a pixel.

    ``out`` is filled and returned where it fits: fresh memory of a picture's size costs more than the packing.
    """
    if out is None or out.shape != image.shape[:-1]:
        out = np.empty(image.shape[:-1], np.uint32)
    parts = out.view(np.uint8).reshape(*out.shape, 4)
    for channel in range(3):
        parts[..., _BYTE[channel]] = image[..., channel]
    parts[..., _BYTE[3]] = 255
    return out


def paint(canvas: np.ndarray, points: ImagePoints, colors: np.ndarray, size: int) -> None:
    """Paint the points into a packed picture (h, w) uint32, in place, as squares of ``size`` pixels.

    ``colors`` (N, 3) uint8 are those of the drawn cloud. Of points on one pixel the last, the nearest, stays.
    """
    rows, pixels = points.rows, points.pixels
    height, width = canvas.shape
    x, y = pixels[:, 0].astype(np.int32), pixels[:, 1].astype(np.int32)
    ink = packed(colors[rows])
    flat = canvas.reshape(-1)
    half = (size - 1) // 2
    for dy in range(-half, size - half):
        line = np.minimum(np.maximum(y + dy, 0), height - 1) * width
        for dx in range(-half, size - half):
            flat[line + np.minimum(np.maximum(x + dx, 0), width - 1)] = ink
