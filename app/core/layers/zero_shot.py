"""Class that each point has by the words of the classes alone."""

from __future__ import annotations

from typing import Any

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class ZeroShotClass(MethodLayer):
    """The class one of whose words is most like the point; where nothing is known there is none."""

    name = "zero_shot"
    title = "Class (in words)"
    kind = Kind.CLASS
    order = 140
    method = "zero_shot"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Train ids."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.classes,
            label_set=label_set,
            provenance=f"most alike of {result.source}",
        )


ENTRY = ZeroShotClass()
