"""What a layer is: one value per point with a meaning, a colour map, a range and its provenance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import numpy as np

from app.core.labels import LabelSet
from app.core.types import Frame


class Kind(str, Enum):
    """How the values of a layer are read."""

    SCALAR = "scalar"  # (N,) float32, NaN where nothing is known
    CLASS = "class"  # (N,) uint8 train ids of ``LayerData.label_set``
    INSTANCE = "instance"  # (N,) uint32, 0 none; coloured by a hash so that neighbours differ
    COLOR = "color"  # (N, 3) uint8
    MASK = "mask"  # (N,) bool
    VECTOR = "vector"  # (N, 3) float32, unit length or NaN; coloured by direction


@dataclass(frozen=True)
class LayerData:
    """The values of one layer for one frame (or for accumulated frames).

    ``absolute_range`` holds for all frames, so that frames compare; None where only a relative range
    makes sense. ``provenance`` says in one line what the values come from.
    """

    name: str
    title: str
    kind: Kind
    values: np.ndarray
    unit: str = ""
    colormap: str = "turbo"
    absolute_range: tuple[float, float] | None = None
    label_set: LabelSet | None = None
    provenance: str = ""
    known: np.ndarray | None = None
    """(N,) bool for colour layers: False where no camera sees the point."""


class Layer(ABC):
    """One layer; a module of this package declares ``ENTRY``, an instance of it.

    ``order`` sorts the layers in the panel, the first nine get the keys 1–9. ``heavy`` layers are
    always computed in the engine process; the others too once a cloud exceeds a few hundred thousand points.
    ``geometric`` layers depend on nothing but where the points lie: of accumulated frames they are computed at
    once, in the current frame's sensor frame; the others are computed frame by frame and then gathered.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[Kind]
    order: ClassVar[int]
    heavy: ClassVar[bool] = False
    geometric: ClassVar[bool] = False

    @abstractmethod
    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Why the layer cannot be shown for this frame, one short sentence; None if it can."""

    @abstractmethod
    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """The layer's values, one per point of the frame in the frame's order."""

    def steps(self, frame: Frame, label_set: LabelSet | None) -> Generator[tuple[int, int], None, LayerData]:
        """As :meth:`compute`, a step at a time: yields (done, total) and returns the values.

        Layers that may take long override this, so that they can be cancelled between two steps.
        """
        yield 0, 1
        return self.compute(frame, label_set)


class MethodLayer(Layer):
    """A layer that shows the result of a method (``app/core/methods``): of a network, a query, a paper.

    The method runs in the engine process and keeps its result, which several layers show.
    """

    heavy = True
    method: ClassVar[str]
    """Name of the method."""

    def missing(self, frame: Frame, label_set: LabelSet | None) -> str | None:
        """Why this layer cannot be shown whatever the method says; usually None."""
        return None

    def lacks(self, about: Any, label_set: LabelSet | None) -> str | None:
        """As :meth:`missing`, when it follows from what the method says of all its results (``Method.about``)."""
        return None

    @abstractmethod
    def view(self, result: Any, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """The layer's values, from the method's result for this frame."""

    def compute(self, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """There is nothing to compute without the method's result: :meth:`view` takes it."""
        raise TypeError(f"layer '{self.name}' shows the result of the method '{self.method}'; call view")
