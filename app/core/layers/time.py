"""When in the sweep each point was measured."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame


class Time(Layer):
    """Time within the sweep."""

    name = "time"
    title = "Time"
    kind = Kind.SCALAR
    order = 90

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs a recorded time per point."""
        return "The recording states no time per point." if frame.time is None else None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Milliseconds relative to the frame's timestamp."""
        if frame.time is None:
            raise ValueError("frame has no time per point")
        return LayerData(
            self.name,
            self.title,
            self.kind,
            np.asarray(frame.time, np.float32) * np.float32(1000),
            unit="ms",
            colormap="cividis",
            provenance="time of each point relative to the frame's timestamp, as recorded",
        )


ENTRY = Time()
