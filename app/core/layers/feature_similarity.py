"""How much each point looks like a picked one to the network."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class FeatureSimilarity(MethodLayer):
    """Cosine between the features of the picked point and of every point."""

    name = "feature_similarity"
    title = "Similar to the picked point"
    kind = Kind.SCALAR
    order = 120
    method = "similarity"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """−1 to 1, 1 alike; NaN where the network has not seen the point."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.values,
            colormap="magma",
            absolute_range=(-1.0, 1.0),
            provenance=f"cosine between the network's features and that of {result.origin}",
        )


ENTRY = FeatureSimilarity()
