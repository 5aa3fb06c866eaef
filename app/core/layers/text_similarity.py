"""How much each point is like the active prompt."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class TextSimilarity(MethodLayer):
    """Cosine between the prompt and the point's feature: a heat map."""

    name = "text_similarity"
    title = "Similarity (query)"
    kind = Kind.SCALAR
    order = 130
    method = "text_query"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """−1 to 1, in practice a narrow band; NaN where nothing is known."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.of_prompt(result.compared.cosine),
            colormap="turbo",
            absolute_range=(-1.0, 1.0),
            provenance=f"cosine of {result.about(result.active)}",
        )


ENTRY = TextSimilarity()
