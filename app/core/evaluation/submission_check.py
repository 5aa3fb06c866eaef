"""Reads a submission back and says everything that is wrong with it."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import numpy as np

from app.core.datasets._files import sample_of
from app.core.errors import DataError
from app.core.evaluation.predictions import LABEL, TRAIN_ID_HINT, unlisted_text
from app.core.evaluation.submission import TEST_SCANS, Scan, find_scans
from app.core.label_sets import SEMANTIC_KITTI

_ENCRYPTED = 1
_DESCRIPTION = "description.txt"


def check_submission(
    path: Path, data: Path, sequences: Sequence[str] | None = None, expected: Mapping[str, int] = TEST_SCANS
) -> Generator[tuple[int, int, str], None, list[str]]:
    """Every problem of a submission, a sentence each; none if the server will take it.

    Checked: name, folder entries, a file for each scan and nothing else, the number of labels, their raw ids, that
    all can be unpacked, and that the scans on the disk are all that the server knows.

    Parameters
    ----------
    data : SemanticKITTI's folder, for the sizes of its scans
    sequences : names; None for the test split

    Raises
    ------
    DataError
        ``path`` is no zip file, or ``data`` is no SemanticKITTI folder.
    """
    scans, problems = find_scans(data, sequences, expected)
    if path.suffix != ".zip":
        problems.append(f"{path} does not end in .zip.")
    with _opened(path) as archive:
        files = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        names = [info.filename for info in archive.infolist()]
        problems += _folder_problems(names, sequences or list(expected))
        problems += _name_problems(names, files, scans)
        for done, scan in enumerate(scans):
            yield done, len(scans), scan.entry
            if scan.entry in files:
                problems += _file_problems(archive, files[scan.entry], scan)
    return problems


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise DataError(f"{path} is no whole zip file; write it again.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from None


def _folder_problems(names: list[str], sequences: Sequence[str]) -> list[str]:
    wanted = ["sequences/"]
    for sequence in sequences:
        wanted += [f"sequences/{sequence}/", f"sequences/{sequence}/predictions/"]
    there = set(names)
    missing = [name for name in wanted if name not in there]
    if not missing:
        return []
    return [
        f"The zip has no entries of their own for these {len(missing)} of {len(wanted)} folders, which the server "
        f"asks for: {sample_of(missing)}."
    ]


def _name_problems(names: list[str], files: Mapping[str, zipfile.ZipInfo], scans: Sequence[Scan]) -> list[str]:
    found = []
    doubled = sorted(name for name, count in Counter(names).items() if count > 1)
    if doubled:
        found.append(f"The zip holds names more than once: {sample_of(doubled)}.")
    wanted = {scan.entry for scan in scans}
    missing = sorted(wanted - files.keys())
    if missing:
        found.append(f"The zip lacks {len(missing)} of {len(wanted)} label files ({sample_of(missing)}).")
    other = sorted(files.keys() - wanted - {_DESCRIPTION})
    if other:
        found.append(
            f"The zip holds what does not belong there, {len(other)} of {len(files)} files: {sample_of(other)}."
        )
    return found


def _file_problems(archive: zipfile.ZipFile, info: zipfile.ZipInfo, scan: Scan) -> list[str]:
    if info.file_size != scan.points * LABEL.itemsize:
        count = info.file_size / LABEL.itemsize
        return [f"{scan.entry} has {count:g} labels for a scan of {scan.points} points."]
    if info.flag_bits & _ENCRYPTED:
        return [f"{scan.entry} is encrypted."]
    try:
        content = archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        return [f"{scan.entry} cannot be unpacked ({error})."]
    unlisted = SEMANTIC_KITTI.unknown_counts(np.frombuffer(content, "<u2")[::2])
    if not unlisted:
        return []
    return [
        f"{scan.entry} holds raw ids that SemanticKITTI does not list: {unlisted_text(unlisted)}. {TRAIN_ID_HINT}"
    ]
