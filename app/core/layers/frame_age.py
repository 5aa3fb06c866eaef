"""From which frame each point of an accumulated cloud is."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame

AGE_COLUMN = "frame age"
"""Extra column of accumulated frames: index of a point's frame minus that of the current one."""


class FrameAge(Layer):
    """Frames from the current one: negative in the past."""

    name = "frame_age"
    title = "Frame age"
    kind = Kind.SCALAR
    order = 100
    geometric = True

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs accumulated frames."""
        return None if AGE_COLUMN in frame.extra else "Shown when frames are accumulated."

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Frames between each point's frame and the current one."""
        ages = np.asarray(frame.extra[AGE_COLUMN], np.float32)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            ages,
            unit="frames",
            colormap="coolwarm",
            absolute_range=(float(ages.min()), float(ages.max())) if len(ages) else None,
            provenance="index of each point's frame minus that of the current frame",
        )


ENTRY = FrameAge()
