"""The queries that are kept as classes: each point has the one that it matches most clearly."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class KeptClasses(MethodLayer):
    """My classes."""

    name = "kept_classes"
    title = "My classes"
    kind = Kind.CLASS
    order = 150
    method = "kept_queries"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """0 nothing is known, then the classes in the order they were kept, then none of them."""
        values, classes = result.classes
        names = ", ".join(f"“{kept.name}”" for kept in result.kept if kept.as_class) or "none yet"
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            label_set=classes,
            provenance=f"kept queries, the greatest relevancy above its own threshold: {names}",
        )


ENTRY = KeptClasses()
