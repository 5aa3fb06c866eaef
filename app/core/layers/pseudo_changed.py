"""Only what affinity changed: everything else carries no class."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class PseudoChanged(MethodLayer):
    """The class after, where it was another one before."""

    name = "pseudo_changed"
    title = "Pseudo-label, only changed"
    kind = Kind.CLASS
    order = 163
    method = "pseudo_labels"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Train ids, the ignored one where nothing changed."""
        before, after = result.labels[0], result.labels[1]
        return LayerData(
            self.name,
            self.title,
            self.kind,
            np.where(before != after, after, np.uint8(result.ignore)),
            label_set=label_set,
            provenance=f"{result.origin}: after affinity, where it was another class before",
        )


ENTRY = PseudoChanged()
