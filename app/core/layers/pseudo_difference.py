"""What affinity changed in this frame, each pair of classes for itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.labels import UNKNOWN, ClassInfo, LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame

UNCHANGED = 0
_SAME = (74, 110, 136)
_MOST = 250


class PseudoDifference(MethodLayer):
    """From → to; the colour is that of the class after."""

    name = "pseudo_difference"
    title = "Pseudo-label, changes"
    kind = Kind.CLASS
    order = 162
    method = "pseudo_labels"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """0 unchanged, then a number a pair of classes, the most frequent first; 255 where there is no
        pseudo-label. Pairs beyond the 250th share the last number."""
        before, after = result.labels[0], result.labels[1]
        labelled = result.own.row >= 0
        values = np.where(labelled, np.uint8(UNCHANGED), np.uint8(UNKNOWN))
        changed = np.flatnonzero(before != after)
        pairs = before[changed].astype(np.int64) << 8 | after[changed]
        found, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
        rank = np.empty(len(found), np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(found))
        values[changed] = 1 + np.minimum(rank[inverse], _MOST - 1)
        order = [int(found[place]) for place in np.argsort(-counts, kind="stable")[:_MOST]]
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            label_set=_pairs(order, label_set),
            provenance=f"{result.origin}: before → after, point by point",
        )


def _pairs(order: list[int], label_set: LabelSet | None) -> LabelSet:
    def name(train_id: int) -> str:
        return str(train_id) if label_set is None else label_set.class_name(train_id)

    classes = [ClassInfo(UNCHANGED, "unchanged", _SAME, (UNCHANGED,))]
    for place, pair in enumerate(order, 1):
        before, after = pair >> 8, pair & 0xFF
        red, green, blue = (242, 96, 66) if label_set is None else label_set.colors[after].tolist()
        classes.append(ClassInfo(place, f"{name(before)} → {name(after)}", (red, green, blue), (place,)))
    return LabelSet("changes by affinity", tuple(classes), ignore=UNKNOWN)


ENTRY = PseudoDifference()
