"""The queue in view, refined: what the layers show, the panel reports and stories are told from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.affinity.affinity import AffinityOptions
from app.core.affinity.embeddings import Embeddings
from app.core.affinity.inspecting import Accuracy, FlipPair, QueueOptions, QueueReport, QueueTable
from app.core.affinity.queue_frames import QueueFrame
from app.core.geometry import superpoints, visibility
from app.core.language.feature_store import digest


@dataclass(frozen=True, eq=False)
class QueueView:
    """A queue of n instances and C classes around a frame.

    Attributes
    ----------
    frames : of the queue, in order; ``place`` of the one in view among them
    words : EMB and what it was made of
    before, after : (n, C) float32 shares: equation 4, and after the walk
    walk : its numbers; None: no affinity
    labels : (3, N) uint8 train ids of the points of the frame in view: before, after, and with what was said by
        hand
    touched : (N,) bool: points that somebody spoke of
    ignore : train id of points without a label
    options : what it was made with
    center : index of the frame that the queue is gathered around
    lacking : indices of frames in reach without features
    notes : sentences
    seconds, total_seconds : of the walk, and of everything
    """

    frames: tuple[QueueFrame, ...]
    place: int
    words: Embeddings
    before: np.ndarray
    after: np.ndarray
    walk: AffinityOptions | None
    labels: np.ndarray
    touched: np.ndarray
    ignore: int
    options: QueueOptions
    center: int
    lacking: tuple[int, ...]
    notes: tuple[str, ...]
    seconds: float
    total_seconds: float

    @property
    def own(self) -> QueueFrame:
        """The frame in view."""
        return self.frames[self.place]

    @property
    def starts(self) -> np.ndarray:
        """(f + 1,) int64 first row of each frame's instances, and their number."""
        return np.cumsum([0, *(len(frame) for frame in self.frames)])

    @property
    def own_rows(self) -> slice:
        """Rows of the frame in view."""
        starts = self.starts
        return slice(int(starts[self.place]), int(starts[self.place + 1]))

    @property
    def nbytes(self) -> int:
        """Memory of what is not kept for itself."""
        return self.before.nbytes + self.after.nbytes + self.labels.nbytes + self.touched.nbytes

    def at(self, row: int) -> tuple[QueueFrame, int]:
        """The frame of a row of the queue, and its row there."""
        place = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.frames[place], row - int(self.starts[place])

    def classes_of(self, shares: np.ndarray) -> np.ndarray:
        """(n,) uint8 train ids with the greatest share; of equal ones the class that comes first."""
        return np.asarray(self.words.ids[shares.argmax(axis=1)])

    def own_classes(self, *, refined: bool) -> np.ndarray:
        """(K,) uint8 labels of the instances of the frame in view."""
        return self.classes_of((self.after if refined else self.before)[self.own_rows])

    @property
    def origin(self) -> str:
        """How the labels were made, in one line."""
        labels, numbers = self.options.labels, self.walk
        how = "without affinity" if numbers is None else f"β {numbers.beta:g}, scale {numbers.scale:.3g}"
        grouping, rule = superpoints.describe(labels.grouping), visibility.describe(labels.rule)
        return f"queue of {len(self.before)} superpoints in {len(self.frames)} frames, {how}; {grouping}; {rule}"

    @property
    def digest(self) -> str:
        """Differs as soon as rows mean other instances."""
        return digest("\n".join(f"{frame.index} {frame.content}" for frame in self.frames))


def report_of(view: QueueView) -> QueueReport:
    """Accuracy, flips, and a line for each instance."""
    table = table_of(view)
    rows = view.own_rows
    truth_known = bool((table.truth >= 0).any())
    return QueueReport(
        frames=tuple(frame.index for frame in view.frames),
        lacking=view.lacking,
        center=view.center,
        instances=len(table),
        own=(rows.start, rows.stop),
        names=dict(zip(view.words.ids.tolist(), view.words.names, strict=True)),
        truth_known=truth_known,
        before=accuracy_of(view, table.before, table.truth),
        after=accuracy_of(view, table.after, table.truth),
        flips=flip_pairs(table),
        by_class=_by_class(table),
        seconds=view.seconds,
        total_seconds=view.total_seconds,
        scale=0.0 if view.walk is None else view.walk.scale,
        beta=0.0 if view.walk is None else view.walk.beta,
        notes=view.notes,
        table=table,
        digest=view.digest,
    )


def table_of(view: QueueView) -> QueueTable:
    """A line for each instance."""
    frames = view.frames
    return QueueTable(
        frame=np.repeat([frame.index for frame in frames], [len(frame) for frame in frames]).astype(np.int32),
        superpoint=np.concatenate([frame.regions.segment for frame in frames]),
        center=np.concatenate([frame.regions.center for frame in frames]),
        points=np.concatenate([frame.regions.points for frame in frames]),
        before=view.classes_of(view.before),
        after=view.classes_of(view.after),
        truth=np.concatenate([frame.true_class for frame in frames]),
        margin_before=margins(view.before),
        margin_after=margins(view.after),
    )


def margins(shares: np.ndarray) -> np.ndarray:
    """(n,) float32 best share minus the second best; the share itself where there is one class alone."""
    if shares.shape[1] < 2:
        return shares[:, 0].astype(np.float32)
    best = np.partition(shares, -2, axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0], np.float32)


def accuracy_of(view: QueueView, labels: np.ndarray, truth: np.ndarray) -> Accuracy:
    """How many instances, and how many of their points, have the right class."""
    judged = truth >= 0
    right = points = 0
    for frame, start in zip(view.frames, view.starts, strict=False):
        if len(frame) and frame.truth.shape[1]:
            own = labels[start : start + len(frame)]
            points += int(frame.truth.sum())
            right += int(frame.truth[np.arange(len(frame)), own].sum())
    return Accuracy(int((labels[judged] == truth[judged]).sum()), int(judged.sum()), right, points)


def flip_pairs(table: QueueTable) -> tuple[FlipPair, ...]:
    """Flips by pair of classes, the most frequent first."""
    found: dict[tuple[int, int], list[int]] = {}
    for row in table.flips.tolist():
        pair = int(table.before[row]), int(table.after[row])
        counts = found.setdefault(pair, [0, 0, 0])
        truth = int(table.truth[row])
        counts[0] += 1
        counts[1] += int(truth == pair[1])
        counts[2] += int(truth == pair[0])
    pairs = [FlipPair(*pair, *counts) for pair, counts in found.items()]
    return tuple(sorted(pairs, key=lambda one: (-one.count, one.before, one.after)))


def _by_class(table: QueueTable) -> dict[int, tuple[int, int, int]]:
    """Train id → instances with that ground truth, right before, right after."""
    found = {}
    for train_id in np.unique(table.truth[table.truth >= 0]).tolist():
        mine = table.truth == train_id
        right = int((table.before[mine] == train_id).sum()), int((table.after[mine] == train_id).sum())
        found[int(train_id)] = (int(mine.sum()), *right)
    return found
