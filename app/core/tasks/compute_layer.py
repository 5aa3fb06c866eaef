"""One more layer over the cloud that is drawn, when a view asks for it."""

from __future__ import annotations

from app.core.layers.base import LayerData
from app.core.state import Accumulation
from app.core.tasks.base import TaskEvents
from app.core.tasks.clouds import build, check_layer, layer_steps
from app.core.tasks.context import Context, Source


def compute_layer(
    context: Context,
    *,
    source: Source,
    index: int,
    layers: tuple[str, ...],
    accumulation: Accumulation | None = None,
) -> TaskEvents[dict[str, LayerData]]:
    """Values of some layers, one per drawn point, by name.

    Raises
    ------
    UsageError
        There is no such layer, or the frame lacks what it needs.
    DataError
        The frame cannot be read.
    """
    built = yield from build(context, source, index, accumulation or Accumulation())
    values = {}
    for name in layers:
        check_layer(built, name)
        values[name] = yield from layer_steps(context, built, name)
    return values


ENTRY = compute_layer
