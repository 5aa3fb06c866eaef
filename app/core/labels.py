"""Label sets: raw ids of a data set, the classes they stand for, their names and colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

UNKNOWN = 255
"""Train id of a raw id that the label set does not list. It is counted and shown, never folded."""

UNLABELED_COLOR = (92, 92, 98)
"""R, G, B of points without a class, where the label set would have them black."""


@dataclass(frozen=True)
class ClassInfo:
    """One class: ``id`` (train id), ``name``, ``color`` (R, G, B) and the ``raw_ids`` that mean it."""

    id: int
    name: str
    color: tuple[int, int, int]
    raw_ids: tuple[int, ...]


@dataclass(frozen=True)
class LabelSet:
    """The classes of a data set.

    ``raw_names`` names raw ids more finely than the classes do (``moving-car``), where known.
    ``ignore`` is the train id that carries no class (SemanticKITTI: 0, unlabeled).
    """

    name: str
    classes: tuple[ClassInfo, ...]
    raw_names: Mapping[int, str] = field(default_factory=dict)
    ignore: int = 0

    @cached_property
    def lut(self) -> np.ndarray:
        """(65536,) uint8: raw id to train id, ``UNKNOWN`` for raw ids that are not listed."""
        table = np.full(1 << 16, UNKNOWN, np.uint8)
        for entry in self.classes:
            table[list(entry.raw_ids)] = entry.id
        return table

    @cached_property
    def inverse(self) -> np.ndarray:
        """(256,) uint16: train id to the raw id that stands for it in files; 0 for ids that no class has.

        Of several raw ids it is the one that bears the class's own name, else the first: for SemanticKITTI that
        is ``learning_map_inv`` of semantic-kitti-api (other-vehicle is 20, not 13, a bus).
        """
        table = np.zeros(256, np.uint16)
        for entry in self.classes:
            own = (raw for raw in entry.raw_ids if self.raw_names.get(raw) == entry.name)
            table[entry.id] = next(own, entry.raw_ids[0] if entry.raw_ids else 0)
        return table

    @cached_property
    def colors(self) -> np.ndarray:
        """(256, 3) uint8: colour by train id; unknown ids are a bright grey that no class has.

        What carries no class is black in the usual tables, which no one could see on the dark ground of the
        views: it is drawn in a dim grey.
        """
        table = np.full((256, 3), 170, np.uint8)
        for entry in self.classes:
            table[entry.id] = entry.color
        if not table[self.ignore].any():
            table[self.ignore] = UNLABELED_COLOR
        return table

    def train_ids(self, raw: np.ndarray) -> np.ndarray:
        """(N,) uint8 train ids of (N,) integer raw ids below 65536."""
        return self.lut[raw]

    def unknown_counts(self, raw: np.ndarray) -> dict[int, int]:
        """How many points carry each raw id that the label set does not list."""
        counts = np.bincount(raw, minlength=1)
        found = np.flatnonzero(counts)
        return {int(i): int(counts[i]) for i in found if self.lut[i] == UNKNOWN}

    def class_name(self, train_id: int) -> str:
        """Name of a train id; ``unknown`` for ``UNKNOWN``."""
        return self._names.get(int(train_id), "unknown")

    def raw_name(self, raw_id: int) -> str:
        """The finest name of a raw id: its own where there is one, else its class's."""
        return self.raw_names.get(int(raw_id), self.class_name(int(self.lut[raw_id])))

    @cached_property
    def _names(self) -> dict[int, str]:
        return {entry.id: entry.name for entry in self.classes}
