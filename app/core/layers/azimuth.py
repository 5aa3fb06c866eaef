"""Direction of each point around the sensor."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame


class Azimuth(Layer):
    """Angle in the sensor's xy plane."""

    name = "azimuth"
    title = "Azimuth"
    kind = Kind.SCALAR
    order = 80
    geometric = True

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Every frame has it."""
        return None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Degrees, 0 ahead, 90 to the left, −180 to 180."""
        with np.errstate(invalid="ignore"):
            values = np.degrees(np.arctan2(frame.points[:, 1], frame.points[:, 0]))
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            unit="°",
            colormap="cyclic",
            absolute_range=(-180.0, 180.0),
            provenance="direction of each point in the sensor's xy plane, 0 ahead, 90 to the left",
        )


ENTRY = Azimuth()
