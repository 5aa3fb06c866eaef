"""nuScenes, from its own JSON tables: scenes with keyframes and sweeps, six cameras, boxes and lidarseg labels.

Caesar et al., "nuScenes: A multimodal dataset for autonomous driving", CVPR 2020.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.core.datasets._files import explained, list_folders, read_records
from app.core.datasets._images import image_size, truncation
from app.core.datasets._kitti import invert
from app.core.datasets._nuscenes_boxes import boxes_of_sample
from app.core.datasets._nuscenes_example import write_nuscenes
from app.core.datasets._nuscenes_tables import LIDAR, Scene, Shot, Tables, load_tables, transform
from app.core.datasets.base import Dataset, Opening, OpenOptions, Reader, Sequence, finished
from app.core.errors import DataError
from app.core.label_files import load_label_set
from app.core.label_sets import NUSCENES_LIDARSEG
from app.core.labels import LabelSet
from app.core.types import CameraView, Frame

_POINT = np.dtype("V20")
FULL_INTENSITY = 255.0
_POINT_TEXT = "a point: x, y, z, intensity, ring as float32"
_NEAREST = 250_000
"""Microseconds within which a picture belongs to a sweep; cameras fire every 83 000."""
_KEYFRAME_RATE, _SWEEP_RATE = 2.0, 20.0


class NuScenesSequence(Sequence):
    """The keyframes of a scene, or all its sweeps.

    Points stay as recorded: in nuScenes' LiDAR frame x points right and y forward. The world is nuScenes'
    global frame of the scene's map. A camera's ``camera_from_sensor`` contains the ego motion between the
    time of the sweep and that of the picture.
    """

    def __init__(
        self,
        name: str,
        scene: Scene,
        shots: list[Shot],
        tables: Tables,
        root: Path,
        label_set: LabelSet,
        rate: float,
    ) -> None:
        self.name = name
        self.label_set = label_set
        self._scene = scene
        self._shots = shots
        self._tables = tables
        self._root = root
        self.camera_names = tuple(sorted(scene.cameras))
        self.has_labels = any(shot.token in tables.lidarseg for shot in shots)
        steps = np.diff([shot.timestamp for shot in shots])
        self.rate = float(1e6 / np.median(steps)) if len(steps) and np.median(steps) > 0 else rate
        self.problems = ()

    def __len__(self) -> int:
        return len(self._shots)

    @property
    def poses(self) -> np.ndarray:
        """(N, 4, 4): every sweep has a pose."""
        return np.stack([_world_from_sensor(shot) for shot in self._shots])

    @property
    def has_poses(self) -> bool:
        """True: the tables know no sweep without a pose."""
        return True

    @property
    def times(self) -> np.ndarray:
        """See :attr:`Sequence.times`."""
        stamps = np.array([shot.timestamp for shot in self._shots], np.int64)
        return (stamps - self._scene.sweeps[0].timestamp) / 1e6

    def read(self, index: int) -> Frame:
        """See :meth:`Sequence.read`. Boxes and labels are those of keyframes; sweeps between have none."""
        self.check_index(index)
        shot = self._shots[index]
        path = self._root / shot.file
        raw = read_records(path, _POINT, _POINT_TEXT).view("<f4").reshape(-1, 5)
        notes = [] if len(raw) else [f"{path} holds no points (zero bytes)."]
        with np.errstate(invalid="ignore"):
            ring = raw[:, 4].astype(np.int16)
        world_from_sensor = _world_from_sensor(shot)
        return Frame(
            index=index,
            name=str(shot.timestamp),
            points=raw[:, :3],
            intensity=raw[:, 3],
            full_intensity=FULL_INTENSITY,
            ring=ring,
            labels=self._labels(shot, len(raw), notes),
            world_from_sensor=world_from_sensor,
            timestamp=(shot.timestamp - self._scene.sweeps[0].timestamp) / 1e6,
            cameras=self._views(shot, world_from_sensor, notes),
            boxes=boxes_of_sample(self._tables, shot.sample, invert(world_from_sensor), notes)
            if shot.is_key
            else (),
            notes=tuple(notes),
            heading=_heading(shot),
        )

    def check_files(self, index: int) -> tuple[str, ...]:
        """See :meth:`Sequence.check_files`."""
        shot = self._shots[index]
        found = []
        try:
            with explained(self._root / shot.file):
                size = (self._root / shot.file).stat().st_size
            if size % _POINT.itemsize or not size:
                found.append(f"{self._root / shot.file} has {size} bytes where whole 20-byte points belong.")
        except DataError as error:
            found.append(str(error))
        for picture in self._pictures(shot).values():
            path = self._root / picture.file
            problem = truncation(path)
            found += [problem] if problem else []
        return tuple(found)

    def _labels(self, shot: Shot, count: int, notes: list[str]) -> np.ndarray | None:
        name = self._tables.lidarseg.get(shot.token)
        if name is None:
            return None
        path = self._root / name
        try:
            raw = read_records(path, np.dtype("u1"), "a label as uint8")
        except DataError as error:
            notes.append(str(error))
            return None
        if len(raw) != count:
            notes.append(f"{path} has {len(raw)} labels for a scan of {count} points; the frame is shown without.")
            return None
        return raw.astype(np.uint16)

    def _pictures(self, shot: Shot) -> dict[str, Shot]:
        """The picture of each camera for a sweep: that of the same keyframe, else the nearest in time."""
        found = {}
        for channel, pictures in self._scene.cameras.items():
            at = bisect.bisect_left(pictures, shot.timestamp, key=lambda picture: picture.timestamp)
            near = [p for p in pictures[max(0, at - 8) : at + 8] if abs(p.timestamp - shot.timestamp) <= _NEAREST]
            same = [p for p in near if p.is_key and p.sample == shot.sample] if shot.is_key else []
            if near:
                found[channel] = min(same or near, key=lambda picture: abs(picture.timestamp - shot.timestamp))
        return found

    def _views(self, shot: Shot, world_from_sensor: np.ndarray, notes: list[str]) -> tuple[CameraView, ...]:
        views = []
        pictures = self._pictures(shot)
        for channel in self.camera_names:
            if channel not in pictures:
                notes.append(f"{channel} has no picture within {_NEAREST / 1e6:g} s of this sweep.")
                continue
            view = self._view(pictures[channel], world_from_sensor, notes)
            views += [view] if view is not None else []
        return tuple(views)

    def _view(self, picture: Shot, world_from_sensor: np.ndarray, notes: list[str]) -> CameraView | None:
        path: Path | None = self._root / picture.file
        size = picture.size
        if path is not None and not path.exists():
            notes.append(f"{path} is missing; the camera is shown without it.")
            path = None
        elif path is not None and not all(size):
            try:
                size = image_size(path)
            except DataError as error:
                notes.append(f"{error} {picture.mount.channel} is left out.")
        intrinsics = picture.mount.intrinsics
        if intrinsics is None or not all(size):
            return None
        camera_from_world = invert(transform(picture.ego) @ picture.mount.ego_from_sensor)
        return CameraView(picture.mount.channel, size, camera_from_world @ world_from_sensor, intrinsics, path)


def _world_from_sensor(shot: Shot) -> np.ndarray:
    return np.asarray(transform(shot.ego) @ shot.mount.ego_from_sensor)


def _heading(shot: Shot) -> float:
    """Radians from the sensor's x axis to the vehicle's, about the sensor's z axis."""
    ahead = shot.mount.ego_from_sensor[0, :3]  # the vehicle's x axis in sensor coordinates
    return float(np.arctan2(ahead[1], ahead[0]))


def _version_folders(path: Path) -> list[Path]:
    """The folders of tables that a path means: itself, or the ``v1.0-…`` in it."""
    if not path.is_dir():
        return []
    if (path / "sample_data.json").is_file():
        return [path]
    return [path / name for name in list_folders(path) if (path / name / "sample_data.json").is_file()]


class NuScenesReader(Reader):
    """Opens the data set's root or one folder of tables in it."""

    format = "nuscenes"
    title = "nuScenes"

    def score(self, path: Path) -> int:
        """95 where there are nuScenes' tables."""
        return 95 if _version_folders(path) else 0

    def open(self, path: Path, options: OpenOptions) -> Dataset:
        """See :meth:`Reader.open`. Each scene gives its keyframes and, where there are any, its sweeps."""
        return finished(self.opening(path, options))

    def opening(self, path: Path, options: OpenOptions) -> Opening:
        """See :meth:`Reader.opening`: the tables of the whole data set are a gigabyte."""
        label_set = load_label_set(options.label_map) if options.label_map else NUSCENES_LIDARSEG
        folders = _version_folders(path)
        sequences: list[Sequence] = []
        problems: list[str] = []
        for folder in folders:
            prefix = f"{folder.name}/" if len(folders) > 1 else ""
            tables = yield from load_tables(folder)
            problems += tables.problems
            sequences += _sequences(tables, folder, prefix, label_set, options, problems)
        if not sequences:
            raise DataError(
                f"{path} has nuScenes' tables, but none of the {LIDAR} scans they name; unpack its samples there."
                + (f" Also: {problems[0]}" if problems else "")
            )
        return Dataset(self.format, self.title, path, tuple(sequences), tuple(problems))

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`."""
        return write_nuscenes(folder)


def _sequences(
    tables: Tables, folder: Path, prefix: str, label_set: LabelSet, options: OpenOptions, problems: list[str]
) -> list[Sequence]:
    """Keyframes and sweeps of every scene whose scans are there; sentences about those that are not."""
    root = folder.parent
    exists = _listing(root)
    found: list[Sequence] = []
    absent: list[str] = []
    for scene in tables.scenes:
        there = [shot for shot in scene.sweeps if exists(shot.file)]
        keys = [shot for shot in there if shot.is_key]
        if not there:
            absent.append(scene.name)
            continue
        missing = sum(shot.is_key for shot in scene.sweeps) - len(keys)
        if missing:
            problems.append(f"{scene.name}: {missing} keyframe scans are in the tables but not in {root}.")
        missing = len(scene.sweeps) - len(there) - missing
        if missing:
            problems.append(f"{scene.name}: {missing} sweeps are in the tables but not in {root}.")
        for suffix, shots, rate in (("", keys, _KEYFRAME_RATE), (" sweeps", there, _SWEEP_RATE)):
            if shots and (not suffix or len(there) > len(keys)):
                name = f"{prefix}{scene.name}{suffix}"
                found.append(NuScenesSequence(name, scene, shots, tables, root, label_set, options.rate or rate))
    if absent:
        names = ", ".join(absent[:3]) + (" …" if len(absent) > 3 else "")
        problems.append(f"{root} has no scans of {len(absent)} of {len(tables.scenes)} scenes ({names}).")
    if found and not tables.lidarseg:
        problems.append(f"{folder} has no lidarseg table, so there are no point labels.")
    return found


def _listing(root: Path) -> Callable[[str], bool]:
    """Whether a file of the data set exists, by listing each folder once."""
    known: dict[str, set[str]] = {}

    def exists(file: str) -> bool:
        folder, _, name = file.rpartition("/")
        if folder not in known:
            known[folder] = _names_in(root / folder)
        return name in known[folder]

    return exists


def _names_in(folder: Path) -> set[str]:
    """Names of what a folder holds, in no order: putting thousands of long names in order takes seconds."""
    if not folder.is_dir():
        return set()
    with explained(folder), os.scandir(folder) as entries:
        return {entry.name for entry in entries}


ENTRY = NuScenesReader()
