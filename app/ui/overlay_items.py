"""What is drawn over the points: boxes, trajectory, camera frustums, grid, axes, as scene items.

Pure functions of the frame; coordinates are the current sweep's sensor frame, metres.
"""

from __future__ import annotations

import zlib

import numpy as np

from app.core.labels import LabelSet
from app.core.render.scene import Color, Item, Lines, Texts, box_lines
from app.core.types import Box, CameraView, Frame

BOX_COLORS: tuple[Color, ...] = (
    (88, 196, 255),
    (255, 176, 66),
    (108, 220, 130),
    (255, 120, 150),
    (190, 150, 255),
    (240, 230, 90),
    (90, 230, 220),
    (255, 140, 90),
)
AXIS_COLORS = np.array([[235, 80, 80], [90, 205, 95], [90, 140, 255]], np.uint8)
AXIS_LENGTH = 2.0
FRUSTUM_DEPTH = 2.5
GRID_STEP = 10.0
GRID_REACH = 60.0
MIN_BRIGHTNESS = 70
"""Class colours darker than this cannot be told from a dark background as thin lines."""


def build(
    frame: Frame,
    show: frozenset[str],
    *,
    label_set: LabelSet | None,
    poses: np.ndarray | None,
    dark: bool,
) -> dict[str, Item]:
    """The items of every overlay that is switched on and has something to show, by item name."""
    items: dict[str, Item] = {}
    texts = "labels" in show
    if "boxes" in show and frame.boxes:
        items["boxes"] = boxes(frame.boxes, label_set)
        if texts:
            items["box names"] = box_names(frame.boxes, label_set)
    if "frustums" in show and frame.cameras:
        items["frustums"] = frustums(frame.cameras, dark=dark)
        if texts:
            items["camera names"] = camera_names(frame.cameras, dark=dark)
    if "trajectory" in show and poses is not None and frame.index < len(poses) and len(poses) > 1:
        items["trajectory"] = trajectory(poses, frame.index, dark=dark)
    if "grid" in show:
        height = ground_height(frame.points)
        items["grid"] = grid(height, dark=dark)
        if texts:
            items["grid distances"] = grid_distances(height, dark=dark)
    if "axes" in show:
        items["axes"] = axes()
    return items


NAMES = ("boxes", "box names", "frustums", "camera names", "trajectory", "grid", "grid distances", "axes")
"""Every item name that ``build`` may use."""


def box_color(label: str, label_set: LabelSet | None) -> Color:
    """The class's colour where the label names one of the data set's classes, else one by the label's hash."""
    if label_set is not None:
        for entry in label_set.classes:
            if entry.name.lower() == label.lower() and max(entry.color) >= MIN_BRIGHTNESS:
                return entry.color
    return BOX_COLORS[zlib.crc32(label.lower().encode()) % len(BOX_COLORS)]


def boxes(entries: tuple[Box, ...], label_set: LabelSet | None) -> Lines:
    """Wire boxes, each with a bar from its middle to its front."""
    colors = np.array([box_color(box.label, label_set) for box in entries], np.uint8)
    wires = box_lines(np.stack([box.corners for box in entries]), colors)
    middles = np.stack([box.center for box in entries])
    fronts = middles + np.stack([box.rotation[:, 0] * box.size[0] / 2 for box in entries])
    first = len(wires.points)
    bars = first + np.arange(2 * len(entries), dtype=np.int32).reshape(2, -1).T
    return Lines(
        np.concatenate([wires.points, middles, fronts]).astype(np.float32),
        np.concatenate([wires.segments, bars]).astype(np.int32),
        np.concatenate([wires.colors, colors]),
        1.5,
    )


def box_names(entries: tuple[Box, ...], label_set: LabelSet | None) -> Texts:
    """Each box's label above its roof."""
    above = np.stack([box.center + np.array([0, 0, box.size[2] / 2 + 0.3]) for box in entries]).astype(np.float32)
    names = tuple(box.label.rsplit(".", 1)[-1] for box in entries)
    return Texts(above, names, tuple(box_color(box.label, label_set) for box in entries), 12)


def frustums(cameras: tuple[CameraView, ...], *, dark: bool) -> Lines:
    """A wire pyramid per camera."""
    edges = np.array([[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]], np.int32)
    points = np.concatenate([_pyramid(camera) for camera in cameras]).astype(np.float32)
    segments = np.concatenate([edges + 5 * i for i in range(len(cameras))])
    color = _quiet(dark=dark, strong=True)
    return Lines(points, segments, np.tile(np.array(color, np.uint8), (len(segments), 1)), 1.5)


def camera_names(cameras: tuple[CameraView, ...], *, dark: bool) -> Texts:
    """Each camera's name at the upper left corner of its pyramid."""
    at = np.stack([_pyramid(camera)[1] for camera in cameras]).astype(np.float32)
    return Texts(at, tuple(c.name for c in cameras), (_quiet(dark=dark, strong=True),) * len(cameras), 12)


def trajectory(poses: np.ndarray, index: int, *, dark: bool) -> Lines:
    """The way the sensor took: driven so far in the accent colour, what is to come in grey.

    ``poses`` (M, 4, 4) world_from_sensor, M >= 2.
    """
    sensor_from_world = np.linalg.inv(poses[index])
    points = (poses[:, :3, 3] @ sensor_from_world[:3, :3].T + sensor_from_world[:3, 3]).astype(np.float32)
    segments = np.stack([np.arange(len(points) - 1), np.arange(1, len(points))], axis=1).astype(np.int32)
    driven, coming = np.array([88, 196, 255], np.uint8), np.array(_quiet(dark=dark, strong=True), np.uint8)
    colors = np.where(segments[:, :1] < index, driven, coming).astype(np.uint8)
    return Lines(points, segments, colors, 2.5)


def ground_height(points: np.ndarray) -> float:
    """Height in metres of the lowest surface of any size: the 5th percentile of the finite heights."""
    z = points[:: max(1, len(points) // 20_000), 2]
    z = z[np.isfinite(z)]
    return float(np.percentile(z, 5)) if len(z) else 0.0


def grid(height: float, *, dark: bool) -> Lines:
    """Squares of 10 m at ``height``, out to 60 m; the two lines through the sensor are stronger."""
    at = np.arange(-GRID_REACH, GRID_REACH + 1e-3, GRID_STEP)
    ends = np.array([-GRID_REACH, GRID_REACH])
    along = np.stack([np.repeat(ends[None], len(at), 0), np.repeat(at[:, None], 2, 1)], axis=2)
    both = np.concatenate([along, along[:, :, ::-1]]).reshape(-1, 2)
    points = np.column_stack([both, np.full(len(both), height)]).astype(np.float32)
    segments = np.arange(len(points), dtype=np.int32).reshape(-1, 2)
    colors = np.tile(np.array(_quiet(dark=dark), np.uint8), (len(segments), 1))
    colors[np.tile(np.isclose(at, 0), 2)] = _quiet(dark=dark, strong=True)
    return Lines(points, segments, colors, 1.0)


def grid_distances(height: float, *, dark: bool) -> Texts:
    """Metres along the direction of travel, written at the grid's lines."""
    at = np.arange(-GRID_REACH, GRID_REACH + 1e-3, 2 * GRID_STEP)
    at = at[~np.isclose(at, 0)]
    positions = np.column_stack([at, np.zeros_like(at), np.full_like(at, height)]).astype(np.float32)
    color = _quiet(dark=dark, strong=True)
    return Texts(positions, tuple(f"{x:.0f} m".replace("-", "−") for x in at), (color,) * len(at), 11)


def axes() -> Lines:
    """The sensor's own axes: x red, y green, z blue, 2 m long."""
    points = np.vstack([np.zeros(3), np.eye(3) * AXIS_LENGTH]).astype(np.float32)
    return Lines(points, np.array([[0, 1], [0, 2], [0, 3]], np.int32), AXIS_COLORS, 3.0)


def _pyramid(camera: CameraView) -> np.ndarray:
    """(5, 3) eye and four picture corners, sensor frame."""
    width, height = camera.size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    rays = corners @ np.linalg.inv(camera.intrinsics).T * FRUSTUM_DEPTH
    in_camera = np.vstack([np.zeros(3), rays])
    sensor_from_camera = np.linalg.inv(camera.camera_from_sensor)
    return np.asarray(in_camera @ sensor_from_camera[:3, :3].T + sensor_from_camera[:3, 3])


def _quiet(*, dark: bool, strong: bool = False) -> Color:
    """Grey of lines that must not compete with the data."""
    if dark:
        return (150, 160, 172) if strong else (52, 58, 66)
    return (96, 106, 118) if strong else (206, 212, 219)
