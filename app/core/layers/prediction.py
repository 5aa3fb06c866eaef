"""Class that a network predicts for each point."""

from __future__ import annotations

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.prediction.classes import label_set_of
from app.core.prediction.result import Prediction
from app.core.types import Frame


class PredictedClass(MethodLayer):
    """The most probable class, in the network's own label set; points that are not finite have none."""

    name = "prediction"
    title = "Class (predicted)"
    kind = Kind.CLASS
    order = 110
    method = "predict"

    def view(self, result: Prediction, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Train ids."""
        classes = label_set_of(result.card)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.train_ids,
            label_set=classes,
            provenance=f"most probable class of {classes.name}, predicted by {result.source}",
        )


ENTRY = PredictedClass()
