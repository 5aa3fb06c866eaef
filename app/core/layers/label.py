"""Ground-truth class of each point."""

from __future__ import annotations

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame


class Label(Layer):
    """Class by the data set's own label map; raw ids that the map does not list stay unknown."""

    name = "label"
    title = "Class (ground truth)"
    kind = Kind.CLASS
    order = 40

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs labels and a label map that says what they mean."""
        if frame.labels is None:
            return "This frame has no labels."
        if label_set is None:
            return "No label map says what the label ids mean; state one when opening."
        return None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Train ids of the label set."""
        if frame.labels is None or label_set is None:
            raise ValueError("frame has no labels, or there is no label set")
        return LayerData(
            self.name,
            self.title,
            self.kind,
            label_set.train_ids(frame.labels),
            label_set=label_set,
            provenance=f"ground-truth labels of the recording, mapped by {label_set.name}",
        )


ENTRY = Label()
