"""Parts of a frame that are evaluated on their own: what a camera sees, borders of classes, distances."""

from __future__ import annotations

import numpy as np

from app.core.geometry.projection import in_image, project
from app.core.types import CameraView, Frame

FRONT_CAMERAS = ("image_2", "image_02", "CAM_FRONT")
"""Cameras that are meant by "front view": the left colour camera of KITTI, the front one of nuScenes."""

RANGE_EDGES = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
"""Metres; the bins of semantic-kitti-api's evaluation by distance."""


def front_camera(frame: Frame, name: str | None = None) -> CameraView | None:
    """The camera of that name; without a name the first of ``FRONT_CAMERAS``; None where the frame has none."""
    views = {view.name: view for view in frame.cameras}
    for wanted in (name,) if name else FRONT_CAMERAS:
        if wanted in views:
            return views[wanted]
    return None


def seen_by(points: np.ndarray, camera: CameraView) -> np.ndarray:
    """(N,) bool: points (N, 3), metres, sensor frame, that fall on a pixel of the camera's picture.

    What stands before them is not asked: papers that evaluate the front view take all points of the cone.
    """
    pixels, depths = project(points, camera.camera_from_sensor, camera.intrinsics)
    return in_image(pixels, depths, camera.size)


def boundary(points: np.ndarray, labels: np.ndarray, radius: float, ignore: int | None = 0) -> np.ndarray:
    """Points near another class: those with a labelled neighbour of another class within ``radius``.

    The definition of the boundary mIoU of Tang et al., "Contrastive Boundary Learning for Point Cloud
    Segmentation", CVPR 2022; points without a class neither lie on a border nor make one.

    Parameters
    ----------
    points : (N, 3) float, metres
    labels : (N,) train ids of the truth
    radius : metres, its end included
    ignore : train id that is no class, or None

    Returns
    -------
    (N,) bool
    """
    found = np.zeros(len(points), bool)
    usable = np.isfinite(points).all(axis=1)
    if ignore is not None:
        usable &= labels != ignore
    rows = np.flatnonzero(usable)
    if len(rows):
        found[rows] = _near_another(points[rows].astype(np.float64), labels[rows].astype(np.int64), radius)
    return found


def _near_another(points: np.ndarray, labels: np.ndarray, radius: float) -> np.ndarray:
    """(N,) bool. Two classes differ in some bit of their numbers, so a tree for each value of each bit will do:
    10 trees where 20 classes would need 20, and points already found drop out."""
    from scipy.spatial import cKDTree

    found = np.zeros(len(points), bool)
    _, labels = np.unique(labels, return_inverse=True)
    limit = np.nextafter(radius, np.inf)  # the tree leaves out what is exactly as far as the limit
    for bit in range(int(labels.max()).bit_length()):
        side = (labels >> bit & 1).astype(bool)
        for asked, others in ((side, ~side), (~side, side)):
            rows = np.flatnonzero(asked & ~found)
            if len(rows) and others.any():
                distances, _ = cKDTree(points[others]).query(points[rows], distance_upper_bound=limit, workers=-1)
                found[rows] = np.isfinite(distances)
    return found


def range_bins(points: np.ndarray) -> np.ndarray:
    """(N,) int8: which bin of ``RANGE_EDGES`` each point (N, 3) is in by its distance; −1 for none.

    semantic-kitti-api takes the length of x, y, z **and remission**, which moves points within 5 cm of an edge;
    here it is the distance.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.sqrt(np.einsum("ij,ij->i", points, points, dtype=np.float64))
    bins = np.searchsorted(RANGE_EDGES, distances, side="right") - 1  # NaN sorts behind all edges
    return np.where((bins < len(RANGE_EDGES) - 1) & (distances > 0), bins, -1).astype(np.int8)
