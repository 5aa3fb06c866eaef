"""Single files of points and folders of them: a sequence in natural order, poses beside it where there are some."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from app.core.datasets._columns import Cloud, has_labels, to_frame
from app.core.datasets._files import list_names, stem
from app.core.datasets._kitti import read_poses
from app.core.datasets.base import DEFAULT_RATE, Dataset, OpenOptions, Reader, Sequence
from app.core.errors import DataError
from app.core.label_files import load_label_set
from app.core.label_sets import numbered
from app.core.labels import LabelSet
from app.core.types import Frame


class PlainReader(Reader):
    """A format of single files. A subclass says how one is read and how its header is looked at."""

    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def load(self, path: Path, options: OpenOptions) -> Cloud:
        """Read one file. ``DataError`` with one sentence where it cannot be."""

    @abstractmethod
    def probe(self, path: Path, options: OpenOptions) -> set[str]:
        """The names of a file's columns from its header, and a check that its size fits. ``DataError`` if not."""

    def origin(self, path: Path) -> np.ndarray | None:
        """(3,) metres that ``load`` will subtract, where the header tells; None where it does not."""
        return None

    def label_set(self) -> LabelSet:
        """What the labels mean without a label map: numbers without names."""
        return numbered()

    def score(self, path: Path) -> int:
        """60 for a file with the suffix; 30 to 50 for a folder, by its share of such files."""
        if path.is_file():
            return 60 if path.name.lower().endswith(self.suffixes) else 0
        names = list_names(path, ("",)) if path.is_dir() else []
        mine = sum(name.lower().endswith(self.suffixes) for name in names)
        return 30 + 20 * mine // len(names) if mine else 0

    def open(self, path: Path, options: OpenOptions) -> Dataset:
        """See :meth:`Reader.open`."""
        label_set = load_label_set(options.label_map) if options.label_map else self.label_set()
        folder, names = (path.parent, [path.name]) if path.is_file() else (path, list_names(path, self.suffixes))
        if not names:
            raise DataError(f"{path} holds no {' or '.join(self.suffixes)} files.")
        sequence = PlainSequence(
            self, stem(path.name) if path.is_file() else path.name, folder, names, options, label_set
        )
        return Dataset(self.format, self.title, path, (sequence,))


class PlainSequence(Sequence):
    """Files of one format in one folder, in natural order of their names.

    ``poses.txt`` beside them may hold ``world_from_sensor`` as 12 numbers a line, line i for file i.
    """

    camera_names = ()

    def __init__(
        self,
        reader: PlainReader,
        name: str,
        folder: Path,
        files: list[str],
        options: OpenOptions,
        label_set: LabelSet,
    ) -> None:
        self.name = name
        self.label_set = label_set
        self.rate = options.rate or DEFAULT_RATE
        self._reader = reader
        self._folder = folder
        self._files = files
        self._options = options
        self._is_folder = len(files) > 1

    def __len__(self) -> int:
        return len(self._files)

    def read(self, index: int) -> Frame:
        """See :meth:`Sequence.read`."""
        self.check_index(index)
        path = self._folder / self._files[index]
        poses = self._stated_poses[0]
        pose = poses[index] if poses is not None and index < len(poses) else None
        return to_frame(self._reader.load(path, self._options), index, stem(path.name), str(path), pose)

    def check_files(self, index: int) -> tuple[str, ...]:
        """See :meth:`Sequence.check_files`."""
        try:
            self._reader.probe(self._folder / self._files[index], self._options)
        except DataError as error:
            return (str(error),)
        return ()

    @cached_property
    def has_labels(self) -> bool:  # type: ignore[override]  # found when first asked for
        """Whether the first file has labels; what the others have shows when they are read."""
        try:
            return has_labels(self._reader.probe(self._folder / self._files[0], self._options))
        except DataError:
            return False

    @cached_property
    def problems(self) -> tuple[str, ...]:  # type: ignore[override]  # found when first asked for
        """See :attr:`Sequence.problems`."""
        problem = self._stated_poses[1]
        return (problem,) if problem else ()

    @cached_property
    def poses(self) -> np.ndarray | None:
        """See :attr:`Sequence.poses`: those beside the files, moved by what the files' own headers say."""
        stated = self._stated_poses[0]
        if stated is not None:
            return stated if len(stated) else None
        origins = []
        for name in self._files:
            try:
                origin = self._reader.origin(self._folder / name)
            except DataError:
                break
            if origin is None:
                break
            origins.append(origin)
        if not origins:
            return None
        poses = np.tile(np.eye(4), (len(origins), 1, 1))
        poses[:, :3, 3] = origins
        return poses

    @cached_property
    def _stated_poses(self) -> tuple[np.ndarray | None, str | None]:
        path = self._folder / "poses.txt"
        if not path.exists() or not self._is_folder:
            return None, None
        try:
            poses, problem = read_poses(path)
        except DataError as error:
            return None, str(error)
        if problem is None and len(poses) != len(self):
            problem = f"{path} has {len(poses)} poses for {len(self)} files; line i is the pose of file i."
        return poses[: len(self)], problem
