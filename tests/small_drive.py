"""A small drive in SemanticKITTI's layout for tests: a wall, a floor and a box, seen from a moving sensor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

INTRINSICS = np.array([[60.0, 0, 40], [0, 60, 20], [0, 0, 1]])
IMAGE_SIZE = (80, 40)
SENSOR_TO_CAMERA = np.array([[0, -1.0, 0, 0.01], [0, 0, -1, -0.08], [1, 0, 0, -0.27], [0, 0, 0, 1]])
STEP = 1.5
"""Metres the vehicle moves forward from frame to frame."""

ROAD, CAR, BUILDING, UNLISTED = 40, 10, 50, 123


@dataclass(frozen=True)
class SmallDrive:
    """Where it lies and how long it is."""

    root: Path
    frames: int
    points: int


def scan(index: int, points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """(N, 4) float32 x, y, z, intensity and (N,) uint32 labels of one frame; the world stands still."""
    rng = np.random.default_rng(5)
    floor = np.stack([rng.uniform(-10, 30, points), rng.uniform(-8, 8, points), np.full(points, -1.7)], axis=1)
    wall = np.stack([np.full(points, 25.0), rng.uniform(-8, 8, points), rng.uniform(-1.7, 3, points)], axis=1)
    car = np.array([12, 2, -0.9]) + rng.uniform(-1, 1, (points // 4, 3))
    world = np.concatenate([floor, wall, car])
    labels = np.concatenate([
        np.full(points, ROAD), np.full(points, BUILDING), np.full(points // 4, CAR | 7 << 16)
    ]).astype("<u4")  # fmt: skip
    labels[0] = UNLISTED
    seen = np.concatenate([world - [STEP * index, 0, 0], rng.uniform(0, 1, (len(world), 1))], axis=1)
    return seen.astype("<f4"), labels


def image(index: int) -> np.ndarray:
    """(40, 80, 3) uint8: red counts columns, green rows, blue frames."""
    rows, columns = np.mgrid[0:40, 0:80]
    return np.stack([columns, rows, np.full_like(rows, index)], axis=2).astype(np.uint8)


def write_small_drive(
    root: Path, frames: int = 5, *, poses: bool = True, labels: bool = True, points: int = 400, first: int = 0
) -> SmallDrive:
    """Write frames ``first`` … ``frames`` − 1 and the text files for all of them."""
    folder = root / "sequences" / "00"
    for name in ("velodyne", "image_2", *(["labels"] if labels else [])):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for index in range(first, frames):
        cloud, ids = scan(index, points)
        cloud.tofile(folder / "velodyne" / f"{index:06d}.bin")
        if labels:
            ids.tofile(folder / "labels" / f"{index:06d}.label")
        Image.fromarray(image(index)).save(folder / "image_2" / f"{index:06d}.png")
    projection = np.hstack([INTRINSICS, np.zeros((3, 1))])
    tr = SENSOR_TO_CAMERA
    lines = [f"P2: {' '.join(map(str, projection.ravel()))}", f"Tr: {' '.join(map(str, tr[:3].ravel()))}"]
    (folder / "calib.txt").write_text("\n".join(lines) + "\n")
    (folder / "times.txt").write_text("".join(f"{0.1 * i}\n" for i in range(frames)))
    if poses:
        (folder / "poses.txt").write_text("".join(_pose_line(index) for index in range(frames)))
    return SmallDrive(root, frames, len(scan(0, points)[0]))


def _pose_line(index: int) -> str:
    """camera0_of_first_from_camera0 of a frame: forward motion is along the camera's z."""
    pose = np.eye(4)
    pose[2, 3] = STEP * index
    return " ".join(map(str, pose[:3].ravel())) + "\n"


def write_truth(drive: SmallDrive) -> None:
    """State of each point in the picture, as in demo drives: 0 outside, 1 seen, every tenth of these 2, hidden."""
    folder = drive.root / "sequences" / "00"
    (folder / "truth").mkdir(exist_ok=True)
    for index in range(drive.frames):
        points = scan(index, drive.points * 4 // 9)[0][:, :3]
        x, y, z = (np.hstack([points, np.ones((len(points), 1))]) @ SENSOR_TO_CAMERA.T)[:, :3].T
        with np.errstate(all="ignore"):
            u, v = 60 * x / z + 40, 60 * y / z + 20
            inside = (z > 0.1) & (u >= 0) & (u < IMAGE_SIZE[0]) & (v >= 0) & (v < IMAGE_SIZE[1])
        state = inside.astype(np.uint8)
        state[np.flatnonzero(inside)[::10]] = 2
        np.savez(folder / "truth" / f"{index:06d}.npz", visible=state)
