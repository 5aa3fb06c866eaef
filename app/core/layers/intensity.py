"""Strength of the returned pulse, as recorded."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame

SCALES = (1.0, 255.0, 65535.0)
"""Full scales that sensors use: KITTI 1, nuScenes 255, survey scanners 65535."""


class Intensity(Layer):
    """The recorded number, neither scaled nor corrected for distance."""

    name = "intensity"
    title = "Intensity"
    kind = Kind.SCALAR
    order = 30

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs a recorded intensity."""
        return "The recording states no intensity." if frame.intensity is None else None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Intensity as recorded; its absolute range is the smallest usual full scale that holds all values."""
        if frame.intensity is None:
            raise ValueError("frame has no intensity")
        values = np.asarray(frame.intensity, np.float32)
        finite = values[np.isfinite(values)]
        top = float(finite.max()) if len(finite) else 0.0
        scale = next((s for s in SCALES if top <= s), None)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            colormap="magma",
            absolute_range=None if scale is None else (0.0, scale),
            provenance="intensity as recorded",
        )


ENTRY = Intensity()
