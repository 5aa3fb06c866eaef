"""Training samples: each a pure function of the recipe, the data, and the sample's number.

So the order of the data needs no state: a run that goes on, and one that is spread over processes, sees what an
unbroken one would have seen.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.core.datasets import open_dataset
from app.core.datasets.base import Dataset
from app.core.errors import DataError
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import UNKNOWN, LabelSet
from app.core.model_card import classes_of, label_set_name
from app.core.network_inputs import frame_columns, network_input
from app.core.tasks.context import ByteCache
from app.core.training.augment import augmented, chosen_voxels
from app.core.training.recipe import Recipe
from app.core.training.split import Scan, Split, split_of

log = logging.getLogger(__name__)

_ORDER, _SAMPLE = 1, 2
"""First words of the random streams for the order of an epoch and for the changes of a sample."""


@dataclass(frozen=True)
class Sample:
    """One scan as voxels: coords (V, 4) int32, feats (V, C) float32, targets (V,) int64 channels or −1."""

    coords: np.ndarray
    feats: np.ndarray
    targets: np.ndarray
    scan: Scan


@dataclass(frozen=True)
class Decoded:
    """What is kept of a scan: points (N, 3) float32, columns, targets (N,) int16 channels or −1."""

    points: np.ndarray
    columns: dict[str, np.ndarray]
    targets: np.ndarray | None

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        held = [self.points, *self.columns.values(), *([] if self.targets is None else [self.targets])]
        return sum(array.nbytes for array in held)


class Samples:
    """The scans of a run, read when asked for and kept while there is room."""

    def __init__(self, data: Path, recipe: Recipe) -> None:
        """Open the data; ``DataError`` where it cannot be, or lacks the labels that the recipe needs."""
        self.recipe = recipe
        self.dataset = open_dataset(data)
        self.val_dataset = open_dataset(Path(recipe.val_data)) if recipe.val_data else None
        self.split: Split = split_of(self.dataset, self.val_dataset, recipe)
        self.label_set = self._label_set()
        self.classes = classes_of(self.label_set)
        self._lock = threading.Lock()
        self._cache = ByteCache(recipe.cache_mb << 20)
        self._order: tuple[int, np.ndarray] = (-1, np.zeros(0, np.int64))
        self._unlabelled: set[Scan] = set()

    def sample(self, number: int) -> Sample:
        """Training sample ``number`` (0, 1 …): passes over all scans, each in another order."""
        count = len(self.split.train)
        for further in range(count):
            scan = self.split.train[self._row(number, further)]
            if scan in self._unlabelled:
                continue
            decoded = self.decoded(scan)
            if decoded.targets is not None or not self.recipe.needs_labels:
                return self._voxels(scan, decoded, np.random.default_rng([self.recipe.seed, _SAMPLE, number]))
            self._unlabelled.add(scan)
            log.info("Scan %s has no labels; the next one is taken in its place.", scan)
        raise DataError(
            f"None of the {count} training scans of {self.dataset.path} has labels, which this recipe learns from."
        )

    def decoded(self, scan: Scan) -> Decoded:
        """A scan as recorded; ``DataError`` where it cannot be read (any more)."""
        with self._lock:  # the loader's thread and a validation may both ask
            held: Decoded | None = self._cache.get(scan)
            if held is None:
                held = self._read(scan)
                self._cache.put(scan, held, held.bytes)
            return held

    def class_counts(self, most: int) -> tuple[int, ...]:
        """Labelled points of each class over at most ``most`` training scans, evenly chosen."""
        train = self.split.train
        chosen = train if len(train) <= most else [train[i * len(train) // most] for i in range(most)]
        counts = np.zeros(len(self.classes), np.int64)
        for scan in chosen:
            targets = self.decoded(scan).targets
            if targets is not None:
                counts += np.bincount(targets[targets >= 0], minlength=len(counts))
        return tuple(int(count) for count in counts)

    def identity(self) -> dict[str, Any]:
        """What tells these data from others: names, lengths and the first training scan's points."""
        first = self.decoded(self.split.train[0])
        return {
            "format": self.dataset.format,
            "sequences": {sequence.name: len(sequence) for sequence in self.dataset.sequences},
            "train_scans": len(self.split.train),
            "val_scans": len(self.split.val),
            "label_set": label_set_name(self.label_set),
            "first_scan": hashlib.sha256(np.ascontiguousarray(first.points).tobytes()).hexdigest()[:16],
        }

    def _row(self, number: int, further: int) -> int:
        count = len(self.split.train)
        epoch, place = divmod(number, count)
        if self._order[0] != epoch:
            order = np.random.default_rng([self.recipe.seed, _ORDER, epoch]).permutation(count)
            self._order = (epoch, order)
        return int(self._order[1][(place + further) % count])

    def _voxels(self, scan: Scan, decoded: Decoded, rng: np.random.Generator) -> Sample:
        recipe = self.recipe
        points, rows = augmented(decoded.points, recipe, rng)
        columns = {name: column[rows] for name, column in decoded.columns.items()}
        found = network_input(points, columns, recipe.columns, recipe.voxel_size)
        kept = chosen_voxels(len(found.first), recipe.max_points, rng)
        first = rows[found.first[kept]]
        targets = np.full(len(first), -1) if decoded.targets is None else decoded.targets[first]
        return Sample(found.coords[kept], found.feats[kept], targets.astype(np.int64), scan)

    def _read(self, scan: Scan) -> Decoded:
        dataset = self.val_dataset if scan.data else self.dataset
        assert dataset is not None
        frame = dataset.sequence(scan.sequence).read(scan.index)
        stored = frame_columns(frame)
        wanted = {name: np.array(stored[name], np.float32) for name in self.recipe.columns if name in stored}
        targets = None
        if frame.labels is not None:
            ids = self.label_set.train_ids(frame.labels).astype(np.int16)
            ids[ids == UNKNOWN] = self.label_set.ignore
            targets = ids - 1
        return Decoded(np.array(frame.points, np.float32), wanted, targets)

    def _label_set(self) -> LabelSet:
        scans = [*self.split.train, *self.split.val]
        names = {(scan.data, scan.sequence) for scan in scans}
        sequences = [self._dataset(data).sequence(name) for data, name in sorted(names)]
        sets = [sequence.label_set for sequence in sequences if sequence.label_set is not None]
        trained = [self.dataset.sequence(name) for data, name in names if data == 0]
        if self.recipe.needs_labels and not any(sequence.has_labels for sequence in trained):
            raise DataError(f"{self.dataset.path} has no labels, which this recipe learns from; label it first.")
        if not sets and self.recipe.needs_labels:
            raise DataError(f"{self.dataset.path} does not say which classes its labels mean; give it a label map.")
        if not sets:
            log.info("The data name no classes: the network gets SemanticKITTI's outputs, which stay untrained.")
            return SEMANTIC_KITTI
        for other in sets[1:]:
            if classes_of(other) != classes_of(sets[0]):
                raise DataError(
                    f"Training and validation data have different classes ({sets[0].name}, {other.name})."
                )
        return sets[0]

    def _dataset(self, data: int) -> Dataset:
        found = self.val_dataset if data else self.dataset
        assert found is not None
        return found
