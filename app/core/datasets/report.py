"""What ``info`` says of a recording: what it holds, what is missing, what is broken."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from app.core.datasets import open_dataset
from app.core.datasets.base import Dataset, OpenOptions, Sequence
from app.core.errors import UsageError
from app.core.labels import LabelSet
from app.core.types import CameraView, Frame

Steps = Generator[tuple[int, int, str], None, dict[str, Any]]
"""Yields (done, total, what is looked at now); returns the report."""

_MOST_OF_A_KIND = 20


def describe(
    path: Path | str, options: OpenOptions | None = None, *, frame: int | None = None, sequence: str | None = None
) -> dict[str, Any]:
    """Describe a recording; the fields are those of ``info --json``.

    ``format``, ``sequences`` (each ``name``, ``frames``, ``cameras``, ``has_labels``, ``has_poses``) and
    ``problems``, sentences about everything that is missing or broken. With ``frame`` also ``frame``:
    ``points``, ``labelled_points``, ``classes`` (name to points), ``cameras`` (name to ``in_image`` points)
    of that frame of ``sequence`` (the first without).

    Raises
    ------
    DataError, UsageError
        It cannot be opened, or there is no such sequence, frame or readable sweep.
    """
    steps = describe_steps(path, options, frame=frame, sequence=sequence)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            report: dict[str, Any] = stop.value
            return report


def describe_steps(
    path: Path | str, options: OpenOptions | None = None, *, frame: int | None = None, sequence: str | None = None
) -> Steps:
    """:func:`describe` as a generator of (done, total, text), because a large data set takes a while."""
    dataset = open_dataset(path, options)
    problems = list(dataset.problems)
    total = sum(len(s) for s in dataset.sequences)
    done = 0
    for entry in dataset.sequences:
        problems.extend(entry.problems)
        findings: list[str] = []
        for index in range(len(entry)):
            if index % 64 == 0:
                yield done + index, total, f"{entry.name}: checking files"
            findings.extend(entry.check_files(index))
        problems.extend(_shortened(findings, entry.name))
        done += len(entry)
    report: dict[str, Any] = {
        "format": dataset.format,
        "sequences": [_sequence_row(entry) for entry in dataset.sequences],
        "problems": problems,
    }
    if frame is not None:
        report["frame"], notes = describe_frame(_chosen(dataset, sequence), frame)
        report["problems"] = list(dict.fromkeys([*problems, *notes]))
    return report


def _chosen(dataset: Dataset, name: str | None) -> Sequence:
    if name is None:
        return dataset.sequences[0]
    try:
        return dataset.sequence(name)
    except KeyError as error:
        raise UsageError(f"{dataset.path}: {error.args[0]}.") from None


def _sequence_row(entry: Sequence) -> dict[str, Any]:
    return {
        "name": entry.name,
        "frames": len(entry),
        "cameras": list(entry.camera_names),
        "has_labels": entry.has_labels,
        "has_poses": entry.has_poses,
    }


def _shortened(findings: list[str], name: str) -> list[str]:
    """All findings, or the first twenty and how many more there are."""
    if len(findings) <= _MOST_OF_A_KIND:
        return findings
    rest = len(findings) - _MOST_OF_A_KIND
    return [*findings[:_MOST_OF_A_KIND], f"{name}: {rest} more files are missing or broken in the same ways."]


def describe_frame(sequence: Sequence, index: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The ``frame`` part of a report and the sentences about that frame."""
    frame = sequence.read(index)
    labelled, classes = _count_classes(frame, sequence.label_set)
    part = {
        "points": len(frame),
        "labelled_points": labelled,
        "classes": classes,
        "cameras": {camera.name: {"in_image": points_in_image(frame, camera)} for camera in frame.cameras},
    }
    return part, sequence.notes(frame)


def _count_classes(frame: Frame, label_set: LabelSet | None) -> tuple[int, dict[str, int]]:
    """Points that are not of the ignored class, and points by class name; unknown raw ids by their number."""
    if frame.labels is None or label_set is None:
        return 0, {}
    train = label_set.train_ids(frame.labels)
    counts = np.bincount(train, minlength=256)
    classes = {entry.name: int(counts[entry.id]) for entry in label_set.classes if counts[entry.id]}
    for raw, count in label_set.unknown_counts(frame.labels).items():
        classes[f"unknown {raw}"] = count
    return int(np.count_nonzero(train != label_set.ignore)), classes


def points_in_image(frame: Frame, camera: CameraView) -> int:
    """How many points lie in front of a camera and inside its picture."""
    points = frame.points[frame.valid].astype(np.float64)
    in_camera = points @ camera.camera_from_sensor[:3, :3].T + camera.camera_from_sensor[:3, 3]
    in_camera = in_camera[in_camera[:, 2] > 0]
    u, v, depth = (in_camera @ camera.intrinsics.T).T
    width, height = camera.size
    inside = (u >= 0) & (u < width * depth) & (v >= 0) & (v < height * depth)
    return int(np.count_nonzero(inside))
