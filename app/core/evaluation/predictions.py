"""Where predictions come from: anything that gives train ids for a frame; here files, as SemanticKITTI has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.core.datasets._files import holds, read_records
from app.core.datasets._npy import read_npz
from app.core.errors import DataError
from app.core.labels import UNKNOWN, LabelSet
from app.core.types import Frame

SUFFIXES = (".label", ".npz")
LABEL = np.dtype("<u4")
"""One record of a ``.label`` file: the low half is the raw semantic id, the high half an instance."""


Waiting = Generator[str, None, np.ndarray]
"""Yields what is being done, now and then, so that slow work can be cancelled; returns an array."""


class Predictions(ABC):
    """Train ids for the frames of a recording."""

    @abstractmethod
    def train_ids(self, sequence: str, frame: Frame) -> np.ndarray:
        """(N,) uint8 train ids of the frame's points, 0 where nothing is predicted.

        ``DataError`` with one sentence where there is none for this frame.
        """

    def steps(self, sequence: str, frame: Frame) -> Waiting:
        """The same in steps; what takes seconds overrides this."""
        yield from ()
        return self.train_ids(sequence, frame)

    @abstractmethod
    def about(self) -> Mapping[str, Any]:
        """What a report says of their origin; JSON values."""

    def notes(self) -> tuple[str, ...]:
        """Sentences about what was odd so far."""
        return ()


class FilePredictions(Predictions):
    """Files ``sequences/NN/predictions/NAME.label`` of raw ids, read back through the label map, or ``NAME.npz``
    with train ids under ``prediction``, as ``predict`` writes both."""

    def __init__(self, root: Path, label_set: LabelSet, *, alone: bool = False) -> None:
        """``alone``: the recording has one sequence, so the files may lie in ``root`` itself."""
        self.root = root
        self._alone = alone
        self._label_set = label_set
        self._unlisted: Counter[int] = Counter()

    def train_ids(self, sequence: str, frame: Frame) -> np.ndarray:
        """See :meth:`Predictions.train_ids`. Raw ids that the label set does not list count as 0, and are told."""
        folder = folder_of(self.root, sequence, alone=self._alone, suffixes=SUFFIXES)
        packed = folder / f"{frame.name}.npz"
        if packed.exists() and not packed.with_suffix(".label").exists():
            return read_train_ids(packed, len(frame), self._label_set)
        raw = read_raw_ids(folder / f"{frame.name}.label", len(frame))
        ids = self._label_set.train_ids(raw)
        if (ids == UNKNOWN).any():
            self._unlisted.update(self._label_set.unknown_counts(raw))
        return np.where(ids == UNKNOWN, np.uint8(self._label_set.ignore), ids)

    def about(self) -> Mapping[str, Any]:
        """See :meth:`Predictions.about`."""
        return {"folder": str(self.root)}

    def notes(self) -> tuple[str, ...]:
        """See :meth:`Predictions.notes`."""
        if not self._unlisted:
            return ()
        listed = unlisted_text(self._unlisted)
        return (f"The predictions hold raw ids that {self._label_set.name} does not list: {listed}; they count as "
                f"misses. {TRAIN_ID_HINT}",)  # fmt: skip


TRAIN_ID_HINT = "If the files hold train ids (0 to 19), write raw ids instead."


def unlisted_text(counts: Mapping[int, int]) -> str:
    """Raw ids with their numbers of points, the commonest first, short."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    text = ", ".join(f"{raw} ({count} points)" for raw, count in ranked[:6])
    return text + (" …" if len(ranked) > 6 else "")


def folder_of(root: Path, sequence: str, *, alone: bool = False, suffixes: tuple[str, ...] = (".label",)) -> Path:
    """The folder with the prediction files of a sequence; ``DataError`` where there is none.

    ``root`` may be a folder of ``sequences``, ``sequences`` itself, one sequence's folder, or its folder of
    predictions; with ``alone`` also any folder with the files.
    """
    candidates = (
        root / "sequences" / sequence / "predictions",
        root / sequence / "predictions",
        *([root / "predictions"] if root.name == sequence else []),
        *([root] if root.name == "predictions" and root.parent.name == sequence else []),
    )
    for folder in candidates:
        if holds(folder, suffixes):
            return folder
    if alone and holds(root, suffixes):
        return root
    raise DataError(
        f"{root} holds no predictions for sequence {sequence}; expected {' or '.join(suffixes)} files in "
        f"{candidates[0]}."
    )


def read_raw_ids(path: Path, num_points: int) -> np.ndarray:
    """(N,) uint16 raw ids of a ``.label`` file; ``DataError`` where it is missing or has another count."""
    records = read_records(path, LABEL, "a label as uint32")
    if len(records) != num_points:
        raise DataError(
            f"{path} has {len(records)} predictions for a scan of {num_points} points; it belongs to another scan "
            "or was cut short, so predict that frame again."
        )
    return records.view("<u2")[::2]


def read_train_ids(path: Path, num_points: int, label_set: LabelSet) -> np.ndarray:
    """(N,) uint8 train ids under ``prediction`` of an NPZ, whose ``classes``, where it names them, must be those of
    the label set; ``DataError`` where something does not fit."""
    arrays = read_npz(path)
    ids = arrays.get("prediction")
    if ids is None or ids.shape != (num_points,) or ids.dtype != np.uint8:
        found = "no such array" if ids is None else f"{ids.dtype} {ids.shape}"
        raise DataError(f"{path} must hold 'prediction', {num_points} train ids as uint8; found {found}.")
    wanted = [label_set.class_name(i) for i in range(1, max(entry.id for entry in label_set.classes) + 1)]
    names = [str(name) for name in arrays["classes"].ravel()[1:]] if "classes" in arrays else wanted
    if names != wanted:
        raise DataError(f"{path} holds other classes ({', '.join(names[:3])} …) than the labels' {label_set.name}.")
    if len(ids) and ids.max() > len(wanted):
        raise DataError(f"{path} holds train id {ids.max()}, but the labels' classes end at {len(wanted)}.")
    return ids
