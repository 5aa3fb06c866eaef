"""Counts of what was predicted for what is there, and the measures that follow from them.

Behley et al., "SemanticKITTI", ICCV 2019; the counting of semantic-kitti-api's ``np_ioueval``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.core.errors import DataError
from app.core.evaluation.protocols import OFFICIAL, Protocol, find
from app.core.labels import UNKNOWN, LabelSet

_TINY = 1e-15


def confusion(pred: np.ndarray, true: np.ndarray, classes: int) -> np.ndarray:
    """Count pairs of train ids.

    Parameters
    ----------
    pred, true : (N,) integers from 0 to ``classes`` − 1; 255 (unknown) counts as 0
    classes : train ids, the ignored one included (SemanticKITTI: 20)

    Returns
    -------
    (classes, classes) int64, rows prediction, columns truth, as semantic-kitti-api has them

    Raises
    ------
    ValueError
        The shapes differ, or an id is out of range.
    """
    if pred.shape != true.shape or pred.ndim != 1:
        raise ValueError(f"pred and true must be (N,) and of one length; found {pred.shape} and {true.shape}")
    rows, columns = _known(pred, classes), _known(true, classes)
    return np.bincount(rows * classes + columns, minlength=classes * classes).reshape(classes, classes)


def _known(ids: np.ndarray, classes: int) -> np.ndarray:
    wide = ids.astype(np.int64)
    if classes <= UNKNOWN:
        wide[wide == UNKNOWN] = 0
    if len(wide) and not 0 <= wide.min() <= wide.max() < classes:
        raise ValueError(f"train ids go from {wide.min()} to {wide.max()}; 0 to {classes - 1} is allowed")
    return wide


class Confusion:
    """A confusion that grows, and its measures.

    ``matrix`` (C, C) int64, rows prediction, columns truth, indexed by train id. ``classes``: a name for each
    train id, "" for an id that no class has. ``ignore``: the id that carries no class, or None: points whose
    truth it is count nowhere, and predicting it for a labelled point is a miss.
    """

    def __init__(self, classes: Sequence[str], ignore: int | None = 0, matrix: np.ndarray | None = None) -> None:
        """Begin with zeros, or with ``matrix`` (C, C); ``ValueError`` where that has another shape."""
        self.classes = tuple(classes)
        self.ignore = ignore
        size = len(self.classes)
        self.matrix = np.zeros((size, size), np.int64) if matrix is None else np.array(matrix, np.int64)
        if self.matrix.shape != (size, size):
            raise ValueError(f"matrix must be ({size}, {size}) for {size} classes; found {self.matrix.shape}")

    @classmethod
    def of(cls, label_set: LabelSet) -> Confusion:
        """An empty one for the classes of a label set."""
        names = {entry.id: entry.name for entry in label_set.classes}
        ignore = label_set.ignore if label_set.ignore in names else None
        return cls([names.get(i, "") for i in range(max(names) + 1)], ignore)

    def add(self, pred: np.ndarray, true: np.ndarray) -> None:
        """Count more points: (N,) train ids each; see :func:`confusion`."""
        self.matrix += confusion(pred, true, len(self.classes))

    def merge(self, other: Confusion) -> None:
        """Add the counts of another one; ``ValueError`` where its classes are others."""
        if (self.classes, self.ignore) != (other.classes, other.ignore):
            raise ValueError("confusions of different classes cannot be added")
        self.matrix += other.matrix

    def copy(self) -> Confusion:
        """An independent copy."""
        return Confusion(self.classes, self.ignore, self.matrix)

    @property
    def counted(self) -> np.ndarray:
        """(C,) bool: ids that are classes and are not ignored."""
        return np.array([bool(name) and i != self.ignore for i, name in enumerate(self.classes)], bool)

    @property
    def present(self) -> np.ndarray:
        """(C,) bool: counted classes that at least one labelled point has."""
        return self.counted & (self.labelled.sum(axis=0) > 0)

    @property
    def labelled(self) -> np.ndarray:
        """(C, C) int64: the counts of points whose truth is a class; the ignored column is zero."""
        matrix = self.matrix.copy()
        if self.ignore is not None:
            matrix[:, self.ignore] = 0
        return matrix

    @property
    def points(self) -> int:
        """Labelled points that were counted."""
        return int(self.labelled.sum())

    def iou(self, protocol: str | Protocol = OFFICIAL) -> np.ndarray:
        """(C,) float64 intersection over union; NaN for ids that the protocol's mean leaves out."""
        protocol = find(protocol) if isinstance(protocol, str) else protocol
        matrix = self.labelled
        hits, truths = np.diag(matrix), matrix.sum(axis=0)
        iou = hits / (truths + matrix.sum(axis=1) - hits + _TINY)
        iou[truths == 0] = protocol.absent
        iou[~self.counted] = np.nan
        return iou

    def miou(self, protocol: str | Protocol = OFFICIAL, among: Sequence[str] | None = None) -> float:
        """Mean IoU over the protocol's classes, or those of them named in ``among``; NaN where there is none."""
        iou = self.iou(protocol)
        if among is not None:
            iou = iou[[i for i, name in enumerate(self.classes) if name in set(among)]]
        iou = iou[~np.isnan(iou)]
        return float(iou.mean()) if len(iou) else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of the labelled points whose class was predicted; NaN without any.

        semantic-kitti-api's accuracy leaves points out for which 0 was predicted; here they are misses.
        """
        matrix = self.labelled
        return float(np.trace(matrix) / matrix.sum()) if matrix.any() else float("nan")

    @property
    def recall(self) -> np.ndarray:
        """(C,) float64 share of a class's points that were found; NaN where it has none."""
        matrix = self.labelled
        return self._share(np.diag(matrix), matrix.sum(axis=0))

    @property
    def precision(self) -> np.ndarray:
        """(C,) float64 share of the points predicted as a class that are of it; NaN where it never was."""
        matrix = self.labelled
        return self._share(np.diag(matrix), matrix.sum(axis=1))

    def _share(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        share = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
        share[~self.counted] = np.nan
        return share

    def by_class(self, values: np.ndarray) -> dict[str, float | None]:
        """Values (C,) by class name, ignored ids left out; None where a value is NaN, as JSON needs it."""
        chosen = np.flatnonzero(self.counted)
        return {self.classes[i]: None if np.isnan(values[i]) else float(values[i]) for i in chosen}

    def to_json(self) -> dict[str, Any]:
        """A JSON object that :meth:`from_json` reads."""
        return {"classes": list(self.classes), "ignore": self.ignore, "matrix": self.matrix.tolist()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Confusion:
        """Read what :meth:`to_json` wrote; ``DataError`` where it is something else."""
        try:
            matrix = np.array(content["matrix"])
            classes = [str(name) for name in content["classes"]]
            ignore = content["ignore"]
            if matrix.dtype.kind != "i" or matrix.min(initial=0) < 0:
                raise ValueError("counts are whole numbers from 0")
            if ignore is not None and not 0 <= ignore < len(classes):
                raise ValueError("'ignore' is no train id")
            return cls(classes, ignore, matrix)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"This is no confusion matrix of LidarScope ({error}); write it again.") from None
