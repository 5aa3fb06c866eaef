"""What the KITTI family shares: scans, calibration text, poses, label files and rectified cameras.

Geiger et al., "Vision meets Robotics: The KITTI Dataset", IJRR 2013; Behley et al., "SemanticKITTI", ICCV 2019.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import numpy as np

from app.core.datasets._files import explained, read_records, read_text
from app.core.datasets._images import image_size, truncation
from app.core.errors import DataError
from app.core.types import CameraView

_POINT = np.dtype("<f4")
_SCAN_RECORD = np.dtype("V16")
_LABEL = np.dtype("<u4")


def read_scan(path: Path | str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """One Velodyne scan: points (N, 3) and intensity (N,), float32 views into one buffer, and notes.

    Both are strided views of the (N, 4) record, which costs no copy. A scan of zero bytes is a frame of no
    points with a note. ``DataError`` where the file cannot be read or is no whole number of 16-byte points.
    """
    raw = read_records(path, _SCAN_RECORD, "a point: x, y, z, remission as float32").view(_POINT).reshape(-1, 4)
    notes = () if len(raw) else (f"{path} holds no points (zero bytes).",)
    return raw[:, :3], raw[:, 3], notes


def read_labels(path: Path | str, num_points: int) -> tuple[np.ndarray, np.ndarray]:
    """A ``.label`` file: (N,) uint16 raw semantic ids (low half) and (N,) uint32 instance ids (high half).

    ``DataError`` where it cannot be read or has another count than the scan.
    """
    raw = read_records(path, _LABEL, "a label as uint32")
    if len(raw) != num_points:
        raise DataError(_other_count(path, len(raw), num_points))
    return raw.view("<u2")[::2], raw >> 16


def check_scan(path: Path | str) -> tuple[int | None, list[str]]:
    """Points of a scan by its file's size (None if that cannot be told), and sentences about what is wrong."""
    try:
        with explained(path):
            size = os.stat(path).st_size  # noqa: PTH116 - paths are strings here, for speed
    except DataError as error:
        return None, [str(error)]
    if size % _SCAN_RECORD.itemsize:
        return None, [f"{path} has {size} bytes, which is no whole number of 16-byte points; it was cut short."]
    return size // _SCAN_RECORD.itemsize, [] if size else [f"{path} holds no points (zero bytes)."]


def _other_count(path: Path | str, count: float, num_points: int) -> str:
    return (
        f"{path} has {count:g} labels for a scan of {num_points} points; it belongs to another scan "
        "or was cut short, so the frame is shown without labels."
    )


def check_labels(path: Path | str, num_points: int) -> list[str]:
    """Sentences about a ``.label`` file whose size does not fit the scan."""
    try:
        with explained(path):
            size = os.stat(path).st_size  # noqa: PTH116
    except DataError as error:
        return [str(error)]
    if size == num_points * _LABEL.itemsize:
        return []
    return [_other_count(path, size / _LABEL.itemsize, num_points)]


class Calibration:
    """A KITTI calibration file: lines of ``KEY: numbers``."""

    def __init__(self, path: Path) -> None:
        """Read it. ``DataError`` where it is missing or unreadable."""
        self.path = path
        self._rows: dict[str, str] = {}
        for line in read_text(path).splitlines():
            key, colon, rest = line.partition(":")
            if colon:
                self._rows.setdefault(key.strip(), rest)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def numbers(self, key: str, count: int) -> np.ndarray:
        """(count,) float64 finite numbers of a key; ``DataError`` where they are not there."""
        if key not in self._rows:
            raise DataError(f"{self.path} has no line '{key}:'; {count} numbers were expected there.")
        fields = self._rows[key].split()
        try:
            values = np.array(fields, np.float64)
        except ValueError:
            raise DataError(f"{self.path} holds something that is no number after '{key}:'.") from None
        if len(values) != count or not np.isfinite(values).all():
            raise DataError(
                f"{self.path} has {len(values)} numbers after '{key}:' where {count} finite ones belong."
            )
        return values

    def transform(self, key: str) -> np.ndarray:
        """(4, 4) float64 rigid transform from the 12 numbers of a key; ``DataError`` if it is not rigid."""
        return self._rigid(self.numbers(key, 12).reshape(3, 4), key)

    def rotation_translation(self, rotation: str, translation: str) -> np.ndarray:
        """(4, 4) float64 rigid transform from a key of 9 and a key of 3 numbers."""
        columns = (self.numbers(rotation, 9).reshape(3, 3), self.numbers(translation, 3)[:, None])
        return self._rigid(np.hstack(columns), rotation)

    def rotation(self, key: str) -> np.ndarray:
        """(4, 4) float64 rotation from the 9 numbers of a key."""
        return self._rigid(np.hstack([self.numbers(key, 9).reshape(3, 3), np.zeros((3, 1))]), key)

    def projection(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Split a 3 × 4 projection into intrinsics (3, 3) and camera_from_rectified (4, 4).

        KITTI's matrices of rectified cameras are K [I | t] with the baseline in the last column.
        """
        matrix = self.numbers(key, 12).reshape(3, 4)
        intrinsics = matrix[:, :3]
        if abs(np.linalg.det(intrinsics)) < 1e-9 or abs(intrinsics[2, 2] - 1) > 1e-6:
            raise DataError(
                f"{self.path} has a singular camera matrix after '{key}:'; take the recording's own file."
            )
        camera_from_rectified = np.eye(4)
        camera_from_rectified[:3, 3] = np.linalg.solve(intrinsics, matrix[:, 3])
        return intrinsics, camera_from_rectified

    def _rigid(self, rows: np.ndarray, key: str) -> np.ndarray:
        if not is_rigid(rows[None, :, :3])[0]:
            raise DataError(
                f"{self.path} has a singular or distorted matrix after '{key}:' where a rotation belongs; "
                "take the recording's own file."
            )
        return np.vstack([rows, [0.0, 0.0, 0.0, 1.0]])


def is_rigid(rotations: np.ndarray) -> np.ndarray:
    """(M,) bool: which of (M, 3, 3) are rotations within 1 %, finite and right-handed."""
    with np.errstate(all="ignore"):
        error = np.abs(rotations @ rotations.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2))
        return (error < 0.01) & (np.linalg.det(rotations) > 0)


def invert(transform: np.ndarray) -> np.ndarray:
    """Inverse of a rigid (4, 4) transform."""
    inverse = np.eye(4)
    inverse[:3, :3] = transform[:3, :3].T
    inverse[:3, 3] = -transform[:3, :3].T @ transform[:3, 3]
    return inverse


def read_table(path: Path, columns: int, what: str) -> tuple[np.ndarray, str | None]:
    """The rows of a text file of numbers up to the first bad one, (M, columns) float64, and a problem or None.

    ``DataError`` where the file cannot be read.
    """
    lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    good = next((i for i, fields in enumerate(lines) if len(fields) != columns), len(lines))
    values, problem = _numbers(lines[:good], columns)
    if problem is None and good < len(lines):
        problem = f"has {len(lines[good])} fields"
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        values, problem = values[: int(np.argmin(finite))], "is not finite"
    if problem is None:
        return values, None
    return values, (
        f"{path}: row {len(values) + 1} {problem}, {columns} numbers were expected ({what}); "
        "it is used up to there only."
    )


def _numbers(rows: list[list[str]], columns: int) -> tuple[np.ndarray, str | None]:
    try:
        return np.array(rows, np.float64).reshape(-1, columns), None
    except ValueError:
        for i, fields in enumerate(rows):
            try:
                np.array(fields, np.float64)
            except ValueError:
                return np.array(rows[:i], np.float64).reshape(-1, columns), "holds something that is no number"
        raise


def read_poses(path: Path) -> tuple[np.ndarray, str | None]:
    """(M, 4, 4) float64 poses of a file with 12 numbers a line (row-major 3 × 4), and a problem or None.

    Poses end at the first line that is no rigid transform. ``DataError`` where the file cannot be read.
    """
    rows, problem = read_table(path, 12, "a 3 × 4 matrix")
    poses = np.zeros((len(rows), 4, 4))
    poses[:, :3] = rows.reshape(-1, 3, 4)
    poses[:, 3, 3] = 1.0
    rigid = is_rigid(poses[:, :3, :3])
    if not rigid.all():
        first = int(np.argmin(rigid))
        poses = poses[:first]
        problem = (
            f"{path}: row {first + 1} is no rigid transform (singular or distorted); poses are used up to there."
        )
    return poses, problem


class CameraFolder:
    """A rectified camera whose pictures lie in a folder under the scans' own names.

    ``images`` maps the stem of a scan to the picture's file name. The size comes from the header of the
    first picture that has one, when it is first asked for, or is ``stated_size`` where none has.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        images: dict[str, str],
        intrinsics: np.ndarray,
        camera_from_sensor: np.ndarray,
        stated_size: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.images = images
        self.intrinsics = intrinsics
        self.camera_from_sensor = camera_from_sensor
        self._stated_size = stated_size

    @cached_property
    def size(self) -> tuple[int, int] | None:
        """(width, height); what the calibration states, or None, where no picture has a readable header."""
        for name in self.images.values():
            try:
                return image_size(self.folder / name)
            except DataError:
                continue
        return self._stated_size

    def view(self, scan: str) -> tuple[CameraView | None, str | None]:
        """The camera for the scan of that stem, and a note where something about its picture is wrong."""
        if self.size is None:
            return None, f"No picture in {self.folder} has a readable header, so {self.name} is left out."
        name = self.images.get(scan)
        note = None if name else f"{self.name} has no picture for {scan}."
        path = self.folder / name if name else None
        return CameraView(self.name, self.size, self.camera_from_sensor, self.intrinsics, path), note

    def check(self, scan: str) -> list[str]:
        """A sentence if the scan's picture is there but not whole."""
        name = self.images.get(scan)
        problem = truncation(self.folder / name) if name else None
        return [problem] if problem else []
