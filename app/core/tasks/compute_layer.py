"""More layers over the cloud that is drawn, when a view asks for them or a method has changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.layers.base import LayerData
from app.core.methods.base import Chosen
from app.core.state import Accumulation
from app.core.tasks.base import Partial, TaskEvents
from app.core.tasks.cloud_layers import check_layer, layer_steps, offered, reports
from app.core.tasks.clouds import Built, build
from app.core.tasks.context import Context, Source

A_WHILE = 0.15
"""Seconds that who asks leniently is kept waiting for what is missing, because the layers may come in that time."""


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
    lenient: bool = False,
) -> TaskEvents[Computed]:
    """Values of some layers. ``layers`` may be empty: what is missing is told all the same.

    ``lenient``: layers that are not there are left out, and where the others take long, what is missing comes
    first, as ``Partial(Computed)``.

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
        if lenient and not offered(built, name):
            continue
        check_layer(built, name)
        steps = layer_steps(context, built, name)
        values[name] = yield from (_told(steps, built) if lenient else steps)
    return Computed(values, built.missing, reports(context, built))


def _told(steps: TaskEvents[LayerData], built: Built) -> TaskEvents[LayerData]:
    """The steps of a layer; once they have taken a while, what is missing is told."""
    started, told = time.perf_counter(), False
    try:
        while True:
            event = next(steps)
            if not told and time.perf_counter() - started > A_WHILE:
                told = True
                yield Partial(Computed({}, built.missing, {}))
            yield event
    except StopIteration as stop:
        data: LayerData = stop.value
        return data
    finally:
        steps.close()


ENTRY = compute_layer
