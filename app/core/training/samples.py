"""Training samples: each a pure function of the recipe, the data, and the sample's number.

So the order of the data needs no state: a run that goes on, and one that is spread over processes, sees what an
unbroken one would have seen.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.datasets import open_dataset
from app.core.datasets.base import Dataset
from app.core.errors import DataError
from app.core.evaluation.regions import front_camera, seen_by
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import UNKNOWN, LabelSet
from app.core.model_card import classes_of, label_set_name
from app.core.network_inputs import frame_columns, network_input
from app.core.tasks.context import ByteCache
from app.core.training.augment import augmented, chosen_voxels
from app.core.training.recipe import Recipe
from app.core.training.split import Scan, Split, split_of
from app.core.types import Frame

if TYPE_CHECKING:
    from app.core.training.language_targets import LanguageTargets, Readout
    from app.core.training.occupancy_targets import Asked, Lines, OccupancyTargets
    from app.core.training.pictures import Cut, Pictures, View
    from app.core.training.pseudo_targets import PseudoTargets
    from app.core.training.text_classes import TextClasses

log = logging.getLogger(__name__)

_ORDER, _SAMPLE, _QUERIES = 1, 2, 3
"""First words of the random streams for the order of an epoch, the changes of a sample, and what it is asked."""


@dataclass(frozen=True)
class Sample:
    """One scan as voxels: coords (V, 4) int32, feats (V, C) float32, targets (V,) int64 channels or −1; where
    features are learnt, ``wanted`` (W, D) float16 holds them and targets are its rows; ``cut``: of a picture that
    shows some of them; ``asked``: places, and whether something is there."""

    coords: np.ndarray
    feats: np.ndarray
    targets: np.ndarray
    scan: Scan
    wanted: np.ndarray | None = None
    cut: Cut | None = None
    asked: Asked | None = None


@dataclass(frozen=True)
class Decoded:
    """What is kept of a scan: points (N, 3) float32, columns, targets (N,) int16 channels or −1, and views of its
    pictures, or lines of sight, where they teach."""

    points: np.ndarray
    columns: dict[str, np.ndarray]
    targets: np.ndarray | None
    views: tuple[View, ...] = ()
    lines: Lines | None = None

    def part(self, inside: np.ndarray) -> Decoded:
        """Of the points those (N,) bool ``inside``."""
        number = np.cumsum(inside) - 1
        views = []
        for view in self.views:
            seen = inside[view.rows]
            rows = number[view.rows[seen]].astype(np.int32)
            views.append(replace(view, rows=rows, places=view.places[seen]))
        return replace(
            self,
            points=self.points[inside],
            columns={name: column[inside] for name, column in self.columns.items()},
            targets=None if self.targets is None else self.targets[inside],
            views=tuple(view for view in views if len(view.rows)),
        )

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        held = [self.points, *self.columns.values(), *([] if self.targets is None else [self.targets])]
        sights = 0 if self.lines is None else self.lines.nbytes
        return sum(array.nbytes for array in held) + sum(view.nbytes for view in self.views) + sights


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
        self._mute: set[Scan] = set()
        self._language = self._teacher(data)
        self._taught_scans = frozenset(self.split.train)
        self._pseudo = self._pseudo_targets(data)
        self.words = self._text_classes()
        self._pictures = self._of_pictures()
        self.occupancy = self._occupancy_targets()

    def sample(self, number: int) -> Sample:
        """Training sample ``number`` (0, 1 …): passes over all scans, each in another order."""
        count = len(self.split.train)
        for further in range(count):
            scan = self.split.train[self._row(number, further)]
            if scan in self._mute:
                continue
            decoded = self.decoded(scan)
            taught = self._taught(scan, decoded)
            if taught is not None:
                return self._voxels(scan, decoded, *taught, number)
            self._mute.add(scan)
            lacks = "labels" if self._language is None else "points that a picture shows"
            log.info("Scan %s has no %s; the next one is taken in its place.", scan, lacks)
        if self._language is not None:
            why = self._language.why_none(self.split.train[0])
            raise DataError(f"None of the {count} training scans of {self.dataset.path} can teach: {why}")
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

    def close(self) -> None:
        """Let go of what a sample that is being made may be waiting for."""
        if self._language is not None:
            self._language.close()

    @property
    def clip(self) -> str:
        """Identity of the CLIP whose features are learnt; "" where classes are."""
        return "" if self._language is None else self._language.info.identity

    @property
    def teaches_classes(self) -> bool:
        """Whether the network gives scores of classes."""
        return self._language is None and self.occupancy is None

    @property
    def outputs(self) -> int:
        """Values a point that the network gives: scores of classes, a feature, or a latent."""
        if self.occupancy is not None:
            return self.occupancy.latent
        return len(self.classes) if self._language is None else self._language.info.embed_dim

    @property
    def unseen(self) -> tuple[str, ...]:
        """Classes without annotation, where others have some; their scores are told apart."""
        return () if self._pseudo is None else self._pseudo.unseen

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the card of the network."""
        if self.words is None:
            return ()
        return (f"Its last layer is the embeddings of the classes' words by CLIP {self.words.clip}.",)

    @cached_property
    def readout(self) -> Readout | None:
        """What turns a network's features into classes; None where it gives scores of classes itself."""
        return None if self._language is None else self._language.readout(self.label_set)

    def identity(self) -> dict[str, Any]:
        """What tells these data from others: names, lengths and the first training scan's points."""
        first = self.decoded(self.split.train[0])
        return {
            "format": self.dataset.format,
            "sequences": {sequence.name: len(sequence) for sequence in self.dataset.sequences},
            "train_scans": len(self.split.train),
            "val_scans": len(self.split.val),
            "label_set": label_set_name(self.label_set),
            **({"clip": self.clip} if self.clip else {}),
            **({"labels": self._pseudo.identity} if self._pseudo is not None else {}),
            **({"words": self.words.identity} if self.words is not None else {}),
            "first_scan": hashlib.sha256(np.ascontiguousarray(first.points).tobytes()).hexdigest()[:16],
        }

    def _row(self, number: int, further: int) -> int:
        count = len(self.split.train)
        epoch, place = divmod(number, count)
        if self._order[0] != epoch:
            order = np.random.default_rng([self.recipe.seed, _ORDER, epoch]).permutation(count)
            self._order = (epoch, order)
        return int(self._order[1][(place + further) % count])

    def _teacher(self, data: Path) -> LanguageTargets | None:
        from app.core.training.recipes.distill import Distill

        if not isinstance(self.recipe, Distill):
            return None
        from app.core.training.language_targets import LanguageTargets

        return LanguageTargets((data, Path(self.recipe.val_data or data)), self.recipe, self.split.train)

    def _taught(self, scan: Scan, decoded: Decoded) -> tuple[np.ndarray, np.ndarray | None] | None:
        """(N,) int target of each point, −1 without one, and the features they are rows of; None: it teaches
        nothing."""
        if self._language is not None:
            with self._lock:
                found = self._language.of(scan)
            return None if found is None else (found.row, found.table)
        if decoded.targets is None:
            wanted = self.recipe.needs_labels or self._pseudo is not None
            return None if wanted else (np.full(len(decoded.points), -1), None)
        return decoded.targets, None

    def _voxels(
        self,
        scan: Scan,
        decoded: Decoded,
        targets: np.ndarray,
        wanted: np.ndarray | None,
        number: int,
    ) -> Sample:
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, _SAMPLE, number])
        points, rows, motion = augmented(decoded.points, recipe, rng)
        columns = {name: column[rows] for name, column in decoded.columns.items()}
        found = network_input(points, columns, recipe.columns, recipe.voxel_size)
        kept = chosen_voxels(len(found.first), recipe.max_points, rng)
        first = rows[found.first[kept]]
        chosen = targets[first].astype(np.int64)
        if wanted is not None:
            used, back = np.unique(chosen[chosen >= 0], return_inverse=True)
            chosen[chosen >= 0] = back
            wanted = wanted[used]
        cut = None if self._pictures is None else self._pictures.cut(decoded.views, first, rng)
        feats, asked = found.feats[kept], None
        if self.occupancy is not None and decoded.lines is not None:
            chance = np.random.default_rng([recipe.seed, _QUERIES, number])
            asked = self.occupancy.asked(decoded.lines, motion, feats[:, :3], chance)
        return Sample(found.coords[kept], feats, chosen, scan, wanted, cut, asked)

    def _read(self, scan: Scan) -> Decoded:
        dataset = self.val_dataset if scan.data else self.dataset
        assert dataset is not None
        sequence = dataset.sequence(scan.sequence)
        frame = sequence.read(scan.index)
        stored = frame_columns(frame)
        wanted = {name: np.array(stored[name], np.float32) for name in self.recipe.columns if name in stored}
        teaches = scan in self._taught_scans
        labels = self._own_labels(frame)
        if self._pseudo is not None and teaches:
            labels = self._pseudo.of(scan.sequence, frame)
        targets = None if labels is None else labels.astype(np.int16) - 1
        views = self._pictures.views(frame) if self._pictures is not None and teaches else ()
        if self._pictures is not None and teaches and not views:
            log.info("Scan %s has no picture that shows its points; its labels alone teach.", scan)
        lines = None if self.occupancy is None else self.occupancy.lines(sequence, frame)
        decoded = Decoded(np.array(frame.points, np.float32), wanted, targets, views, lines)
        return decoded.part(self._in_front(scan, frame)) if teaches and self._front_alone else decoded

    @property
    def _front_alone(self) -> bool:
        from app.core.training.recipes.affinity3d import Affinity3D

        return isinstance(self.recipe, Affinity3D) and self.recipe.front_view

    @staticmethod
    def _in_front(scan: Scan, frame: Frame) -> np.ndarray:
        """(N,) bool: in the picture of the front camera; ``DataError`` where there is none."""
        camera = front_camera(frame, None)
        if camera is None:
            raise DataError(f"Scan {scan} has no front camera; set front_view=false to train on whole scans.")
        return seen_by(frame.points, camera)

    def _own_labels(self, frame: Frame) -> np.ndarray | None:
        """(N,) train ids as recorded."""
        if frame.labels is None:
            return None
        ids = self.label_set.train_ids(frame.labels)
        return np.where(ids == UNKNOWN, np.uint8(self.label_set.ignore), ids)

    def _pseudo_targets(self, data: Path) -> PseudoTargets | None:
        from app.core.training.recipes._pseudo_labels import PseudoLabelled

        if not isinstance(self.recipe, PseudoLabelled):
            return None
        from app.core.training.pseudo_targets import PseudoTargets

        names = tuple(dict.fromkeys(scan.sequence for scan in self.split.train))
        return PseudoTargets(self.recipe, data, names, self.label_set)

    def _occupancy_targets(self) -> OccupancyTargets | None:
        from app.core.training.recipes.also import Also

        if not isinstance(self.recipe, Also):
            return None
        from app.core.training.occupancy_targets import OccupancyTargets

        return OccupancyTargets(self.recipe)

    def _text_classes(self) -> TextClasses | None:
        from app.core.training.recipes.affinity3d import Affinity3D

        if not isinstance(self.recipe, Affinity3D) or self._pseudo is None:
            return None
        from app.core.training.text_classes import TextClasses

        return TextClasses(self.recipe.clip, self._pseudo, self.label_set)

    def _of_pictures(self) -> Pictures | None:
        from app.core.training.recipes.affinity3d import Affinity3D

        if not isinstance(self.recipe, Affinity3D) or not self.recipe.transfer:
            return None
        from app.core.training.pictures import Pictures

        firsts = {scan.sequence: scan.index for scan in reversed(self.split.train)}
        frames = (self.dataset.sequence(name).read(index) for name, index in firsts.items())
        if not any(camera.image_path is not None for frame in frames for camera in frame.cameras):
            raise DataError(
                f"{self.dataset.path} has no calibrated camera with pictures, from which points could learn; set "
                "transfer=false to train on the labels alone."
            )
        return Pictures(self.recipe)

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
