"""How good a network is on the frame in view and on all frames seen with it, each counted once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from app.core.evaluation.confusion import Confusion
from app.core.prediction.result import PredictionReport


@dataclass(frozen=True)
class Scores:
    """``report`` of the frame in view, None until it is predicted; ``frame`` and ``total``: confusions of this
    frame and of the ``frames`` labelled ones seen, None without labels."""

    report: PredictionReport | None = None
    frame: Confusion | None = None
    total: Confusion | None = None
    frames: int = 0


class ScoreBook:
    """Adds up confusions as long as network and options stay the same; begins anew when they change."""

    def __init__(self) -> None:
        self.scores = Scores()
        self._seen: set[Hashable] = set()
        self._of: Hashable = None

    def clear(self) -> None:
        """Begin anew."""
        self.scores = Scores()
        self._seen = set()
        self._of = None

    def take(self, frame: Hashable, report: PredictionReport) -> bool:
        """The frame in view has been predicted; ``frame`` is what it is known by. Whether that is news."""
        made_by = (report.identity, report.votes, report.precision, report.device, report.classes)
        if made_by != self._of:
            self.clear()
            self._of = made_by
        if report is self.scores.report:
            return False
        now = self.scores
        if report.confusion is None:
            self.scores = Scores(report, None, now.total, now.frames)
            return True
        own = Confusion(report.classes, 0, report.confusion)
        total, frames = now.total, now.frames
        if frame not in self._seen:
            self._seen.add(frame)
            total, frames = own.copy() if total is None else total.copy(), frames + 1
            if now.total is not None:
                total.merge(own)
        self.scores = Scores(report, own, total, frames)
        return True

    def leave(self) -> bool:
        """The frame in view has not been predicted; what was counted stays. Whether that is news."""
        if self.scores.report is None:
            return False
        self.scores = Scores(None, None, self.scores.total, self.scores.frames)
        return True
