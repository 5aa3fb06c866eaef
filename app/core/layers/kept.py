"""Layers of kept queries: they exist as long as their query is kept, and are known by name, ``kept:NAME``."""

from __future__ import annotations

from typing import Any

from app.core.errors import UsageError
from app.core.labels import LabelSet
from app.core.language.queries import KEPT_PREFIX
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class KeptLayer(MethodLayer):
    """Relevancy of a kept query on any frame."""

    kind = Kind.SCALAR
    order = 152
    method = "kept_queries"

    def __init__(self, called: str) -> None:
        self.called = called
        self.name = f"{KEPT_PREFIX}{called}"  # type: ignore[misc]  # each of these layers has a name of its own
        self.title = called  # type: ignore[misc]

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """0 to 1; NaN where nothing is known. ``UsageError`` where the query is kept no longer."""
        answer = result.answer(self.called)
        if answer is None:
            raise UsageError(f"The query '{self.called}' is kept no longer.")
        return LayerData(
            self.name,
            self.title,
            self.kind,
            answer.of_prompt(answer.compared.relevancy),
            colormap="viridis",
            absolute_range=(0.0, 1.0),
            provenance=f"relevancy of the kept query {answer.about(0)}",
        )
