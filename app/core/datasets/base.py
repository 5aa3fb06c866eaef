"""What every reader offers: a data set of sequences whose frames are read when asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.labels import LabelSet
from app.core.types import Frame

DEFAULT_RATE = 10.0
"""Sweeps a second where neither the recording nor the user says."""


@dataclass(frozen=True)
class OpenOptions:
    """What a user may state when opening data that does not describe itself.

    ``columns``: names of the float32 columns of raw ``.bin`` files, in order ("x", "y", "z", "intensity").
    ``label_map``: a YAML file with the user's own raw ids, names and colours, or the name of a label set that comes
    along; replaces the reader's own. Recordings without labels take one too: it says which classes to look for.
    ``rate``: sweeps a second where the recording states no times.
    """

    columns: tuple[str, ...] | None = None
    label_map: Path | None = None
    rate: float | None = None


class Sequence(ABC):
    """A run of sweeps. Building one lists files and reads small text; sweeps are read by ``read``."""

    name: str
    label_set: LabelSet | None
    rate: float
    """Sweeps a second, for playback (10 where the recording does not say)."""
    camera_names: tuple[str, ...]
    has_labels: bool
    problems: tuple[str, ...]
    """What is missing or broken, one sentence each; known without reading any sweep."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, index: int) -> Frame:
        """Read one sweep. ``DataError`` with one sentence if its points cannot be read; anything else
        that is missing or broken (labels, image, pose) becomes a sentence in ``Frame.notes``.
        ``UsageError`` where there is no such sweep. Arrays may be strided views into one buffer."""

    def notes(self, frame: Frame) -> tuple[str, ...]:
        """``frame.notes`` and what only a look at every value tells: see :func:`value_notes`."""
        return frame.notes + value_notes(frame, self.label_set)

    def check_files(self, index: int) -> tuple[str, ...]:
        """Sentences about broken files of one sweep that their sizes give away, without reading the sweep."""
        return ()

    def check_index(self, index: int) -> None:
        """``UsageError`` unless there is a sweep ``index``."""
        if not 0 <= index < len(self):
            raise UsageError(f"There is no frame {index}; sequence {self.name} has frames 0 to {len(self) - 1}.")

    @property
    @abstractmethod
    def poses(self) -> np.ndarray | None:
        """(M, 4, 4) float64 ``world_from_sensor`` of the first M sweeps, or None without poses."""

    @property
    def has_poses(self) -> bool:
        """Whether any sweep has a pose."""
        return self.poses is not None

    @property
    def times(self) -> np.ndarray | None:
        """(M,) float64 seconds since the start, or None."""
        return None


def value_notes(frame: Frame, label_set: LabelSet | None) -> tuple[str, ...]:
    """Sentences about odd values: points that are not finite, raw ids that the label set does not list.

    Apart from ``read`` because a look at every value takes several times as long as reading them does
    (``benchmarks/reading.py`` prints both), and training or accumulating does not want the sentences.
    """
    notes = []
    bad = len(frame) - int(np.count_nonzero(frame.valid))
    if bad:
        notes.append(f"{bad} of {len(frame)} points are NaN or infinite; they are kept but cannot be drawn.")
    if frame.labels is not None and label_set is not None:
        unknown = label_set.unknown_counts(frame.labels)
        if unknown:
            listed = ", ".join(f"{raw} ({count} points)" for raw, count in unknown.items())
            notes.append(f"Label ids that {label_set.name} does not list: {listed}; they are shown as unknown.")
    return tuple(notes)


@dataclass(frozen=True)
class Dataset:
    """An opened folder or file: ``format`` (reader's name), ``path``, its ``sequences`` (at least one)."""

    format: str
    title: str
    path: Path
    sequences: tuple[Sequence, ...]
    problems: tuple[str, ...] = ()

    def sequence(self, name: str) -> Sequence:
        """The sequence of that name; ``KeyError`` with the names there are."""
        for sequence in self.sequences:
            if sequence.name == name:
                return sequence
        raise KeyError(f"no sequence '{name}'; there are: {', '.join(s.name for s in self.sequences)}")


Opening = Generator[tuple[int, int, str], None, Dataset]
"""Yields (done, total, text) while a data set is opened; returns it."""


def finished(opening: Opening) -> Dataset:
    """The data set, opened to the end here and now."""
    while True:
        try:
            next(opening)
        except StopIteration as stop:
            dataset: Dataset = stop.value
            return dataset


class Reader(ABC):
    """One format. A module of this package declares ``ENTRY``, an instance of its reader."""

    format: ClassVar[str]
    """Short name, as ``info --json`` gives it: semantickitti, kitti-raw, ply …"""
    title: ClassVar[str]
    takes_columns: ClassVar[bool] = False
    """Whether ``OpenOptions.columns`` means something to this format."""

    def recognise(self, path: Path) -> int:
        """How surely ``path`` is of this format: 0 not at all … 100 beyond doubt. Cheap, never raises."""
        try:
            return self.score(path)
        except (DataError, OSError, ValueError):  # ValueError: a name that no file system takes
            return 0

    @abstractmethod
    def score(self, path: Path) -> int:
        """The same by each reader; a path that cannot be looked at may raise ``OSError`` or ``DataError``."""

    @abstractmethod
    def open(self, path: Path, options: OpenOptions) -> Dataset:
        """Open lazily; ``DataError`` with one sentence when it cannot be."""

    def opening(self, path: Path, options: OpenOptions) -> Opening:
        """:meth:`open` in steps, for what takes seconds; the same errors."""
        yield from ()
        return self.open(path, options)

    @abstractmethod
    def write_example(self, folder: Path) -> Path:
        """Write a two-frame (or two-file) example of this format; return the path to open.

        The contract test reads it back. Three points or more a frame, finite, with labels where the
        format has them."""
