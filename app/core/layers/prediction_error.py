"""Where a prediction is right and where it is wrong."""

from __future__ import annotations

import numpy as np

from app.core.labels import UNKNOWN, ClassInfo, LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.model_card import ModelCard
from app.core.prediction.classes import same_classes, why_other
from app.core.prediction.result import Prediction
from app.core.types import Frame

IGNORED, RIGHT, WRONG = 0, 1, 2
OUTCOMES = LabelSet(
    name="right or wrong",
    classes=(
        ClassInfo(IGNORED, "ignored", (0, 0, 0), (IGNORED,)),
        ClassInfo(RIGHT, "right", (74, 110, 136), (RIGHT,)),
        ClassInfo(WRONG, "wrong", (242, 96, 66), (WRONG,)),
    ),
)


class PredictionError(MethodLayer):
    """The prediction against the ground truth; points whose label is no class are ignored, as in evaluations."""

    name = "prediction_error"
    title = "Right or wrong (predicted)"
    kind = Kind.CLASS
    order = 116
    method = "predict"

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs labels."""
        return "This frame has no labels to hold the prediction against." if frame.labels is None else None

    def lacks(self, about: ModelCard, label_set: LabelSet | None) -> str | None:
        """Needs labels of the network's own classes."""
        return None if same_classes(about, label_set) else why_other(about, label_set)

    def view(self, result: Prediction, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """``IGNORED``, ``RIGHT`` or ``WRONG``; a labelled point without a prediction is wrong."""
        if frame.labels is None or label_set is None:
            raise ValueError("frame has no labels, or there is no label set")
        truth = label_set.train_ids(frame.labels)
        values = np.where(result.train_ids == truth, np.uint8(RIGHT), np.uint8(WRONG))
        values[(truth == label_set.ignore) | (truth == UNKNOWN)] = IGNORED
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            label_set=OUTCOMES,
            provenance=f"ground-truth labels against the classes predicted by {result.source}",
        )


ENTRY = PredictionError()
