"""Pseudo-labels after the random walk over affinity."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class PseudoAfter(MethodLayer):
    """Equation 8; seen classes have their ground truth."""

    name = "pseudo_after"
    title = "Pseudo-label"
    kind = Kind.CLASS
    order = 161
    method = "pseudo_labels"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Train ids."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.labels[1],
            label_set=label_set,
            provenance=result.origin,
        )


ENTRY = PseudoAfter()
