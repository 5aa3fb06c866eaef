"""Where the classes found by words are right and where they are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.labels import UNKNOWN, LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.layers.prediction_error import IGNORED, OUTCOMES, RIGHT, WRONG
from app.core.types import Frame


class ZeroShotError(MethodLayer):
    """Against the ground truth, where something is known; points whose label is no class are ignored."""

    name = "zero_shot_error"
    title = "Right or wrong (in words)"
    kind = Kind.CLASS
    order = 144
    method = "zero_shot"

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs labels."""
        return "This frame has no labels to hold the classes against." if frame.labels is None else None

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """``IGNORED``, ``RIGHT`` or ``WRONG``; points of which nothing is known are ignored."""
        if frame.labels is None or label_set is None:
            raise ValueError("frame has no labels, or there is no label set")
        truth = label_set.train_ids(frame.labels)
        values = np.where(result.classes == truth, np.uint8(RIGHT), np.uint8(WRONG))
        values[(truth == label_set.ignore) | (truth == UNKNOWN) | ~result.known] = IGNORED
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            label_set=OUTCOMES,
            provenance=f"ground-truth labels against the classes found by {result.source}",
        )


ENTRY = ZeroShotError()
