"""KITTI raw recordings: a drive folder ``YYYY_MM_DD_drive_NNNN_sync`` beside the date's calibration files.

Geiger et al., "Vision meets Robotics: The KITTI Dataset", IJRR 2013.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import numpy as np

from app.core.datasets._examples import write_kitti_raw
from app.core.datasets._files import holds, list_folders, read_text, stem
from app.core.datasets._images import IMAGE_SUFFIXES
from app.core.datasets._kitti import Calibration, CameraFolder, invert, read_scan
from app.core.datasets._oxts import read_packet, world_from_imu
from app.core.datasets._scans import ScanSequence
from app.core.datasets.base import Dataset, OpenOptions, Reader
from app.core.errors import DataError
from app.core.label_files import load_label_set
from app.core.types import Frame

_CAMERAS = ("image_00", "image_01", "image_02", "image_03")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?")
_DATE = re.compile(r"\d{4}_\d{2}_\d{2}")


class KittiRawSequence(ScanSequence):
    """One drive.

    Poses come from the GPS/IMU packets; the world is the IMU frame of the first scan's packet, so z is up and
    x is forward there. Cameras are the rectified ones.
    """

    def __init__(self, folder: Path, options: OpenOptions, only: str | None) -> None:
        """List the drive. ``only`` keeps the one scan of that stem. ``DataError`` without scans."""
        label_set = load_label_set(options.label_map) if options.label_map else None
        super().__init__(folder.name, folder, folder / "velodyne_points" / "data", options, label_set, only)
        self._images = {name: self._files(folder / name / "data", IMAGE_SUFFIXES) for name in _CAMERAS}
        self._packets = self._files(folder / "oxts" / "data", (".txt",))

    def read(self, index: int) -> Frame:
        """See :meth:`Sequence.read`."""
        self.check_index(index)
        points, intensity, found = read_scan(self._paths[index])
        notes = list(found)
        return Frame(
            index=index,
            name=self._scans[index],
            points=points,
            intensity=intensity,
            world_from_sensor=self._pose(index),
            timestamp=self._time(index),
            cameras=self._views(self._scans[index], notes),
            notes=tuple(notes),
        )

    @cached_property
    def problems(self) -> tuple[str, ...]:  # type: ignore[override]  # found when first asked for
        """See :attr:`Sequence.problems`."""
        found = [*self._unlisted, *self._rig[1], self._posed[1], self._timed[1]]
        folders = {name: images for name, images in self._images.items() if images}
        if not folders:
            found.append(f"{self.folder} has no camera pictures (image_02, image_03).")
        found.extend(self._absent(self.folder / name / "data", images) for name, images in folders.items())
        return tuple(sentence for sentence in found if sentence)

    @cached_property
    def _rig(self) -> tuple[list[CameraFolder], list[str]]:
        if not any(self._images.values()):
            return [], []
        date = self.folder.parent
        try:
            cameras = Calibration(date / "calib_cam_to_cam.txt")
            rectified_from_sensor = cameras.rotation("R_rect_00") @ _velodyne_to_camera(date)
        except DataError as error:
            return [], [f"{error} The cameras are left out."]
        rig, problems = [], []
        for name, images in self._images.items():
            if not images:
                continue
            try:
                intrinsics, camera_from_rectified = cameras.projection(f"P_rect_{name[-2:]}")
                size = _stated_size(cameras, f"S_rect_{name[-2:]}")
            except DataError as error:
                problems.append(f"{error} {name} is left out.")
                continue
            transform = camera_from_rectified @ rectified_from_sensor
            rig.append(CameraFolder(name, self.folder / name / "data", images, intrinsics, transform, size))
        return rig, problems

    @cached_property
    def _posed(self) -> tuple[np.ndarray | None, str | None]:
        folder = self.folder / "oxts" / "data"
        if not self._packets:
            return None, f"{self.folder} has no oxts packets, so the frames have no poses."
        try:
            imu_to_velodyne = Calibration(self.folder.parent / "calib_imu_to_velo.txt")
            imu_from_sensor = invert(imu_to_velodyne.rotation_translation("R", "T"))
        except DataError as error:
            return None, f"{error} The frames have no poses."
        packets: list[np.ndarray] = []
        for scan in self._scans:
            if scan not in self._packets:
                problem: str | None = f"{folder} has no packet {scan}.txt; poses end there."
                break
            try:
                packets.append(read_packet(folder / self._packets[scan]))
            except DataError as error:
                problem = f"{error} Poses end there."
                break
        else:
            problem = None
        if not packets:
            return None, problem
        return world_from_imu(np.array(packets)) @ imu_from_sensor, problem

    @cached_property
    def _timed(self) -> tuple[np.ndarray, str | None]:
        path = self.folder / "velodyne_points" / "timestamps.txt"
        try:
            lines = read_text(path).split("\n")
        except DataError as error:
            return np.zeros(0), f"{error} Sweeps play at {self._fallback_rate:g} a second."
        times, problem = _seconds([line.strip() for line in lines if line.strip()], path)
        return self._of_scans(times), problem or self._too_few(path, len(times), "times")


def _velodyne_to_camera(date: Path) -> np.ndarray:
    return Calibration(date / "calib_velo_to_cam.txt").rotation_translation("R", "T")


def _stated_size(cameras: Calibration, key: str) -> tuple[int, int] | None:
    """The size a calibration states for a rectified picture; None where it does not."""
    if key not in cameras:
        return None
    width, height = cameras.numbers(key, 2)
    return (int(width), int(height)) if min(width, height) >= 1 else None


def _seconds(lines: list[str], path: Path) -> tuple[np.ndarray, str | None]:
    """Times of day as seconds since the first line, up to the first bad line, and a problem or None."""
    stamps: list[np.datetime64] = []
    problem = None
    for line in lines:
        try:
            if not _TIME.fullmatch(line):
                raise ValueError
            stamps.append(np.datetime64(line.replace(" ", "T"), "ns"))
        except ValueError:  # also a day or an hour that no calendar has
            problem = f"{path}: line {len(stamps) + 1} is no time like '2011-09-26 13:02:25.964389445'."
            break
    if not stamps:
        return np.zeros(0), problem or f"{path} holds no times."
    array = np.array(stamps, "datetime64[ns]")
    return (array - array[0]) / np.timedelta64(1, "s"), problem


def _drive_folders(path: Path) -> list[Path]:
    """The drive folders that a path means: a root of dates, a date, a drive, its scans or one scan."""
    if path.is_file():
        path = path.parent if path.suffix == ".bin" else path / "none"
    if path.name == "data" and path.parent.name == "velodyne_points":
        return [path.parent.parent]
    if path.name == "velodyne_points" and (path / "data").is_dir():
        return [path.parent]
    if (path / "velodyne_points" / "data").is_dir():
        return [path]
    if not path.is_dir():
        return []
    names = list_folders(path)
    dates = [path / name for name in names if _DATE.fullmatch(name)]
    within = [path / name for name in names] if not dates else [d / name for d in dates for name in list_folders(d)]
    return [folder for folder in within if "_drive_" in folder.name and (folder / "velodyne_points/data").is_dir()]


class KittiRawReader(Reader):
    """Opens a folder of dates, a date, a drive, its ``velodyne_points`` or one scan."""

    format = "kitti-raw"
    title = "KITTI raw"

    def score(self, path: Path) -> int:
        """90 for this layout with scans, 10 without."""
        folders = _drive_folders(path)
        if any(holds(folder / "velodyne_points" / "data", (".bin",)) for folder in folders):
            return 90
        return 10 if folders else 0

    def open(self, path: Path, options: OpenOptions) -> Dataset:
        """See :meth:`Reader.open`. Drives without scans are named in ``Dataset.problems``."""
        only = stem(path.name) if path.is_file() else None
        sequences, problems = [], []
        for folder in _drive_folders(path):
            try:
                sequences.append(KittiRawSequence(folder, options, only))
            except DataError as error:
                problems.append(str(error))
        if not sequences:
            raise DataError(" ".join(problems) or f"{path} holds no drive with velodyne_points/data.")
        return Dataset(self.format, self.title, path, tuple(sequences), tuple(problems))

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`."""
        return write_kitti_raw(folder)


ENTRY = KittiRawReader()
