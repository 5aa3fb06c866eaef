"""Direction of the surface at each point."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from app.core.geometry.normals import normals_in_chunks
from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame

NEIGHBOURS = 16


class Normals(Layer):
    """Normals of planes fitted to the nearest neighbours, facing the sensor."""

    name = "normals"
    title = "Normals"
    kind = Kind.VECTOR
    order = 70
    heavy = True
    geometric = True

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs three good points."""
        return "Three points are needed for a plane." if int(frame.valid.sum()) < 3 else None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Unit vectors in the sensor frame."""
        steps = self.steps(frame, label_set)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                data: LayerData = stop.value
                return data

    def steps(self, frame: Frame, label_set: LabelSet | None) -> Generator[tuple[int, int], None, LayerData]:
        """As :meth:`compute`; a step is a few ten thousand points."""
        yield 0, len(frame)
        values = np.full((len(frame), 3), np.nan, np.float32)
        done = 0
        for rows, found in normals_in_chunks(frame.points, neighbours=NEIGHBOURS):
            values[rows] = found
            done += len(rows)
            yield done, len(frame)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            values,
            provenance=f"least spread of each point's {NEIGHBOURS} nearest neighbours, facing the sensor",
        )


ENTRY = Normals()
