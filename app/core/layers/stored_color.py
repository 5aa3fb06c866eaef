"""Colours that were stored with the points (PLY, PCD, LAS, NPZ)."""

from __future__ import annotations

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame


class StoredColor(Layer):
    """The file's own colours."""

    name = "stored_color"
    title = "Stored colour"
    kind = Kind.COLOR
    order = 95

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs colours in the file."""
        return "The file stores no colours with the points." if frame.colors is None else None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Red, green and blue as stored."""
        if frame.colors is None:
            raise ValueError("frame has no stored colours")
        return LayerData(
            self.name, self.title, self.kind, frame.colors, provenance="colours stored with the points"
        )


ENTRY = StoredColor()
