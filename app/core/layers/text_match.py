"""Which points match the active prompt."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class TextMatch(MethodLayer):
    """Relevancy from the threshold on."""

    name = "text_match"
    title = "Matches (query)"
    kind = Kind.MASK
    order = 136
    method = "text_query"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """True where the point matches; where nothing is known it does not."""
        matches = result.compared.relevancy >= result.threshold
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.of_prompt(matches, fill=False),
            provenance=f"relevancy of at least {result.threshold:g} of {result.about(result.active)}",
        )


ENTRY = TextMatch()
