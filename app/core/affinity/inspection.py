"""What a report on pseudo-labels says: numbers over queues, and which flips teach most."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.core.affinity.inspecting import QueueReport
from app.core.affinity.queue_view import QueueView, report_of

MOST = 20
"""Flips that are shown as pictures."""

BETTER, WORSE, OTHER, UNKNOWN = "better", "worse", "wrong before and after", "no ground truth"


@dataclass(frozen=True)
class Flip:
    """A superpoint that the walk gave another label: ``row`` of queue ``queue``; train ids; best share minus
    second best before and after; ``verdict`` on it."""

    queue: int
    row: int
    frame: int
    name: str
    superpoint: int
    points: int
    before: int
    after: int
    truth: int
    margin_before: float
    margin_after: float
    verdict: str

    @property
    def clearness(self) -> float:
        """How sure CLIP was of one thing and the walk of another: what is clear teaches more than a tie."""
        return self.margin_before + self.margin_after


@dataclass
class Inspection:
    """Sums over queues, filled by :meth:`add`: ``instances``, those ``judged`` by ground truth, and how many of
    them are right; ``points`` alike; ``confusion_before``, ``confusion_after`` (train id of the truth, of the
    label)."""

    names: dict[int, str]
    instances: int = 0
    judged: int = 0
    right_before: int = 0
    right_after: int = 0
    points: int = 0
    points_before: int = 0
    points_after: int = 0
    flips: list[Flip] = field(default_factory=list)
    confusion_before: np.ndarray = field(default_factory=lambda: np.zeros((256, 256), np.int64))
    confusion_after: np.ndarray = field(default_factory=lambda: np.zeros((256, 256), np.int64))

    def add(self, number: int, view: QueueView) -> QueueReport:
        """Count a queue."""
        report = report_of(view)
        table = report.table
        self.instances += len(table)
        self.judged += report.before.instances
        self.right_before += report.before.instances_right
        self.right_after += report.after.instances_right
        self.points += report.before.points
        self.points_before += report.before.points_right
        self.points_after += report.after.points_right
        known = table.truth >= 0
        np.add.at(self.confusion_before, (table.truth[known], table.before[known]), 1)
        np.add.at(self.confusion_after, (table.truth[known], table.after[known]), 1)
        names = {frame.index: frame.name for frame in view.frames}
        for row in table.flips.tolist():
            before, after, truth = (int(part[row]) for part in (table.before, table.after, table.truth))
            self.flips.append(
                Flip(
                    queue=number,
                    row=row,
                    frame=int(table.frame[row]),
                    name=names[int(table.frame[row])],
                    superpoint=int(table.superpoint[row]),
                    points=int(table.points[row]),
                    before=before,
                    after=after,
                    truth=truth,
                    margin_before=float(table.margin_before[row]),
                    margin_after=float(table.margin_after[row]),
                    verdict=verdict(before, after, truth),
                )
            )
        return report

    @property
    def pairs(self) -> list[tuple[int, int, int, int, int]]:
        """Before, after, count, better, worse; the most frequent first."""
        found: dict[tuple[int, int], list[int]] = {}
        for flip in self.flips:
            counts = found.setdefault((flip.before, flip.after), [0, 0, 0])
            counts[0] += 1
            counts[1] += flip.verdict == BETTER
            counts[2] += flip.verdict == WORSE
        listed = [(*pair, counts[0], counts[1], counts[2]) for pair, counts in found.items()]
        return sorted(listed, key=lambda one: (-one[2], one[0], one[1]))

    @property
    def classes(self) -> list[tuple[int, int, int, int]]:
        """Train id, superpoints with that ground truth, right before, right after."""
        found = []
        for train_id in np.flatnonzero(self.confusion_before.any(axis=1)).tolist():
            was, now = (int(one[train_id, train_id]) for one in (self.confusion_before, self.confusion_after))
            found.append((train_id, int(self.confusion_before[train_id].sum()), was, now))
        return found

    def name(self, train_id: int) -> str:
        """Of a class."""
        return self.names.get(train_id, "unknown")

    def summary(self) -> dict[str, Any]:
        """For a JSON file and for scripts; shares are null without ground truth."""
        return {
            "superpoints": self.instances,
            "judged": self.judged,
            "accuracy_before": share(self.right_before, self.judged),
            "accuracy_after": share(self.right_after, self.judged),
            "labelled_points": self.points,
            "point_accuracy_before": share(self.points_before, self.points),
            "point_accuracy_after": share(self.points_after, self.points),
            "flips": len(self.flips),
            "helped": sum(flip.verdict == BETTER for flip in self.flips),
            "hurt": sum(flip.verdict == WORSE for flip in self.flips),
        }


def share(part: int, whole: int) -> float | None:
    """Part of a whole, None of nothing."""
    return part / whole if whole else None


def verdict(before: int, after: int, truth: int) -> str:
    """What a flip did."""
    if truth < 0:
        return UNKNOWN
    return BETTER if after == truth else WORSE if before == truth else OTHER


def instructive(flips: Sequence[Flip], most: int = MOST) -> list[Flip]:
    """The flips that teach most: in turns the clearest of every kind (pair of classes and verdict), frequent kinds
    first."""
    kinds: dict[tuple[int, int, str], list[Flip]] = {}
    for flip in flips:
        kinds.setdefault((flip.before, flip.after, flip.verdict), []).append(flip)
    turns = sorted(kinds.values(), key=lambda found: (-len(found), found[0].before, found[0].after))
    for found in turns:
        found.sort(key=lambda flip: (-flip.clearness, flip.frame, flip.superpoint))
    chosen: list[Flip] = []
    for place in range(max(map(len, turns), default=0)):
        chosen += [found[place] for found in turns if place < len(found)]
        if len(chosen) >= most:
            break
    return chosen[:most]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file's content."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()
