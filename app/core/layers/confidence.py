"""How sure a network is of its prediction."""

from __future__ import annotations

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.prediction.result import Prediction
from app.core.types import Frame


class Confidence(MethodLayer):
    """The greatest probability."""

    name = "confidence"
    title = "Confidence (predicted)"
    kind = Kind.SCALAR
    order = 112
    method = "predict"

    def view(self, result: Prediction, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """0 to 1; NaN where the network has not seen the point."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.confidence,
            colormap="viridis",
            absolute_range=(0.0, 1.0),
            provenance=f"greatest of {len(result.card.classes)} class probabilities, predicted by {result.source}",
        )


ENTRY = Confidence()
