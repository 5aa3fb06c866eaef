"""Which points the cameras see, which are hidden from them, which lie outside their pictures."""

from __future__ import annotations

from typing import Any

from app.core.geometry.visibility import describe
from app.core.labels import ClassInfo, LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame

STATES = LabelSet(
    "visibility",
    (
        ClassInfo(0, "outside", (84, 88, 96), (0,)),
        ClassInfo(1, "visible", (92, 200, 160), (1,)),
        ClassInfo(2, "hidden", (240, 98, 86), (2,)),
    ),
)
"""The three states, numbered as in the truth of demo drives."""


class Visible(MethodLayer):
    """Seen by a camera, hidden from all in whose pictures it falls, or in no picture."""

    name = "visible"
    title = "Visibility"
    kind = Kind.CLASS
    order = 104
    method = "visibility"

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """States of :data:`STATES`, 255 for points that are not finite."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.state,
            label_set=STATES,
            provenance=f"{describe(result.options)}; cameras {', '.join(result.cameras)}",
        )


ENTRY = Visible()
