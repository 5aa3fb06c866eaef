"""KITTI 3D object detection: ``training`` and ``testing`` with one scan, picture, calibration and boxes a frame.

Geiger et al., "Are we ready for Autonomous Driving? The KITTI Vision Benchmark Suite", CVPR 2012.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.datasets._examples import write_kitti_object
from app.core.datasets._files import by_stem, holds, list_names, read_text, sample_of, stem
from app.core.datasets._images import IMAGE_SUFFIXES, image_size, truncation
from app.core.datasets._kitti import Calibration, check_scan, invert, read_scan
from app.core.datasets.base import DEFAULT_RATE, Dataset, OpenOptions, Reader, Sequence
from app.core.errors import DataError
from app.core.label_files import load_label_set
from app.core.types import Box, CameraView, Frame

_CAMERAS = ("image_0", "image_1", "image_2", "image_3")

# Object axes of KITTI's labels are x forward, y down, z right; ours are x forward, y left, z up.
_OBJECT_FROM_BOX = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


class KittiObjectSequence(Sequence):
    """One split. Its frames are single moments, not a drive: there are no poses and no times.

    Every frame has its own calibration and picture size. Boxes are turned from the rectified camera frame
    into the sensor frame; regions marked DontCare have no box and are counted in the notes.
    """

    has_labels = False

    def __init__(self, folder: Path, options: OpenOptions, only: str | None) -> None:
        """List the split. ``only`` keeps the one scan of that stem. ``DataError`` without scans."""
        self.name = folder.name
        self.folder = folder
        names = list_names(folder / "velodyne", (".bin",))
        self._scans = [stem(name) for name in names if only is None or stem(name) == only]
        if not self._scans:
            raise DataError(
                f"{folder / 'velodyne'} holds no .bin scans; they belong there as 000000.bin, 000001.bin …"
            )
        self._files = dict(zip((stem(name) for name in names), names, strict=True))
        unlisted: list[str] = []
        self._calibrations = by_stem(folder / "calib", (".txt",), unlisted)
        self._boxes = by_stem(folder / "label_2", (".txt",), unlisted)
        self._images = {name: by_stem(folder / name, IMAGE_SUFFIXES, unlisted) for name in _CAMERAS}
        self._images = {name: images for name, images in self._images.items() if images}
        self.camera_names = tuple(self._images) if self._calibrations else ()
        self.label_set = load_label_set(options.label_map) if options.label_map else None
        self.rate = options.rate or DEFAULT_RATE
        self.problems = (*unlisted, *self._find_problems())

    def __len__(self) -> int:
        return len(self._scans)

    @property
    def poses(self) -> None:
        """None: the frames of this benchmark are unrelated."""
        return None

    def read(self, index: int) -> Frame:
        """See :meth:`Sequence.read`."""
        self.check_index(index)
        scan = self._scans[index]
        points, intensity, found = read_scan(self.folder / "velodyne" / self._files[scan])
        notes = list(found)
        cameras: tuple[CameraView, ...] = ()
        boxes: tuple[Box, ...] = ()
        try:
            calibration = Calibration(self.folder / "calib" / f"{scan}.txt")
            rectified_from_sensor = calibration.rotation("R0_rect") @ calibration.transform("Tr_velo_to_cam")
        except DataError as error:
            notes.append(f"{error} The frame has no cameras and no boxes.")
        else:
            cameras = self._views(scan, calibration, rectified_from_sensor, notes)
            boxes = self._read_boxes(scan, invert(rectified_from_sensor), notes)
        return Frame(
            index=index,
            name=scan,
            points=points,
            intensity=intensity,
            cameras=cameras,
            boxes=boxes,
            notes=tuple(notes),
        )

    def check_files(self, index: int) -> tuple[str, ...]:
        """See :meth:`Sequence.check_files`."""
        scan = self._scans[index]
        _, found = check_scan(self.folder / "velodyne" / self._files[scan])
        for camera, images in self._images.items():
            problem = truncation(self.folder / camera / images[scan]) if scan in images else None
            found += [problem] if problem else []
        return tuple(found)

    def _find_problems(self) -> tuple[str, ...]:
        folders = {"calib": self._calibrations, **self._images}
        if self._boxes:
            folders["label_2"] = self._boxes
        problems = [] if self._boxes else [f"{self.folder} has no label_2, so there are no boxes."]
        if not self._images:
            problems.append(f"{self.folder} has no camera pictures (image_2, image_3).")
        for name, files in folders.items():
            missing = [scan for scan in self._scans if scan not in files]
            if missing:
                count = f"{len(missing)} of {len(self)} scans"
                problems.append(f"{self.folder / name} has no file for {count} ({sample_of(missing)}).")
        return tuple(problems)

    def _views(
        self, scan: str, calibration: Calibration, rectified_from_sensor: np.ndarray, notes: list[str]
    ) -> tuple[CameraView, ...]:
        views = []
        for name, images in self._images.items():
            if scan not in images:
                notes.append(f"{name} has no picture for {scan}.")
                continue
            path = self.folder / name / images[scan]
            try:
                intrinsics, camera_from_rectified = calibration.projection(f"P{name[-1]}")
                size = image_size(path)
            except DataError as error:
                notes.append(f"{error} {name} is left out.")
                continue
            views.append(CameraView(name, size, camera_from_rectified @ rectified_from_sensor, intrinsics, path))
        return tuple(views)

    def _read_boxes(self, scan: str, sensor_from_camera: np.ndarray, notes: list[str]) -> tuple[Box, ...]:
        if scan not in self._boxes:
            return ()
        path = self.folder / "label_2" / self._boxes[scan]
        try:
            lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
        except DataError as error:
            notes.append(str(error))
            return ()
        skipped = sum(fields[0] == "DontCare" for fields in lines)
        if skipped:
            notes.append(f"{path} marks {skipped} regions as DontCare; they have no box.")
        boxes = []
        for number, fields in enumerate(lines, 1):
            if fields[0] == "DontCare":
                continue
            box = parse_box(fields, sensor_from_camera)
            if box is None:
                notes.append(
                    f"{path}: line {number} is no box (a class and 14 or 15 finite numbers) and is left out."
                )
            else:
                boxes.append(box)
        return tuple(boxes)


def parse_box(fields: list[str], sensor_from_camera: np.ndarray) -> Box | None:
    """A line of ``label_2`` as a box in the sensor frame; None where it is none.

    Fields: class, truncation, occlusion, alpha, 4 picture coordinates, height, width, length, the bottom centre
    x y z in the rectified camera frame, rotation about the camera's y axis, and perhaps a score.
    """
    try:
        values = np.array(fields[1:], np.float64)
    except ValueError:
        return None
    if len(values) not in (14, 15) or not np.isfinite(values).all() or min(values[7:10]) <= 0:
        return None
    height, width, length, x, y, z, angle = values[7:14]
    center = sensor_from_camera @ np.array([x, y - height / 2, z, 1.0])
    cos, sin = np.cos(angle), np.sin(angle)
    camera_from_object = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    rotation = sensor_from_camera[:3, :3] @ camera_from_object @ _OBJECT_FROM_BOX
    return Box(center[:3], (float(length), float(width), float(height)), rotation, fields[0])


def _split_folders(path: Path) -> list[Path]:
    """The split folders that a path means; empty where it is none of this layout."""
    if path.is_file():
        path = path.parent if path.suffix == ".bin" else path / "none"
    if path.name == "velodyne":
        path = path.parent
    if _is_split(path):
        return [path]
    return [path / name for name in ("training", "testing") if _is_split(path / name)]


def _is_split(folder: Path) -> bool:
    """A calibration a frame or 2D/3D boxes tell this benchmark from an odometry sequence."""
    if not (folder / "velodyne").is_dir():
        return False
    return (folder / "calib").is_dir() or (folder / "label_2").is_dir() or folder.name in ("training", "testing")


class KittiObjectReader(Reader):
    """Opens the benchmark's root, one split, its ``velodyne`` folder or one scan in it."""

    format = "kitti-object"
    title = "KITTI 3D object"

    def score(self, path: Path) -> int:
        """90 for this layout with scans, 11 without."""
        folders = _split_folders(path)
        if any(holds(folder / "velodyne", (".bin",)) for folder in folders):
            return 90
        return 11 if folders else 0

    def open(self, path: Path, options: OpenOptions) -> Dataset:
        """See :meth:`Reader.open`. Splits without scans are named in ``Dataset.problems``."""
        only = stem(path.name) if path.is_file() else None
        sequences, problems = [], []
        for folder in _split_folders(path):
            try:
                sequences.append(KittiObjectSequence(folder, options, only))
            except DataError as error:
                problems.append(str(error))
        if not sequences:
            raise DataError(" ".join(problems) or f"{path} holds no split with a velodyne folder.")
        return Dataset(self.format, self.title, path, tuple(sequences), tuple(problems))

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`."""
        return write_kitti_object(folder)


ENTRY = KittiObjectReader()
