"""The data that travels between readers, layers, methods and the window: frozen, arrays with shapes.

Transforms are named ``target_from_source``: ``world_from_sensor @ p_sensor = p_world``.
Sensor frame: x forward, y left, z up, metres. Camera frame: x right, y down, z forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from app.core.errors import DataError


@dataclass(frozen=True)
class CameraView:
    """One camera at the time of one sweep.

    Attributes
    ----------
    name : str
    size : (width, height) in pixels
    camera_from_sensor : (4, 4) float64, LiDAR sensor frame to camera frame. Where the camera fired at
        another time than the sweep, the ego motion between the two is part of it.
    intrinsics : (3, 3) float64 pinhole matrix, pixels
    image_path : file of the picture, None where the recording has none for this sweep
    """

    name: str
    size: tuple[int, int]
    camera_from_sensor: np.ndarray
    intrinsics: np.ndarray
    image_path: Path | None

    def load_image(self) -> np.ndarray:
        """Decode the picture, (height, width, 3) uint8 RGB.

        Raises
        ------
        DataError
            There is no picture, it has vanished, or it is broken (a truncated PNG).
        """
        from PIL import Image, UnidentifiedImageError

        if self.image_path is None:
            raise DataError(f"Camera {self.name} has no image for this frame.")
        try:
            with Image.open(self.image_path) as image:
                return np.asarray(image.convert("RGB"))
        except FileNotFoundError:
            raise DataError(f"{self.image_path} is missing; the frame is shown without it.") from None
        except PermissionError:
            raise DataError(f"{self.image_path} may not be read; check its permissions.") from None
        except (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
        ) as error:
            raise DataError(f"{self.image_path} is not a whole image ({error}); fetch it again.") from None


@dataclass(frozen=True)
class Box:
    """An oriented box in the sensor frame.

    ``center`` (3,) metres; ``size`` (length, width, height) metres; ``rotation`` (3, 3),
    sensor_from_box, box x along its length; ``velocity`` (3,) metres a second, sensor axes, or None.
    """

    center: np.ndarray
    size: tuple[float, float, float]
    rotation: np.ndarray
    label: str
    instance: str = ""
    velocity: np.ndarray | None = None

    @property
    def corners(self) -> np.ndarray:
        """(8, 3) float64 corners, sensor frame; index bits are (x, y, z) with 1 for the positive side."""
        bits = np.array([[i & 1, (i >> 1) & 1, (i >> 2) & 1] for i in range(8)], np.float64)
        return np.asarray((bits - 0.5) * np.array(self.size) @ self.rotation.T + self.center)


@dataclass(frozen=True)
class Frame:
    """One sweep, exactly as recorded: rows keep their order and count, bad points included.

    Attributes
    ----------
    index, name : position in its sequence and the recording's own name for it ("000000")
    points : (N, 3) float32, metres, sensor frame; may hold NaN or infinity (see ``valid``)
    intensity : (N,) float32 as recorded, or None
    ring : (N,) int16 beam number, or None where the format does not state it
    time : (N,) float32 seconds relative to ``timestamp``, or None
    labels : (N,) uint16 raw semantic ids, or None
    instances : (N,) uint32 instance ids (0 none), or None
    colors : (N, 3) uint8 colours stored with the points, or None
    extra : other stored columns, each (N,)
    world_from_sensor : (4, 4) float64, or None without poses
    timestamp : seconds since the recording's start, or None
    cameras, boxes : what else was recorded
    notes : one sentence for everything that is missing or odd in this frame
    full_intensity : the intensity that this recording's sensor gives at most (1, or 255 in nuScenes); networks
        take the share of it
    heading : radians counter-clockwise from the sensor's x axis to where the vehicle faces; 0 but where a
        sensor is mounted turned (nuScenes' LiDAR looks along y)
    """

    index: int
    name: str
    points: np.ndarray
    intensity: np.ndarray | None = None
    ring: np.ndarray | None = None
    time: np.ndarray | None = None
    labels: np.ndarray | None = None
    instances: np.ndarray | None = None
    colors: np.ndarray | None = None
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    world_from_sensor: np.ndarray | None = None
    timestamp: float | None = None
    cameras: tuple[CameraView, ...] = ()
    boxes: tuple[Box, ...] = ()
    notes: tuple[str, ...] = ()
    heading: float = 0.0
    full_intensity: float = 1.0

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def valid(self) -> np.ndarray:
        """(N,) bool: points whose three coordinates are finite."""
        x, y, z = self.points.T  # column by column: over rows of three it takes ten times as long
        return np.asarray(np.isfinite(x) & np.isfinite(y) & np.isfinite(z))

    def camera(self, name: str) -> CameraView:
        """The camera of that name; ``KeyError`` with the names there are."""
        for view in self.cameras:
            if view.name == name:
                return view
        raise KeyError(f"no camera '{name}'; there are: {', '.join(c.name for c in self.cameras) or 'none'}")
