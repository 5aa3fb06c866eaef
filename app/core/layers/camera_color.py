"""Colour of each point in the camera pictures."""

from __future__ import annotations

import numpy as np

from app.core.errors import DataError
from app.core.geometry.projection import in_image, project, sample
from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import CameraView, Frame


class CameraColor(Layer):
    """The pixel each point falls on, in the camera nearest to the point.

    A point that something else hides from the camera gets the colour of what hides it: whether a camera
    really sees a point is a question of its own, and this layer does not answer it.
    """

    name = "camera_color"
    title = "Camera colour"
    kind = Kind.COLOR
    order = 60
    heavy = True

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs at least one picture."""
        if not frame.cameras:
            return "The recording has no cameras."
        if all(camera.image_path is None for camera in frame.cameras):
            return "No camera has a picture of this frame."
        return None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Colours, and which points any picture shows. Broken pictures are left out and named."""
        colors = np.zeros((len(frame), 3), np.uint8)
        nearest = np.full(len(frame), np.inf, np.float32)
        used, broken = [], []
        for camera in frame.cameras:
            if camera.image_path is None:
                continue
            try:
                image = camera.load_image()
            except DataError:
                broken.append(camera.name)
                continue
            _paint(frame.points, camera, image, colors, nearest)
            used.append(camera.name)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            colors,
            provenance=_provenance(used, broken),
            known=np.isfinite(nearest),
        )


def _paint(
    points: np.ndarray, camera: CameraView, image: np.ndarray, colors: np.ndarray, nearest: np.ndarray
) -> None:
    """Colour the points that no nearer camera has coloured; writes ``colors`` and ``nearest`` (metres)."""
    pixels, depths = project(points, camera.camera_from_sensor, camera.intrinsics)
    size = (image.shape[1], image.shape[0])
    rows = np.flatnonzero(in_image(pixels, depths, size))
    centre = -camera.camera_from_sensor[:3, :3].T @ camera.camera_from_sensor[:3, 3]
    distance = np.linalg.norm(points[rows] - centre.astype(np.float32), axis=1)
    better = distance < nearest[rows]
    rows = rows[better]
    colors[rows] = sample(image, pixels[rows])
    nearest[rows] = distance[better]


def _provenance(used: list[str], broken: list[str]) -> str:
    line = f"pixel of each point in the nearest of the cameras {', '.join(used) or 'none'}; occlusion is not tested"
    return line + (f"; pictures that cannot be read: {', '.join(broken)}" if broken else "")


ENTRY = CameraColor()
