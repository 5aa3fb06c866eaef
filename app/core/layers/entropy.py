"""How undecided a network is between the classes."""

from __future__ import annotations

import math

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.prediction.result import Prediction
from app.core.types import Frame


class Entropy(MethodLayer):
    """Entropy of the class probabilities."""

    name = "entropy"
    title = "Entropy (predicted)"
    kind = Kind.SCALAR
    order = 114
    method = "predict"

    def view(self, result: Prediction, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Nats, 0 (one class is certain) to ln C (all are alike); NaN where the network has not seen the point."""
        count = len(result.card.classes)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.entropy,
            unit="nat",
            colormap="magma",
            absolute_range=(0.0, math.log(max(count, 2))),
            provenance=f"entropy of {count} class probabilities, at most ln {count}, predicted by {result.source}",
        )


ENTRY = Entropy()
