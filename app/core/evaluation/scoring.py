"""Predictions against labels, frame by frame, and what comes out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.core.datasets.base import Sequence as Drive
from app.core.errors import DataError, UsageError
from app.core.evaluation.confusion import Confusion
from app.core.evaluation.predictions import Predictions, unlisted_text
from app.core.evaluation.protocols import OFFICIAL, PRESENT, Protocol, find
from app.core.evaluation.regions import FRONT_CAMERAS, RANGE_EDGES, boundary, front_camera, range_bins, seen_by
from app.core.evaluation.splits import split_scores
from app.core.labels import LabelSet
from app.core.types import Frame

_MOST_SENTENCES = 5


@dataclass(frozen=True)
class Wanted:
    """What to evaluate.

    ``protocol`` by name; ``front_view``: only points in the picture of ``camera`` (None: the front one);
    ``boundary``: radius in metres within which another class makes a border, None for no such scores;
    ``range_bins``: also by distance; ``unseen``: classes without labels in training, for the harmonic mean.
    """

    protocol: str = OFFICIAL.name
    front_view: bool = False
    camera: str | None = None
    boundary: float | None = None
    range_bins: bool = False
    unseen: tuple[str, ...] = ()

    def check(self, label_set: LabelSet) -> None:
        """``UsageError`` for what cannot be, before any frame is read."""
        find(self.protocol).truth(np.zeros(0, np.uint16), label_set)
        if self.boundary is not None and not 0 < self.boundary <= 10:
            raise UsageError(f"The radius of a border is in metres, above 0 and at most 10; found {self.boundary}.")
        if self.unseen:
            split_scores(Confusion.of(label_set), self.unseen)


@dataclass
class Evaluation:
    """What was counted.

    ``table``: all points that were asked for; ``border`` and ``inner``: those near another class and the others;
    ``ranges``: one for each of ``RANGE_EDGES``' bins. ``frames`` were counted, the others lacked something.
    """

    wanted: Wanted
    protocol: Protocol
    table: Confusion
    border: Confusion
    inner: Confusion
    ranges: tuple[Confusion, ...]
    frames: int = 0
    without_labels: int = 0
    without_camera: int = 0
    cameras: set[str] = field(default_factory=set)
    sentences: list[str] = field(default_factory=list)
    unlisted: Counter[int] = field(default_factory=Counter)
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, wanted: Wanted, label_set: LabelSet) -> Evaluation:
        """An empty one; ``UsageError`` for a wish that cannot be."""
        wanted.check(label_set)
        empty = Confusion.of(label_set)
        ranges = tuple(empty.copy() for _ in RANGE_EDGES[1:])
        return cls(wanted, find(wanted.protocol), empty, empty.copy(), empty.copy(), ranges)

    def count(self, frame: Frame, pred: np.ndarray, true: np.ndarray, inside: np.ndarray) -> None:
        """Count one frame: (N,) train ids each, and (N,) bool points that were asked for."""
        self.frames += 1
        self.table.add(pred[inside], true[inside])
        if self.wanted.boundary is not None:  # borders are where they are, seen by the camera or not
            near = boundary(frame.points, true, self.wanted.boundary, self.table.ignore)
            self.border.add(pred[inside & near], true[inside & near])
            self.inner.add(pred[inside & ~near], true[inside & ~near])
        if self.wanted.range_bins:
            bins = range_bins(frame.points)
            for i, table in enumerate(self.ranges):
                chosen = inside & (bins == i)
                table.add(pred[chosen], true[chosen])

    def notes(self) -> tuple[str, ...]:
        """Sentences that whoever reads the numbers must know."""
        found = []
        total = self.frames + self.without_labels + self.without_camera
        if self.without_labels:
            found.append(f"{self.without_labels} of {total} frames have no labels and are not counted.")
        if self.without_camera:
            found.append(
                f"{self.without_camera} labelled frames have no {_camera(self.wanted)} and are not counted."
            )
        if self.unlisted:
            found.append(
                f"The labels hold raw ids that their label set does not list: {unlisted_text(self.unlisted)}; "
                f"{self._fate_of_unlisted()}."
            )
        more = len(self.sentences) - _MOST_SENTENCES
        found += self.sentences[:_MOST_SENTENCES]
        return (*found, f"… and {more} more sentences of this kind.") if more > 0 else tuple(found)

    def _fate_of_unlisted(self) -> str:
        return "the protocol spvnas takes them for cars" if self.protocol.name == "spvnas" else "they are ignored"

    def report(self) -> dict[str, Any]:
        """A JSON object: shares from 0 to 1, None where a mean is over no class."""
        found: dict[str, Any] = {
            "protocol": self.protocol.name,
            "protocol_title": self.protocol.title,
            **_scores(self.table, self.protocol),
            "accuracy": _number(self.table.accuracy),
            "frames": self.frames,
            "frames_without_labels": self.without_labels,
            "front_view": sorted(self.cameras) if self.wanted.front_view else None,
            "recall": self.table.by_class(self.table.recall),
            "precision": self.table.by_class(self.table.precision),
            "confusion": self.table.to_json(),
            **self.about,
        }
        if self.wanted.unseen:
            split = split_scores(self.table, self.wanted.unseen, self.protocol)
            sides = {"seen_miou": split.seen, "unseen_miou": split.unseen, "hiou": split.hiou}
            found |= {name: _number(value) for name, value in sides.items()}
        if self.wanted.boundary is not None:
            found["boundary"] = {"radius": self.wanted.boundary, **_scores(self.border, self.protocol)}
            found["inner"] = _scores(self.inner, self.protocol)
        if self.wanted.range_bins:
            edges = zip(RANGE_EDGES, RANGE_EDGES[1:], self.ranges, strict=False)
            found["range_bins"] = [
                {"from": low, "to": high, **_scores(table, self.protocol)} for low, high, table in edges
            ]
        found["notes"] = list(self.notes())
        return found


def _scores(table: Confusion, protocol: Protocol) -> dict[str, Any]:
    return {
        "miou": _number(table.miou(protocol)),
        "present_miou": _number(table.miou(PRESENT)),
        "iou": table.by_class(table.iou(protocol)),
        "points": table.points,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def score(
    drives: Sequence[Drive], predictions: Predictions, wanted: Wanted
) -> Generator[tuple[int, int, str], None, Evaluation]:
    """Evaluate predictions on every labelled frame of some sequences, which share one label set.

    Yields (done, total, text) before each frame and while it is predicted; returns the :class:`Evaluation`.
    Memory does not grow with the number of frames.

    Raises
    ------
    UsageError
        Something is wanted that cannot be.
    DataError
        A labelled frame has no prediction or cannot be read, or no frame can be counted.
    """
    label_set = _shared_label_set(drives)
    result = Evaluation.of(wanted, label_set)
    total, done = sum(map(len, drives)), 0
    for drive in drives:
        for index in range(len(drive)):
            where = f"sequence {drive.name}, frame {index}"
            yield done, total, where
            for doing in _score_frame(drive, index, label_set, predictions, result):
                yield done, total, f"{where}: {doing}"
            done += 1
    if not result.frames:
        raise DataError(_nothing(result, total))
    result.sentences += predictions.notes()
    result.about = {**predictions.about(), "sequences": [drive.name for drive in drives]}
    return result


def _score_frame(
    drive: Drive, index: int, label_set: LabelSet, predictions: Predictions, result: Evaluation
) -> Generator[str, None, None]:
    frame = drive.read(index)
    if frame.labels is None:
        result.without_labels += 1
        result.sentences += drive.check_files(index)  # a label file that is there but broken
        return
    inside = np.ones(len(frame), bool)
    if result.wanted.front_view:
        camera = front_camera(frame, result.wanted.camera)
        if camera is None:
            result.without_camera += 1
            return
        result.cameras.add(camera.name)
        inside = seen_by(frame.points, camera)
    result.unlisted.update(label_set.unknown_counts(frame.labels))
    pred = yield from predictions.steps(drive.name, frame)
    result.count(frame, pred, result.protocol.truth(frame.labels, label_set), inside)


def _shared_label_set(drives: Sequence[Drive]) -> LabelSet:
    sets = {drive.label_set.name: drive.label_set for drive in drives if drive.label_set is not None}
    if not sets:
        raise UsageError("This recording has no labels, so there is nothing to evaluate predictions against.")
    if len(sets) > 1:
        raise UsageError(f"The sequences have different label sets ({', '.join(sets)}); evaluate them one by one.")
    return next(iter(sets.values()))


def _nothing(result: Evaluation, total: int) -> str:
    if result.without_camera:
        return (
            f"None of the {result.without_camera} labelled frames has a {_camera(result.wanted)}; evaluate without "
            "the front view, or name a camera."
        )
    broken = f" {result.sentences[0]}" if result.sentences else ""
    return f"None of the {total} frames has labels, so there is nothing to evaluate predictions against.{broken}"


def _camera(wanted: Wanted) -> str:
    return f"camera {wanted.camera}" if wanted.camera else f"front camera ({', '.join(FRONT_CAMERAS)})"
