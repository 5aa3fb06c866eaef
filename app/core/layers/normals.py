"""Direction of the surface at each point."""

from __future__ import annotations

from app.core.geometry.normals import normals
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

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs three good points."""
        return "Three points are needed for a plane." if int(frame.valid.sum()) < 3 else None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Unit vectors in the sensor frame."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            normals(frame.points, neighbours=NEIGHBOURS),
            provenance=f"least spread of each point's {NEIGHBOURS} nearest neighbours, facing the sensor",
        )


ENTRY = Normals()
