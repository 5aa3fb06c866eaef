"""A sequence of Velodyne scans in one folder with what KITTI's layouts put beside it, found when asked for."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path

import numpy as np

from app.core.datasets._files import by_stem, list_names, sample_of, stem
from app.core.datasets._kitti import CameraFolder, check_scan
from app.core.datasets.base import DEFAULT_RATE, OpenOptions, Sequence
from app.core.errors import DataError
from app.core.labels import LabelSet
from app.core.types import CameraView


class ScanSequence(Sequence):
    """Scans of one folder in natural order.

    A scan's file number is its row in the files of poses and times, so a folder that holds a part of a drive
    keeps the right ones; scans whose names are no numbers are counted in their order.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        scans: Path,
        options: OpenOptions,
        label_set: LabelSet | None,
        only: str | None,
    ) -> None:
        """List ``scans``. ``only`` keeps the one scan of that stem. ``DataError`` where there is none."""
        self.name = name
        self.folder = folder
        self.label_set = label_set
        names = list_names(scans, (".bin",))
        if only is not None:
            names = [found for found in names if stem(found) == only]
        if not names:
            raise DataError(f"{scans} holds no .bin scans; they belong there as 000000.bin, 000001.bin …")
        self._scans = [stem(found) for found in names]
        self._paths = [f"{scans}/{found}" for found in names]
        self._stated_rate = options.rate
        numbered = all(scan.isdecimal() for scan in self._scans)
        self._rows = [int(scan) if numbered else i for i, scan in enumerate(self._scans)]
        self.has_labels = False
        self._unlisted: list[str] = []

    @property
    @abstractmethod
    def _posed(self) -> tuple[np.ndarray | None, str | None]:
        """(M, 4, 4) ``world_from_sensor`` of the first M scans or None, and a problem. Cached by the subclass."""

    @property
    @abstractmethod
    def _timed(self) -> tuple[np.ndarray, str | None]:
        """(M,) float64 seconds of the first M scans, and a problem or None. Cached by the subclass."""

    @property
    @abstractmethod
    def _rig(self) -> tuple[list[CameraFolder], list[str]]:
        """The cameras and sentences about those that are left out. Cached by the subclass."""

    def __len__(self) -> int:
        return len(self._scans)

    @property
    def camera_names(self) -> tuple[str, ...]:  # type: ignore[override]  # found when first asked for
        """Names of the cameras that have pictures and a calibration."""
        return tuple(camera.name for camera in self._rig[0])

    @property
    def poses(self) -> np.ndarray | None:
        """See :attr:`Sequence.poses`."""
        poses = self._posed[0]
        return poses if poses is not None and len(poses) else None

    @property
    def times(self) -> np.ndarray | None:
        """See :attr:`Sequence.times`."""
        return self._timed[0] if len(self._timed[0]) else None

    @cached_property
    def rate(self) -> float:  # type: ignore[override]  # found when first asked for
        """One over the median step of the recorded times; without times what the user states, or 10."""
        steps = np.diff(self._timed[0])
        if len(steps) and np.median(steps) > 0:
            return float(1 / np.median(steps))
        return self._fallback_rate

    @property
    def _fallback_rate(self) -> float:
        return self._stated_rate or DEFAULT_RATE

    def check_files(self, index: int) -> tuple[str, ...]:
        """See :meth:`Sequence.check_files`."""
        _, found = check_scan(self._paths[index])
        for camera in self._rig[0]:
            found += camera.check(self._scans[index])
        return tuple(found)

    def _pose(self, index: int) -> np.ndarray | None:
        poses = self._posed[0]
        return poses[index] if poses is not None and index < len(poses) else None

    def _time(self, index: int) -> float | None:
        times = self._timed[0]
        return float(times[index]) if index < len(times) else None

    def _of_scans(self, rows: np.ndarray) -> np.ndarray:
        """The rows of a file that belong to the scans, up to the first scan that has none."""
        return rows[[row for row in self._rows if row < len(rows)]]

    def _views(self, scan: str, notes: list[str]) -> tuple[CameraView, ...]:
        """The cameras for one scan; sentences about missing pictures are appended to ``notes``."""
        views = []
        for camera in self._rig[0]:
            view, note = camera.view(scan)
            if view is not None:
                views.append(view)
            if note is not None:
                notes.append(note)
        return tuple(views)

    def _absent(self, folder: Path, files: dict[str, str]) -> str | None:
        """One sentence about the scans that have no file in a folder; None if all have."""
        if not files:
            return f"{self.folder} has no {folder.name}."
        missing = [scan for scan in self._scans if scan not in files]
        if not missing:
            return None
        return f"{folder} has no file for {len(missing)} of {len(self)} scans ({sample_of(missing)})."

    def _files(self, folder: Path, suffixes: tuple[str, ...]) -> dict[str, str]:
        """Stem to file name of what lies in a folder beside the scans; a problem where it may not be listed."""
        return by_stem(folder, suffixes, self._unlisted)

    def _too_few(self, path: Path, count: int, what: str) -> str | None:
        """One sentence where a file of poses or times has fewer rows than the scans need."""
        if max(self._rows) < count:
            return None
        return f"{path} has {count} {what} but scan {self._scans[-1]} needs row {max(self._rows) + 1}."
