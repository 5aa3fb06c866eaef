"""More layers over the cloud that is drawn, when a view asks for them or a method has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.layers.base import LayerData
from app.core.methods.base import Chosen
from app.core.state import Accumulation
from app.core.tasks.base import TaskEvents
from app.core.tasks.cloud_layers import check_layer, layer_steps, reports
from app.core.tasks.clouds import build
from app.core.tasks.context import Context, Source


@dataclass(frozen=True)
class Computed:
    """``layers``: values by name, one per drawn point. ``missing``: layer name to why it cannot be shown.
    ``reports``: method name to what it says of the current frame as a whole."""

    layers: Mapping[str, LayerData]
    missing: Mapping[str, str]
    reports: Mapping[str, object]


def compute_layer(
    context: Context,
    *,
    source: Source,
    index: int,
    layers: tuple[str, ...],
    accumulation: Accumulation | None = None,
    methods: Chosen = (),
) -> TaskEvents[Computed]:
    """Values of some layers. ``layers`` may be empty: what is missing is told all the same.

    Raises
    ------
    UsageError
        There is no such layer, or the frame lacks what it needs.
    DataError
        The frame cannot be read, or a method cannot work.
    """
    built = yield from build(context, source, index, accumulation or Accumulation(), methods)
    values = {}
    for name in layers:
        check_layer(built, name)
        values[name] = yield from layer_steps(context, built, name)
    return Computed(values, built.missing, reports(context, built))


ENTRY = compute_layer
