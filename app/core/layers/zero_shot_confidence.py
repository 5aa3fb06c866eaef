"""How sure the words are of a point's class."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class ZeroShotConfidence(MethodLayer):
    """Share of the class in the softmax over classes, with CLIP's logit scale."""

    name = "zero_shot_confidence"
    title = "Confidence (in words)"
    kind = Kind.SCALAR
    order = 142
    method = "zero_shot"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """0 to 1; NaN where nothing is known."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.confidence,
            colormap="viridis",
            absolute_range=(0.0, 1.0),
            provenance=f"greatest share over classes of {result.source}",
        )


ENTRY = ZeroShotConfidence()
