"""What the scores panel shows of a network's scores: classes in an order, their IoU, and who is taken for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.core.evaluation.confusion import Confusion
from app.core.evaluation.protocols import OFFICIAL, PRESENT
from app.core.prediction.classes import label_set_of
from app.core.prediction.result import PredictionReport
from app.core.prediction.scores import Scores
from app.ui import text

Scope = Literal["frame", "seen"]
Order = Literal["classes", "worst", "points"]


@dataclass(frozen=True)
class ScoreTable:
    """K classes that occur, as labels or as predictions, in the order of the rows; M of them are labelled.

    Attributes
    ----------
    ids, names, colors : train id, name and R, G, B of each
    columns : (M,) the rows of the labelled classes, in the same order: a column for each
    counts : (K, M) int64 labelled points, rows prediction, columns truth
    of_truth, of_prediction : (K, M) float64 the same as shares of its column and of its row; 0 where that is empty
    iou, other : (K,) float64 IoU in the chosen scope and in the other one, NaN where no label has the class
    means : mIoU by protocol, each with what it is the mean of
    """

    scope: Scope
    ids: tuple[int, ...]
    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    columns: tuple[int, ...]
    counts: np.ndarray
    of_truth: np.ndarray
    of_prediction: np.ndarray
    iou: np.ndarray
    other: np.ndarray
    means: tuple[tuple[float, str], ...]

    def __len__(self) -> int:
        return len(self.ids)

    def cell(self, row: int, column: int) -> str:
        """What one cell means, in one sentence."""
        count, truth, guess = int(self.counts[row, column]), self.names[self.columns[column]], self.names[row]
        share = f"{percent(self.of_truth[row, column])} of all {truth}"
        if self.right(row, column):
            return f"{points(count)} labelled {truth} found: {share}"
        back = f"{percent(self.of_prediction[row, column])} of what is called {guess}"
        return f"{points(count)} labelled {truth} called {guess}: {share}, {back}"

    def right(self, row: int, column: int) -> bool:
        """Whether a cell holds points that were called what they are labelled."""
        return self.columns[column] == row

    def cell_ids(self, row: int, column: int) -> tuple[int, int]:
        """Train ids of a cell: predicted, true."""
        return self.ids[row], self.ids[self.columns[column]]

    def cell_of(self, predicted: int, true: int) -> tuple[int, int] | None:
        """Row and column of two train ids, if the table has them."""
        labelled = [self.ids[place] for place in self.columns]
        known = predicted in self.ids and true in labelled
        return (self.ids.index(predicted), labelled.index(true)) if known else None

    def row(self, row: int) -> str:
        """How well one class does, in one sentence."""
        called = int(self.counts[row].sum())
        if row not in self.columns:
            return f"{self.names[row]}: no point is labelled so, {text.count(called)} called so"
        column = self.columns.index(row)
        labelled = int(self.counts[:, column].sum())
        where = "in this frame" if self.scope == "frame" else "over the frames seen"
        found = f"{percent(self.of_truth[row, row])} of {text.count(labelled)} found"
        right = (
            f", {percent(self.of_prediction[row, row])} of {text.count(called)} called so right" if called else ""
        )
        return f"{self.names[row]}: IoU {percent(self.iou[row])} {where}; {found}{right}"

    def mistakes(self, most: int) -> list[tuple[int, int]]:
        """(row, column) of the largest confusions, largest first."""
        wrong = self.counts.copy()
        wrong[list(self.columns), np.arange(len(self.columns))] = 0
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        cells = [divmod(int(place), len(self.columns)) for place in order]
        return [(row, column) for row, column in cells if wrong[row, column] > 0]


def score_of(scores: Scores, scope: Scope) -> Confusion | None:
    """The counts of this frame or of the frames seen; None where nothing was counted."""
    chosen = scores.frame if scope == "frame" else scores.total
    return chosen if chosen is not None and chosen.points else None


def score_table(scores: Scores, scope: Scope, order: Order, colors: np.ndarray | None = None) -> ScoreTable | None:
    """The table of this frame or of the frames seen; None where nothing was counted.

    ``colors`` (256, 3) uint8 by train id; None: those of the network's own classes.
    """
    chosen, other = score_of(scores, scope), score_of(scores, "seen" if scope == "frame" else "frame")
    if chosen is None:
        return None
    matrix = chosen.labelled
    ids = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1) > 0)
    iou = chosen.iou(PRESENT)
    ids = ids[_places(order, iou[ids], matrix.sum(axis=0)[ids])]
    columns = np.flatnonzero(matrix.sum(axis=0)[ids] > 0)
    counts = matrix[np.ix_(ids, ids[columns])]
    colors = _colors(scores.report) if colors is None else colors
    theirs = np.full(len(iou), np.nan) if other is None or other.classes != chosen.classes else other.iou(PRESENT)
    return ScoreTable(
        scope=scope,
        ids=tuple(int(i) for i in ids),
        names=tuple(chosen.classes[i] if i else "no class" for i in ids),
        colors=tuple((int(r), int(g), int(b)) for r, g, b in colors[ids]),
        columns=tuple(int(i) for i in columns),
        counts=counts,
        of_truth=_shares(counts, counts.sum(axis=0, keepdims=True)),
        of_prediction=_shares(counts, counts.sum(axis=1, keepdims=True)),
        iou=iou[ids],
        other=theirs[ids],
        means=means(chosen),
    )


def means(confusion: Confusion) -> tuple[tuple[float, str], ...]:
    """mIoU by the official protocol and over what is there, each named."""
    classes, there = int(confusion.counted.sum()), int(confusion.present.sum())
    return (
        (confusion.miou(OFFICIAL), f"mIoU of all {classes}, official"),
        (confusion.miou(PRESENT), f"mIoU of the {there} present"),
    )


def percent(share: float) -> str:
    """A share as it is written in the panel; a dash where there is none."""
    return "–" if share != share else f"{100 * share:.1f}\u2009%"


def points(amount: int) -> str:
    """A number of points in words."""
    return text.plural(amount, "point")


def _places(order: Order, iou: np.ndarray, amount: np.ndarray) -> np.ndarray:
    if order == "worst":
        return np.argsort(np.where(np.isnan(iou), np.inf, iou), kind="stable")
    if order == "points":
        return np.argsort(-amount, kind="stable")
    return np.arange(len(iou))


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _colors(report: PredictionReport | None) -> np.ndarray:
    """(256, 3) colours by train id; grey before there is a report."""
    return np.full((256, 3), 128, np.uint8) if report is None else label_set_of(report.card).colors
