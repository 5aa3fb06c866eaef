"""Which prompt suits each point best."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class TextWinner(MethodLayer):
    """The best of the prompts that match, in the prompts' colours; the legend counts and switches them."""

    name = "text_winner"
    title = "Winner (query)"
    kind = Kind.CLASS
    order = 132
    method = "text_query"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """0 nothing is known, 1 … P a prompt, P + 1 none of them matches."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.winner,
            label_set=result.label_set(),
            provenance=f"best of those that are relevant from {result.threshold:g} on: {result.about()}",
        )


ENTRY = TextWinner()
