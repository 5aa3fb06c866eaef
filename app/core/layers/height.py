"""Height of each point over the sensor."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame


class Height(Layer):
    """z in the sensor frame."""

    name = "height"
    title = "Height"
    kind = Kind.SCALAR
    order = 10
    geometric = True

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Every frame has it."""
        return None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Metres over the sensor's origin; negative below it."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            np.ascontiguousarray(frame.points[:, 2]),
            unit="m",
            absolute_range=(-3.0, 6.0),
            provenance="z of each point in the sensor frame",
        )


ENTRY = Height()
