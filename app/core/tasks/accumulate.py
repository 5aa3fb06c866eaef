"""Frames around one frame, in its sensor coordinates."""

from __future__ import annotations

from app.core.errors import UsageError
from app.core.methods.base import Chosen
from app.core.state import Accumulation, DrawnCloud
from app.core.tasks.base import TaskEvents
from app.core.tasks.cloud_layers import check_layer, layer_steps
from app.core.tasks.clouds import build
from app.core.tasks.context import Context, Source


def accumulate(
    context: Context,
    *,
    source: Source,
    index: int,
    accumulation: Accumulation,
    layers: tuple[str, ...] = (),
    methods: Chosen = (),
) -> TaskEvents[DrawnCloud]:
    """Points of frames index − before … index + after, at most ``accumulation.budget`` of them.

    Raises
    ------
    UsageError
        The recording has no poses for this frame, or a layer is not there.
    DataError
        The frame cannot be read.
    """
    built = yield from build(context, source, index, accumulation, methods)
    if accumulation.on and not built.accumulated:
        raise UsageError(f"{source.path}: frame {index} has no pose, so no other frame can be placed beside it.")
    for name in layers:
        check_layer(built, name)
        yield from layer_steps(context, built, name)
    return built.cloud()


ENTRY = accumulate
