"""How right pseudo-labels are, before and after the walk, and what it flipped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.core.affinity.sidecar import Sidecar


@dataclass(frozen=True)
class Flips:
    """Instances of a pair of classes that the walk moved ``before`` → ``after``: ``count`` of them; ``helped``: it
    was wrong and is right; ``hurt``: it was right and is wrong."""

    before: str
    after: str
    count: int
    helped: int
    hurt: int


@dataclass
class Score:
    """Counts over frames, filled by :meth:`add`.

    ``instances`` kept; ``judged``: those whose points carry ground truth, the most frequent of which is theirs;
    ``right_before``, ``right_after`` of these; ``points`` with ground truth that got a label, and how many of them
    are right; ``flips`` by pair.
    """

    instances: int = 0
    judged: int = 0
    right_before: int = 0
    right_after: int = 0
    points: int = 0
    points_before: int = 0
    points_after: int = 0
    by_class: dict[str, list[int]] = field(default_factory=dict)
    _flips: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def add(self, sidecar: Sidecar) -> None:
        """Count a refined frame."""
        if not len(sidecar):
            return
        before, after = sidecar.labels(refined=False), sidecar.labels()
        name = dict(zip(sidecar.classes.tolist(), sidecar.names, strict=True))
        truth = np.full(len(sidecar), -1)
        if sidecar.truth.shape[1]:
            total = sidecar.truth.sum(axis=1)
            truth[total > 0] = sidecar.truth.argmax(axis=1)[total > 0]
            rows = np.arange(len(sidecar))
            self.points += int(total.sum())
            self.points_before += int(sidecar.truth[rows, before].sum())
            self.points_after += int(sidecar.truth[rows, after].sum())
        was, now, known = before == truth, after == truth, truth >= 0
        self.instances += len(sidecar)
        self.judged += int(known.sum())
        self.right_before += int(was.sum())
        self.right_after += int(now.sum())
        for place in np.flatnonzero(known):
            counts = self.by_class.setdefault(name.get(int(truth[place]), "another class"), [0, 0, 0])
            counts[0] += 1
            counts[1] += int(was[place])
            counts[2] += int(now[place])
        for place in np.flatnonzero(before != after):
            pair = name[int(before[place])], name[int(after[place])]
            counted = self._flips.setdefault(pair, Counter())
            counted["count"] += 1
            counted["helped"] += int(now[place])
            counted["hurt"] += int(was[place])

    @property
    def flips(self) -> tuple[Flips, ...]:
        """By pair of classes, the most frequent first."""
        found = [Flips(*pair, c["count"], c["helped"], c["hurt"]) for pair, c in self._flips.items()]
        return tuple(sorted(found, key=lambda flip: (-flip.count, flip.before, flip.after)))

    @property
    def accuracy(self) -> tuple[float, float] | None:
        """Shares of the judged instances that are right, before and after; None where there is no ground truth."""
        return (self.right_before / self.judged, self.right_after / self.judged) if self.judged else None

    @property
    def point_accuracy(self) -> tuple[float, float] | None:
        """The same over points."""
        return (self.points_before / self.points, self.points_after / self.points) if self.points else None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file and for scripts."""
        before, after = self.accuracy or (None, None)
        points_before, points_after = self.point_accuracy or (None, None)
        return {
            "superpoints": self.instances,
            "judged": self.judged,
            "accuracy_before": before,
            "accuracy_after": after,
            "labelled_points": self.points,
            "point_accuracy_before": points_before,
            "point_accuracy_after": points_after,
            "classes": {
                name: {"superpoints": n, "right_before": was, "right_after": now}
                for name, (n, was, now) in sorted(self.by_class.items())
            },
            "flips": sum(flip.count for flip in self.flips),
            "helped": sum(flip.helped for flip in self.flips),
            "hurt": sum(flip.hurt for flip in self.flips),
            "flips_by_pair": [
                {"before": f.before, "after": f.after, "count": f.count, "helped": f.helped, "hurt": f.hurt}
                for f in self.flips
            ],
        }
