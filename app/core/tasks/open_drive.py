"""Open a recording: what it holds, and all of one sequence that is known before any frame is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.datasets.base import Dataset, Opening, OpenOptions, Sequence
from app.core.errors import UsageError
from app.core.labels import LabelSet
from app.core.state import DriveInfo, SequenceInfo
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

PRIORITY = 0


@dataclass(frozen=True)
class OpenedDrive:
    """``info`` and, of the chosen ``sequence`` (a name): ``poses`` (M, 4, 4) float64 world_from_sensor or
    None, ``times`` (M,) float64 seconds or None, and its label set."""

    info: DriveInfo
    sequence: str
    poses: np.ndarray | None
    times: np.ndarray | None
    label_set: LabelSet | None


def open_drive(
    context: Context,
    *,
    path: Path,
    options: OpenOptions,
    sequence: str | None = None,
    fresh: bool = True,
    keep_frames: bool = False,
) -> TaskEvents[OpenedDrive]:
    """Open a recording.

    Parameters
    ----------
    sequence : None chooses the first one
    fresh : look at the disk; False trusts what was seen before
    keep_frames : frames that were read before have not changed (the drive has only grown)

    Raises
    ------
    DataError
        The recording cannot be opened.
    UsageError
        There is no sequence of that name.
    """
    yield Progress(0, 0, str(path))
    if fresh and not keep_frames:
        context.forget_frames(path)
    dataset = yield from _telling(context.opening(path, options, fresh=fresh))
    rows = []
    for done, entry in enumerate(dataset.sequences):
        yield Progress(done, len(dataset.sequences), entry.name)
        rows.append(sequence_info(entry))
    info = DriveInfo(path, dataset.format, dataset.title, tuple(rows), dataset.problems, options)
    chosen = _chosen(dataset, sequence)
    return OpenedDrive(info, chosen.name, chosen.poses, chosen.times, chosen.label_set)


def _telling(opening: Opening) -> TaskEvents[Dataset]:
    """The reader's steps as progress."""
    try:
        while True:
            yield Progress(*next(opening))
    except StopIteration as stop:
        dataset: Dataset = stop.value
        return dataset
    finally:
        opening.close()


def sequence_info(sequence: Sequence) -> SequenceInfo:
    """What the data tree shows of a sequence."""
    return SequenceInfo(
        name=sequence.name,
        frames=len(sequence),
        cameras=tuple(sequence.camera_names),
        has_labels=sequence.has_labels,
        has_poses=sequence.has_poses,
        rate=float(sequence.rate),
        problems=tuple(sequence.problems),
    )


def _chosen(dataset: Dataset, name: str | None) -> Sequence:
    if name is None:
        return dataset.sequences[0]
    try:
        return dataset.sequence(name)
    except KeyError as error:
        raise UsageError(f"{dataset.path}: {error.args[0]}.") from None


ENTRY = open_drive
