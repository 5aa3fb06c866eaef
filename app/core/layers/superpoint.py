"""Which superpoint each point belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.geometry.superpoints import describe
from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame


class Superpoint(MethodLayer):
    """A colour by superpoint; neighbours differ."""

    name = "superpoint"
    title = "Superpoints"
    kind = Kind.INSTANCE
    order = 102
    method = "superpoints"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Numbers from 1, 0 for points in no superpoint."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            (result.segment + 1).astype(np.uint32),
            provenance=f"{result.count} superpoints: {describe(result.options)}",
        )


ENTRY = Superpoint()
