"""Distance of each point from the sensor."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame


class Range(Layer):
    """Length of the line of sight."""

    name = "range"
    title = "Range"
    kind = Kind.SCALAR
    order = 20
    geometric = True

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Every frame has it."""
        return None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Metres from the sensor's origin."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.sqrt(np.einsum("nc,nc->n", frame.points, frame.points))
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            unit="m",
            colormap="viridis",
            absolute_range=(0.0, 80.0),
            provenance="distance of each point from the sensor",
        )


ENTRY = Range()
