"""Pseudo-labels as CLIP makes them, before similar instances have a say."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class PseudoBefore(MethodLayer):
    """Equation 4; seen classes have their ground truth."""

    name = "pseudo_before"
    title = "Pseudo-label before"
    kind = Kind.CLASS
    order = 160
    method = "pseudo_labels"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Train ids."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.labels[0],
            label_set=label_set,
            provenance=f"{result.origin}, before affinity",
        )


ENTRY = PseudoBefore()
