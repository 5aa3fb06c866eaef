"""Which object each point belongs to."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.types import Frame

CLASS_SHIFT = 1 << 16
"""SemanticKITTI counts instances per class in 16 bits: car 3 and person 3 are two objects."""


def object_ids(frame: Frame, label_set: LabelSet | None) -> np.ndarray | None:
    """(N,) uint32 ids that differ between objects, 0 for none; None where the frame has no instances.

    Ids that fit into 16 bits are joined with the train id of their class.
    """
    if frame.instances is None:
        return None
    ids = np.asarray(frame.instances, np.uint32)
    if frame.labels is None or label_set is None or (len(ids) and int(ids.max()) >= CLASS_SHIFT):
        return ids
    joined = ids + label_set.train_ids(frame.labels).astype(np.uint32) * np.uint32(CLASS_SHIFT)
    return np.where(ids > 0, joined, np.uint32(0))


class Instance(Layer):
    """A colour by object; neighbours differ."""

    name = "instance"
    title = "Instance"
    kind = Kind.INSTANCE
    order = 50

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Needs recorded instance ids."""
        return "This frame has no instance ids." if frame.instances is None else None

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Object ids, 0 for points of no object."""
        ids = object_ids(frame, label_set)
        if ids is None:
            raise ValueError("frame has no instance ids")
        return LayerData(
            self.name, self.title, self.kind, ids, provenance="instance ids of the recording, one per object"
        )


ENTRY = Instance()
