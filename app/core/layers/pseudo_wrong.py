"""Where pseudo-labels are wrong, and what affinity has to do with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.labels import UNKNOWN, ClassInfo, LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame

RIGHT, MENDED, SPOILT, WRONG = 0, 1, 2, 3
STATES = LabelSet(
    name="pseudo-labels against ground truth",
    classes=(
        ClassInfo(RIGHT, "right", (62, 88, 105), (RIGHT,)),
        ClassInfo(MENDED, "mended by affinity", (64, 200, 120), (MENDED,)),
        ClassInfo(SPOILT, "spoilt by affinity", (255, 64, 160), (SPOILT,)),
        ClassInfo(WRONG, "wrong before and after", (242, 140, 50), (WRONG,)),
    ),
    ignore=UNKNOWN,
)


class PseudoWrong(MethodLayer):
    """Right, mended, spoilt or wrong, of points with a pseudo-label and ground truth."""

    name = "pseudo_wrong"
    title = "Pseudo-label, only wrong"
    kind = Kind.CLASS
    order = 164
    method = "pseudo_labels"

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs ground truth."""
        return "This frame has no ground truth to compare pseudo-labels with." if frame.labels is None else None

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """States; unknown without pseudo-label or ground truth."""
        if frame.labels is None or label_set is None:
            raise ValueError("missing must have said None")
        truth = label_set.train_ids(frame.labels)
        was, now = result.labels[0] == truth, result.labels[1] == truth
        values = np.select([was & now, now, was], [np.uint8(RIGHT), np.uint8(MENDED), np.uint8(SPOILT)], WRONG)
        known = (result.own.row >= 0) & (truth != label_set.ignore) & (truth != UNKNOWN)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            np.where(known, values, UNKNOWN).astype(np.uint8),
            label_set=STATES,
            provenance=f"{result.origin}: against the frame's ground truth",
        )


ENTRY = PseudoWrong()
