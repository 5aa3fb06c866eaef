"""From instances to points (§3.4): who gets a pseudo-label, who keeps its own, who is ignored."""

from __future__ import annotations

import numpy as np

from app.core.labels import UNKNOWN, LabelSet


def guarded(row: np.ndarray, visible: np.ndarray | None) -> np.ndarray:
    """(N,) int32 instance whose label a point gets, −1 none.

    Parameters
    ----------
    row : (N,) int32 instance of each point, −1 none
    visible : (N, C) bool points that C cameras see; None: all points of instances get its label
    """
    if visible is None:
        return row
    return np.where(visible.any(axis=1), row, np.int32(-1))


def point_labels(row: np.ndarray, classes: np.ndarray, seen: np.ndarray | None, ignore: int) -> np.ndarray:
    """(N,) uint8 train ids of points.

    Parameters
    ----------
    row : (N,) int32 instance whose label a point gets, −1 none
    classes : (K,) uint8 train ids of the instances
    seen : (N,) uint8 ground truth of seen classes, ``ignore`` where it is none of these; None: nothing is annotated
    ignore : train id of points that are left out
    """
    labels = np.full(len(row), ignore, np.uint8) if seen is None else seen.copy()
    labels[row >= 0] = classes[row[row >= 0]]
    return labels


def seen_truth(raw: np.ndarray, label_set: LabelSet, unseen: tuple[int, ...]) -> np.ndarray:
    """(N,) uint8 train ids of points of seen classes, the ignored id for all others."""
    truth = label_set.train_ids(raw).copy()
    truth[np.isin(truth, (*unseen, UNKNOWN))] = label_set.ignore
    return truth


def truth_counts(raw: np.ndarray, row: np.ndarray, instances: int, label_set: LabelSet) -> np.ndarray:
    """(K, T) int32: of the points that get an instance's label, how many are of each train id; unlabelled ones
    count nowhere. T is one more than the largest train id."""
    ids = max(entry.id for entry in label_set.classes) + 1
    truth = label_set.train_ids(raw)
    good = (row >= 0) & (truth != label_set.ignore) & (truth != UNKNOWN)
    pairs = row[good].astype(np.int64) * ids + truth[good]
    return np.bincount(pairs, minlength=instances * ids).reshape(instances, ids).astype(np.int32)
