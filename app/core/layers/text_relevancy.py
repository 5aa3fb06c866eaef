"""How much more each point is like the active prompt than like anything else."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class TextRelevancy(MethodLayer):
    """LERF's relevancy: against the negative that is most like the point."""

    name = "text_relevancy"
    title = "Relevancy (query)"
    kind = Kind.SCALAR
    order = 134
    method = "text_query"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """0 to 1, 0.5 where prompt and negative are level; NaN where nothing is known."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.of_prompt(result.compared.relevancy),
            colormap="viridis",
            absolute_range=(0.0, 1.0),
            provenance=f"softmax against the closest negative of {result.about(result.active)}",
        )


ENTRY = TextRelevancy()
