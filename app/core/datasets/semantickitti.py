"""SemanticKITTI and KITTI odometry: ``sequences/NN/{velodyne,labels,image_2,calib.txt,poses.txt,…}``.

Behley et al., "SemanticKITTI: A Dataset for Semantic Scene Understanding of LiDAR Sequences", ICCV 2019.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from app.core.datasets._examples import write_semantickitti
from app.core.datasets._files import by_stem, list_folders, list_names, sample_of, stem
from app.core.datasets._images import IMAGE_SUFFIXES
from app.core.datasets._kitti import (
    Calibration,
    CameraFolder,
    check_labels,
    check_scan,
    invert,
    read_labels,
    read_poses,
    read_scan,
    read_table,
)
from app.core.datasets._truth import read_truth
from app.core.datasets.base import DEFAULT_RATE, Dataset, OpenOptions, Reader, Sequence
from app.core.errors import DataError
from app.core.label_files import load_label_set
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import LabelSet
from app.core.types import CameraView, Frame

_CAMERAS = ("image_0", "image_1", "image_2", "image_3")


class SemanticKittiSequence(Sequence):
    """One ``sequences/NN`` folder.

    A scan's file number is its row in ``poses.txt`` and ``times.txt``, so a folder that holds a part of a
    drive keeps the right poses. Poses are stated for camera 0 and are turned into sensor poses:
    ``world_from_sensor = inv(Tr) @ pose @ Tr``, the world being the sensor frame of row 0.
    """

    def __init__(self, folder: Path, options: OpenOptions, label_set: LabelSet, only: str | None) -> None:
        """List the folder. ``only`` keeps the one scan of that stem. ``DataError`` without scans."""
        self.folder = folder
        self.name = folder.name
        self.label_set = label_set
        names = list_names(folder / "velodyne", (".bin",))
        if only is not None:
            names = [name for name in names if stem(name) == only]
        if not names:
            raise DataError(
                f"{folder / 'velodyne'} holds no .bin scans; they belong there as 000000.bin, 000001.bin …"
            )
        self._scans = [stem(name) for name in names]
        self._paths = [f"{folder}/velodyne/{name}" for name in names]
        self._labels = by_stem(folder / "labels", (".label",))
        self._predictions = by_stem(folder / "predictions", (".label",))
        self._truth = by_stem(folder / "truth", (".npz",))
        self._images = {name: by_stem(folder / name, IMAGE_SUFFIXES) for name in _CAMERAS}
        self._stated_rate = options.rate
        numbered = all(scan.isdecimal() for scan in self._scans)
        self._rows = [int(scan) if numbered else i for i, scan in enumerate(self._scans)]
        self.has_labels = any(scan in self._labels for scan in self._scans)

    def __len__(self) -> int:
        return len(self._scans)

    def read(self, index: int) -> Frame:
        """See :meth:`Sequence.read`. ``extra`` holds ``prediction`` and ``truth_…`` where there are such files."""
        self.check_index(index)
        scan = self._scans[index]
        points, intensity, found = read_scan(self._paths[index])
        notes = list(found)
        labels, instances = self._read_labels("labels", self._labels, scan, len(points), notes)
        poses, times, row = self._sensor_poses[0], self._times[0], self._rows[index]
        return Frame(
            index=index,
            name=scan,
            points=points,
            intensity=intensity,
            labels=labels,
            instances=instances,
            extra=self._extra(scan, len(points), notes),
            world_from_sensor=poses[row] if poses is not None and row < len(poses) else None,
            timestamp=float(times[row]) if row < len(times) else None,
            cameras=self._views(scan, notes),
            notes=tuple(notes),
        )

    def check_files(self, index: int) -> tuple[str, ...]:
        """See :meth:`Sequence.check_files`."""
        scan = self._scans[index]
        count, found = check_scan(self._paths[index])
        for folder, files in (("labels", self._labels), ("predictions", self._predictions)):
            if count is not None and scan in files:
                found += check_labels(f"{self.folder}/{folder}/{files[scan]}", count)
        for camera in self._cameras:
            found += camera.check(scan)
        return tuple(found)

    def _read_labels(
        self, folder: str, files: dict[str, str], scan: str, count: int, notes: list[str]
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        name = files.get(scan)
        if name is None:
            if files:
                notes.append(f"{self.folder / folder} has no file for {scan}.")
            return None, None
        try:
            return read_labels(f"{self.folder}/{folder}/{name}", count)
        except DataError as error:
            notes.append(str(error))
            return None, None

    def _extra(self, scan: str, count: int, notes: list[str]) -> dict[str, np.ndarray]:
        extra: dict[str, np.ndarray] = {}
        if self._predictions:
            predicted, _ = self._read_labels("predictions", self._predictions, scan, count, notes)
            if predicted is not None:
                extra["prediction"] = predicted
        if scan in self._truth:
            columns, problems = read_truth(self.folder / "truth" / self._truth[scan], count)
            extra.update(columns)
            notes.extend(problems)
        return extra

    def _views(self, scan: str, notes: list[str]) -> tuple[CameraView, ...]:
        views = []
        for camera in self._cameras:
            view, note = camera.view(scan)
            if view is not None:
                views.append(view)
            if note is not None:
                notes.append(note)
        return tuple(views)

    @property
    def camera_names(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return tuple(camera.name for camera in self._cameras)

    @property
    def poses(self) -> np.ndarray | None:
        poses = self._sensor_poses[0]
        if poses is None:
            return None
        rows = [row for row in self._rows if row < len(poses)]
        return poses[rows] if rows else None

    @property
    def times(self) -> np.ndarray | None:
        times = self._times[0]
        rows = [row for row in self._rows if row < len(times)]
        return times[rows] if rows else None

    @cached_property
    def rate(self) -> float:  # type: ignore[override]  # found when first asked for
        times = self._times[0]
        steps = np.diff(times)
        if len(steps) and np.median(steps) > 0:
            return float(1 / np.median(steps))
        return self._stated_rate or DEFAULT_RATE

    @cached_property
    def problems(self) -> tuple[str, ...]:  # type: ignore[override]  # found when first asked for
        found = [self._calibration[1], *self._cameras_and_problems[1], self._sensor_poses[1], self._times[1]]
        found.append(self._absent("labels", self._labels))
        if self._predictions:
            found.append(self._absent("predictions", self._predictions))
        folders = {name: images for name, images in self._images.items() if images}
        if not folders:
            found.append(f"{self.folder} has no camera pictures (image_2, image_3).")
        found.extend(self._absent(name, images) for name, images in folders.items())
        return tuple(sentence for sentence in found if sentence)

    def _absent(self, folder: str, files: dict[str, str]) -> str | None:
        """One sentence about the scans that have no file in a folder; None if all have."""
        if not files:
            return f"{self.folder} has no {folder}."
        missing = [scan for scan in self._scans if scan not in files]
        if not missing:
            return None
        return f"{self.folder / folder} has no file for {len(missing)} of {len(self)} scans ({sample_of(missing)})."

    @cached_property
    def _calibration(self) -> tuple[Calibration | None, str | None]:
        try:
            return Calibration(self.folder / "calib.txt"), None
        except DataError as error:
            return None, f"{error} Without it there are no cameras and no poses."

    @cached_property
    def _cameras(self) -> list[CameraFolder]:
        return self._cameras_and_problems[0]

    @cached_property
    def _cameras_and_problems(self) -> tuple[list[CameraFolder], list[str]]:
        calibration, cameras, problems = self._calibration[0], [], []
        for name, images in self._images.items():
            if not images or calibration is None:
                continue
            try:
                intrinsics, camera_from_rectified = calibration.projection(f"P{name[-1]}")
                camera_from_sensor = camera_from_rectified @ calibration.transform("Tr")
            except DataError as error:
                problems.append(f"{error} {name} is left out.")
                continue
            cameras.append(CameraFolder(name, self.folder / name, images, intrinsics, camera_from_sensor))
        return cameras, problems

    @cached_property
    def _sensor_poses(self) -> tuple[np.ndarray | None, str | None]:
        calibration = self._calibration[0]
        path = self.folder / "poses.txt"
        beside = self.folder.parent.parent / "poses" / f"{self.name}.txt"  # KITTI odometry keeps them there
        if not path.exists() and beside.exists():
            path = beside
        if calibration is None:
            return None, None
        try:
            sensor_to_camera = calibration.transform("Tr")
            poses, problem = read_poses(path)
        except DataError as error:
            return None, f"{error} The frames have no poses."
        if problem is None and max(self._rows) >= len(poses):
            problem = f"{path} has {len(poses)} poses but scan {self._scans[-1]} needs row {max(self._rows) + 1}."
        return invert(sensor_to_camera) @ poses @ sensor_to_camera, problem

    @cached_property
    def _times(self) -> tuple[np.ndarray, str | None]:
        path = self.folder / "times.txt"
        if not path.exists():
            return np.zeros(0), f"{path} is missing; sweeps play at {self._stated_rate or DEFAULT_RATE:g} a second."
        try:
            rows, problem = read_table(path, 1, "seconds")
        except DataError as error:
            return np.zeros(0), str(error)
        if problem is None and max(self._rows) >= len(rows):
            problem = f"{path} has {len(rows)} times but scan {self._scans[-1]} needs row {max(self._rows) + 1}."
        return rows[:, 0], problem


def _sequence_folders(path: Path) -> list[Path]:
    """The sequence folders that a path means; empty where it is none of this layout."""
    if path.is_file():
        return [path.parent.parent] if path.suffix == ".bin" and path.parent.name == "velodyne" else []
    if path.name == "velodyne":
        return [path.parent]
    if (path / "velodyne").is_dir():
        return [path]
    for base in (path / "sequences", path / "dataset" / "sequences", path):
        if base.is_dir() and (base.name == "sequences" or base == path):
            named = [n for n in list_folders(base) if base.name == "sequences" or n.isdecimal()]
            found = [base / name for name in named if (base / name / "velodyne").is_dir()]
            if found:
                return found
    return []


class SemanticKittiReader(Reader):
    """Opens a data-set root, ``sequences``, one sequence, its ``velodyne`` folder or one scan in it."""

    format = "semantickitti"
    title = "SemanticKITTI / KITTI odometry"

    def recognise(self, path: Path) -> int:
        """80 for this layout; KITTI object's folders, which look alike, are surer of themselves."""
        try:
            return 80 if _sequence_folders(path) else 0
        except (DataError, OSError):
            return 0

    def open(self, path: Path, options: OpenOptions) -> Dataset:
        """See :meth:`Reader.open`. Sequences without scans are named in ``Dataset.problems``."""
        only = stem(path.name) if path.is_file() else None
        label_set = load_label_set(options.label_map) if options.label_map else SEMANTIC_KITTI
        sequences, problems = [], []
        for folder in _sequence_folders(path):
            try:
                sequences.append(SemanticKittiSequence(folder, options, label_set, only))
            except DataError as error:
                problems.append(str(error))
        if not sequences:
            raise DataError(" ".join(problems) or f"{path} holds no sequence with a velodyne folder.")
        return Dataset(self.format, self.title, path, tuple(sequences), tuple(problems))

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`."""
        return write_semantickitti(folder)


ENTRY = SemanticKittiReader()
