"""A submission to SemanticKITTI's server: one zip with a label file for every scan of sequences 11 to 21.

What is demanded is what ``validate_submission.py`` of semantic-kitti-api checks, and more: it trusts the scans
on the disk, so an incomplete download passes it and fails on the server.
"""

from __future__ import annotations

import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.datasets._files import explained, list_folders, list_names, sample_of, stem
from app.core.datasets.base import Sequence as Drive
from app.core.errors import DataError, UsageError
from app.core.evaluation.predictions import (
    LABEL,
    TRAIN_ID_HINT,
    Predictions,
    Waiting,
    folder_of,
    read_raw_ids,
    unlisted_text,
)
from app.core.files import replacing
from app.core.label_sets import SEMANTIC_KITTI

TEST_SCANS: Mapping[str, int] = {
    "11": 921,
    "12": 1061,
    "13": 3281,
    "14": 631,
    "15": 1901,
    "16": 1731,
    "17": 491,
    "18": 1801,
    "19": 4981,
    "20": 831,
    "21": 2721,
}
"""How many scans each sequence of the test split has."""

_POINT_BYTES = 16
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The same submission is the same file, whenever it is written: zip knows no earlier date."""


@dataclass(frozen=True)
class Scan:
    """One scan: its ``sequence``, its ``name`` ("000000") and its number of ``points``, from the file's size."""

    sequence: str
    name: str
    points: int

    @property
    def entry(self) -> str:
        """Its name in the zip."""
        return f"sequences/{self.sequence}/predictions/{self.name}.label"


@dataclass(frozen=True)
class Submission:
    """What was written: the file, how many scans and sequences."""

    path: Path
    scans: int
    sequences: int


class RawLabels(ABC):
    """Raw ids for scans, from wherever."""

    @abstractmethod
    def steps(self, scan: Scan, index: int) -> Waiting:
        """(N,) integer raw ids of the scan, which is number ``index`` of its sequence; ``DataError``."""

    def check(self, scans: Sequence[Scan]) -> list[str]:
        """Sentences about scans that have no labels, as far as it can be told without reading any."""
        return []


class FileLabels(RawLabels):
    """The ``.label`` files that lie in a folder of predictions."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def steps(self, scan: Scan, index: int) -> Waiting:
        """See :meth:`RawLabels.steps`. ``DataError`` also for raw ids that SemanticKITTI does not list."""
        yield from ()
        path = folder_of(self.root, scan.sequence) / f"{scan.name}.label"
        raw = read_raw_ids(path, scan.points)
        unlisted = SEMANTIC_KITTI.unknown_counts(raw)
        if unlisted:
            raise DataError(
                f"{path} holds raw ids that SemanticKITTI does not list: {unlisted_text(unlisted)}. {TRAIN_ID_HINT}"
            )
        return raw

    def check(self, scans: Sequence[Scan]) -> list[str]:
        """See :meth:`RawLabels.check`."""
        found = []
        for sequence in sorted({scan.sequence for scan in scans}):
            try:
                folder = folder_of(self.root, sequence)
            except DataError as error:
                found.append(str(error))
                continue
            mine = [scan for scan in scans if scan.sequence == sequence]
            found += _size_problems(folder, mine)
        return found


class PredictedLabels(RawLabels):
    """What some predictions say of the frames, as raw ids."""

    def __init__(self, drives: Sequence[Drive], predictions: Predictions) -> None:
        self._drives = {drive.name: drive for drive in drives}
        self._predictions = predictions

    def steps(self, scan: Scan, index: int) -> Waiting:
        """See :meth:`RawLabels.steps`."""
        frame = self._drives[scan.sequence].read(index)
        if frame.name != scan.name:
            raise DataError(f"Sequence {scan.sequence} has changed while it was read; start again.")
        ids = yield from self._predictions.steps(scan.sequence, frame)
        return SEMANTIC_KITTI.inverse[ids]


def _size_problems(folder: Path, scans: list[Scan]) -> list[str]:
    with explained(folder), os.scandir(folder) as entries:
        sizes = {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    missing = [scan.name for scan in scans if f"{scan.name}.label" not in sizes]
    found = []
    if missing:
        found.append(f"{folder} has no file for {len(missing)} of {len(scans)} scans ({sample_of(missing)}).")
    for scan in scans:
        name = f"{scan.name}.label"
        count = sizes.get(name, scan.points * LABEL.itemsize) / LABEL.itemsize
        if count != scan.points:
            found.append(f"{folder}/{name} has {count:g} labels for a scan of {scan.points} points.")
    return found


def find_scans(
    data: Path, sequences: Sequence[str] | None = None, expected: Mapping[str, int] = TEST_SCANS
) -> tuple[list[Scan], list[str]]:
    """The scans that a submission must have, and a sentence for everything that is wrong with them.

    Parameters
    ----------
    data : folder with ``sequences``, or ``sequences`` itself
    sequences : names; None for all of ``expected``, whose counts are then demanded

    Raises
    ------
    DataError
        There is no such folder.
    """
    base = _base(data)
    scans: list[Scan] = []
    names = list(sequences or expected)
    absent = [name for name in names if not (base / name / "velodyne").is_dir()]
    problems = []
    if absent:
        problems.append(
            f"{base} lacks the velodyne folder of {', '.join(absent)}, which must be part of the submission."
        )
    for sequence in names:
        folder = base / sequence / "velodyne"
        if sequence in absent:
            continue
        mine, broken = _scans_of(folder, sequence)
        problems += broken
        scans += mine
        wanted = expected.get(sequence) if sequences is None else None
        if wanted is not None:
            problems += _count_problem(folder, [scan.name for scan in mine], wanted)
        elif not mine:
            problems.append(f"{folder} holds no .bin scans.")
    return scans, problems


def _base(data: Path) -> Path:
    for base in (data / "sequences", data / "dataset" / "sequences", data):
        if base.is_dir() and (
            base.name == "sequences" or any((base / n / "velodyne").is_dir() for n in list_folders(base))
        ):
            return base
    raise DataError(f"{data} is no SemanticKITTI folder; a folder with sequences/11/velodyne … is expected.")


def _scans_of(folder: Path, sequence: str) -> tuple[list[Scan], list[str]]:
    scans, problems = [], []
    for name in list_names(folder, (".bin",)):
        with explained(folder / name):
            size = (folder / name).stat().st_size
        if size % _POINT_BYTES:
            problems.append(f"{folder / name} has {size} bytes, no whole number of points; it was cut short.")
        scans.append(Scan(sequence, stem(name), size // _POINT_BYTES))
    return scans, problems


def _count_problem(folder: Path, names: list[str], wanted: int) -> list[str]:
    there = set(names)
    missing = [name for name in (f"{i:06d}" for i in range(wanted)) if name not in there]
    if missing:
        return [
            f"{folder} lacks {len(missing)} of the {wanted} scans that the sequence has ({sample_of(missing)}); "
            "the server knows them all and would refuse, so complete the download."
        ]
    if len(names) > wanted:
        return [f"{folder} holds {len(names)} scans where the sequence has {wanted}; something else lies there."]
    return []


def write_submission(
    scans: Sequence[Scan], labels: RawLabels, out: Path, description: str | None = None
) -> Generator[tuple[int, int, str], None, Submission]:
    """Write the zip: folder entries, a label file of exactly N uint32 for each scan, ``description.txt`` if given.

    Yields (done, total, text) before each scan and while it is predicted. The file appears whole or not at all;
    equal labels give equal bytes.

    Raises
    ------
    UsageError
        ``out`` does not end in ``.zip``, or there are no scans.
    DataError
        A scan has no labels, or another number of them; the disk refuses.
    """
    if out.suffix != ".zip":
        raise UsageError(f"{out} must end in .zip; the server takes nothing else.")
    if not scans:
        raise UsageError("There are no scans to submit.")
    refuse(out, labels.check(scans))
    sequences = sorted({scan.sequence for scan in scans})
    with replacing(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if description is not None:
            _put(archive, "description.txt", description.encode("utf-8"))
        _put(archive, "sequences/")
        for sequence in sequences:
            _put(archive, f"sequences/{sequence}/")
            _put(archive, f"sequences/{sequence}/predictions/")
        position: dict[str, int] = {}
        for done, scan in enumerate(scans):
            yield done, len(scans), scan.entry
            index = position.get(scan.sequence, 0)
            position[scan.sequence] = index + 1
            work = labels.steps(scan, index)
            raw = yield from _telling(work, (done, len(scans), scan.entry))
            _put(archive, scan.entry, _record(scan, raw))
    return Submission(out, len(scans), len(sequences))


def _telling(work: Waiting, where: tuple[int, int, str]) -> Generator[tuple[int, int, str], None, np.ndarray]:
    """The work's own pauses as progress."""
    done, total, entry = where
    try:
        while True:
            yield done, total, f"{entry}: {next(work)}"
    except StopIteration as stop:
        raw: np.ndarray = stop.value
        return raw
    finally:
        work.close()


def _record(scan: Scan, raw: np.ndarray) -> bytes:
    if raw.shape != (scan.points,):
        raise DataError(f"{scan.entry} would have {len(raw)} labels for {scan.points} points; predict it again.")
    return raw.astype(LABEL).tobytes()


def _put(archive: zipfile.ZipFile, name: str, content: bytes = b"") -> None:
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.create_system = 3  # Unix, wherever it is written
    is_folder = name.endswith("/")
    info.external_attr = (0o40755 << 16 | 0x10) if is_folder else 0o100644 << 16
    info.compress_type = zipfile.ZIP_STORED if is_folder else zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def refuse(out: Path, problems: Sequence[str]) -> None:
    """``DataError`` with the first few of the problems, if there are any."""
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise DataError(f"{out} is not written: {' '.join(problems[:3])}{more}")
