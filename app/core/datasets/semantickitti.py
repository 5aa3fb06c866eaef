"""SemanticKITTI and KITTI odometry: ``sequences/NN/{velodyne,labels,image_2,calib.txt,poses.txt,…}``.

Behley et al., "SemanticKITTI: A Dataset for Semantic Scene Understanding of LiDAR Sequences", ICCV 2019.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from app.core.datasets._examples import write_semantickitti
from app.core.datasets._files import holds, list_folders, stem
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
from app.core.datasets._scans import ScanSequence
from app.core.datasets._truth import read_truth
from app.core.datasets.base import Dataset, OpenOptions, Reader
from app.core.errors import DataError
from app.core.label_files import load_label_set
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import LabelSet
from app.core.types import Frame

_CAMERAS = ("image_0", "image_1", "image_2", "image_3")


class SemanticKittiSequence(ScanSequence):
    """One ``sequences/NN`` folder.

    Poses are stated for camera 0 and are turned into sensor poses, as SemanticKITTI does:
    ``world_from_sensor = inv(Tr) @ pose @ Tr``; the world is the sensor frame of row 0.
    """

    def __init__(self, folder: Path, options: OpenOptions, label_set: LabelSet, only: str | None) -> None:
        """List the folder. ``only`` keeps the one scan of that stem. ``DataError`` without scans."""
        super().__init__(folder.name, folder, folder / "velodyne", options, label_set, only)
        self._labels = self._files(folder / "labels", (".label",))
        self._predictions = self._files(folder / "predictions", (".label",))
        self._truth = self._files(folder / "truth", (".npz",))
        self._images = {name: self._files(folder / name, IMAGE_SUFFIXES) for name in _CAMERAS}
        self.has_labels = any(scan in self._labels for scan in self._scans)

    def read(self, index: int) -> Frame:
        """See :meth:`Sequence.read`. ``extra`` holds ``prediction`` and ``truth_…`` where there are such files.

        The scans do not say which beam a point is of; a truth file's ``ring`` does.
        """
        self.check_index(index)
        scan = self._scans[index]
        points, intensity, found = read_scan(self._paths[index])
        notes = list(found)
        labels, instances = self._read_labels("labels", self._labels, scan, len(points), notes)
        extra = self._extra(scan, len(points), notes)
        return Frame(
            index=index,
            name=scan,
            points=points,
            intensity=intensity,
            ring=extra.pop("truth_ring", None),
            labels=labels,
            instances=instances,
            extra=extra,
            world_from_sensor=self._pose(index),
            timestamp=self._time(index),
            cameras=self._views(scan, notes),
            notes=tuple(notes),
        )

    def check_files(self, index: int) -> tuple[str, ...]:
        """See :meth:`Sequence.check_files`."""
        found = list(super().check_files(index))
        scan = self._scans[index]
        count, _ = check_scan(self._paths[index])
        for folder, files in (("labels", self._labels), ("predictions", self._predictions)):
            if count is not None and scan in files:
                found += check_labels(f"{self.folder}/{folder}/{files[scan]}", count)
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

    @cached_property
    def problems(self) -> tuple[str, ...]:  # type: ignore[override]  # found when first asked for
        """See :attr:`Sequence.problems`."""
        found = [*self._unlisted, self._calibration[1], *self._rig[1], self._posed[1], self._timed[1]]
        found.append(self._absent(self.folder / "labels", self._labels))
        if self._predictions:
            found.append(self._absent(self.folder / "predictions", self._predictions))
        folders = {name: images for name, images in self._images.items() if images}
        if not folders:
            found.append(f"{self.folder} has no camera pictures (image_2, image_3).")
        found.extend(self._absent(self.folder / name, images) for name, images in folders.items())
        return tuple(sentence for sentence in found if sentence)

    @cached_property
    def _calibration(self) -> tuple[Calibration | None, str | None]:
        try:
            return Calibration(self.folder / "calib.txt"), None
        except DataError as error:
            return None, f"{error} Without it there are no cameras and no poses."

    @cached_property
    def _rig(self) -> tuple[list[CameraFolder], list[str]]:
        calibration = self._calibration[0]
        cameras: list[CameraFolder] = []
        problems: list[str] = []
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
    def _posed(self) -> tuple[np.ndarray | None, str | None]:
        calibration = self._calibration[0]
        if calibration is None:
            return None, None
        path = self.folder / "poses.txt"
        beside = self.folder.parent.parent / "poses" / f"{self.name}.txt"  # KITTI odometry keeps them there
        if not path.exists() and beside.exists():
            path = beside
        try:
            camera_from_sensor = calibration.transform("Tr")
            poses, problem = read_poses(path)
        except DataError as error:
            return None, f"{error} The frames have no poses."
        problem = problem or self._too_few(path, len(poses), "poses")
        return self._of_scans(invert(camera_from_sensor) @ poses @ camera_from_sensor), problem

    @cached_property
    def _timed(self) -> tuple[np.ndarray, str | None]:
        path = self.folder / "times.txt"
        try:
            rows, problem = read_table(path, 1, "seconds")
        except DataError as error:
            return np.zeros(0), f"{error} Sweeps play at {self._fallback_rate:g} a second."
        return self._of_scans(rows[:, 0]), problem or self._too_few(path, len(rows), "times")


def _sequence_folders(path: Path) -> list[Path]:
    """The sequence folders that a path means; empty where it is none of this layout."""
    if path.is_file():
        return [path.parent.parent] if path.suffix == ".bin" and path.parent.name == "velodyne" else []
    if path.name == "velodyne":
        return [path.parent]
    if (path / "velodyne").is_dir():
        return [path]
    for base in (path / "sequences", path / "dataset" / "sequences"):
        if base.is_dir():
            return _with_scans(base, list_folders(base))
    names = list_folders(path)
    return _with_scans(path, names if path.name == "sequences" else [n for n in names if n.isdecimal()])


def _with_scans(base: Path, names: list[str]) -> list[Path]:
    return [base / name for name in names if (base / name / "velodyne").is_dir()]


class SemanticKittiReader(Reader):
    """Opens a data-set root, ``sequences``, one sequence, its ``velodyne`` folder or one scan in it."""

    format = "semantickitti"
    title = "SemanticKITTI / KITTI odometry"

    def score(self, path: Path) -> int:
        """80 for this layout with scans, 10 without; KITTI object's folders, which look alike, are surer."""
        folders = _sequence_folders(path)
        if any(holds(folder / "velodyne", (".bin",)) for folder in folders):
            return 80
        return 10 if folders else 0

    def open(self, path: Path, options: OpenOptions) -> Dataset:
        """See :meth:`Reader.open`. Sequences without scans are named in ``Dataset.problems``."""
        label_set = load_label_set(options.label_map) if options.label_map else SEMANTIC_KITTI
        only = stem(path.name) if path.is_file() else None
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
