"""How the visibility test compares with the truth, point by point, where the truth is known."""

from __future__ import annotations

from typing import Any

from app.core.geometry.visibility import describe
from app.core.geometry.visibility_measures import KEPT, LOST, REMOVED, RIGHT, TRUTH
from app.core.labels import ClassInfo, LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.types import Frame

MATCHES = LabelSet(
    "matches",
    (
        ClassInfo(0, "outside", (84, 88, 96), (0,)),
        ClassInfo(RIGHT, "right, kept", (92, 200, 160), (RIGHT,)),
        ClassInfo(LOST, "right, lost", (88, 150, 255), (LOST,)),
        ClassInfo(REMOVED, "wrong, removed", (255, 196, 64), (REMOVED,)),
        ClassInfo(KEPT, "wrong, kept", (240, 70, 86), (KEPT,)),
    ),
)
"""A match is right where the pixel of a point shows the point, wrong where something hides it."""


class Match(MethodLayer):
    """Right and wrong matches of points and pixels, and what the visibility rule does with each."""

    name = "match"
    title = "Matches"
    kind = Kind.CLASS
    order = 105
    method = "visibility"

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Only demo drives know what their camera sees."""
        if TRUTH in frame.extra:
            return None
        return "What the cameras really see is not known for this frame; demo drives know it."

    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Matches of :data:`MATCHES` in the first camera."""
        return LayerData(
            self.name,
            self.title,
            self.kind,
            result.match,
            label_set=MATCHES,
            provenance=f"{describe(result.options)}; against exact visibility in {result.cameras[0]}",
        )


ENTRY = Match()
