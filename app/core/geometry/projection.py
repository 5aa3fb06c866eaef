"""Points into camera pictures: a pinhole, nothing else (recordings are undistorted)."""

from __future__ import annotations

import numpy as np

from app.core.geometry.transforms import columns

MIN_DEPTH = 0.1
"""Metres in front of the camera below which a point is not in the picture: nearer there is only the lens."""


def project(
    points: np.ndarray, camera_from_sensor: np.ndarray, intrinsics: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Project sensor points into a camera.

    Parameters
    ----------
    points : (N, 3) float, metres, sensor frame
    camera_from_sensor : (4, 4) float64
    intrinsics : (3, 3) float64, pixels

    Returns
    -------
    pixels : (N, 2) float32, x right and y down, (0, 0) the picture's upper left corner; NaN at and behind
        the camera
    depths : (N,) float32 metres along the optical axis
    """
    x, y, depths = columns(camera_from_sensor, np.asarray(points, np.float32))
    k = np.asarray(intrinsics, np.float32)
    pixels = np.empty((len(depths), 2), np.float32)
    with np.errstate(all="ignore"):  # bad points (NaN, infinity, far off) become NaN pixels
        scale = 1 / np.where(depths > 0, k[2, 0] * x + k[2, 1] * y + k[2, 2] * depths, np.nan)
        for axis in range(2):
            pixels[:, axis] = (k[axis, 0] * x + k[axis, 1] * y + k[axis, 2] * depths) * scale
    return pixels, depths


def in_image(pixels: np.ndarray, depths: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(N,) bool: points that fall on a pixel of a picture of ``size`` (width, height), in front of the camera."""
    width, height = size
    x, y = pixels[:, 0], pixels[:, 1]
    with np.errstate(invalid="ignore"):
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        return np.asarray(inside & (depths > MIN_DEPTH))


def sample(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(M, 3) uint8 colours of the pixels that (M, 2) positions, all of them inside the image, fall on."""
    whole = pixels.astype(np.intp)
    return image[whole[:, 1], whole[:, 0]]
