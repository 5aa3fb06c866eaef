"""Pseudo-labels with what somebody said by hand."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class PseudoCorrected(MethodLayer):
    """After affinity; accepted and relabelled points have what was said, rejected ones carry no class."""

    name = "pseudo_corrected"
    title = "Pseudo-label, corrected by hand"
    kind = Kind.CLASS
    order = 165
    method = "pseudo_labels"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Train ids."""
        said = int(result.touched.sum())
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.labels[2],
            label_set=label_set,
            provenance=f"{result.origin}; {said} points corrected by hand",
        )


ENTRY = PseudoCorrected()
