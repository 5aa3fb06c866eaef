"""Layers over a drawn cloud: at once where only places matter, else frame by frame and gathered."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np

from app.core import layers
from app.core import methods as method_folder
from app.core.errors import UsageError
from app.core.labels import UNKNOWN, LabelSet
from app.core.layers.base import Kind, Layer, LayerData, MethodLayer
from app.core.methods.base import Given
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.clouds import Built
from app.core.tasks.context import Context
from app.core.types import Frame


def check_layer(built: Built, name: str) -> None:
    """``UsageError`` if there is no such layer, or the frame lacks what it needs."""
    if layers.find(name) not in method_folder.layers_under(built.options):
        raise UsageError(f"Layer '{name}' is no more: what it showed is no longer kept.")
    if name in built.missing:
        raise UsageError(f"Layer '{name}' cannot be shown for frame {built.frame.index}: {built.missing[name]}")


def offered(built: Built, name: str) -> bool:
    """Whether a layer can be shown for this cloud with the methods that are on; ``UsageError`` for none of ours."""
    return name not in built.missing and layers.find(name) in method_folder.layers_under(built.options)


def at_hand(context: Context, built: Built, name: str) -> bool:
    """Whether a layer can be had at once: it shows no method, or the method's results are in memory."""
    layer = layers.find(name)
    if name in built.computed or not isinstance(layer, MethodLayer):
        return True
    if built.accumulated:
        return False
    return built.given(context).held(layer.method) is not None


def layer_steps(context: Context, built: Built, name: str) -> TaskEvents[LayerData]:
    """Values of a layer for every drawn point; kept with the cloud.

    ``UsageError`` for a name that no layer has. The layer must not be in ``built.missing``.
    """
    if name in built.computed:
        return built.computed[name]
    layer = layers.find(name)
    if isinstance(layer, MethodLayer) and not built.accumulated:
        data = yield from _view(layer, built.given(context))
    elif not built.accumulated or layer.geometric:
        merged = built.merged if built.accumulated else context.with_images(built.merged)
        data = yield from _reported(layer, merged, built.label_set)
    else:
        data = yield from _frame_by_frame(context, built, layer)
    built.computed[name] = data
    return data


def _reported(layer: Layer, frame: Frame, label_set: LabelSet | None) -> TaskEvents[LayerData]:
    """A layer's steps as progress."""
    steps: Generator[tuple[int, int], None, LayerData] = layer.steps(frame, label_set)
    try:
        while True:
            done, total = next(steps)
            yield Progress(done, total, layer.title)
    except StopIteration as stop:
        data: LayerData = stop.value
        return data


def _frame_by_frame(context: Context, built: Built, layer: Layer) -> TaskEvents[LayerData]:
    pieces: list[LayerData | None] = []
    for done, part in enumerate(built.parts):
        yield Progress(done, len(built.parts), f"{layer.title}, frame {part.index}")
        frame = context.frame(built.source, part.index)
        data = yield from _of_frame(context, built, layer, frame)
        pieces.append(None if data is None else _rows_of(data, part.rows))
    return _joined(built, layer, pieces)


def _of_frame(context: Context, built: Built, layer: Layer, frame: Frame) -> TaskEvents[LayerData | None]:
    """One frame's values; None if it lacks the layer."""
    if layer.missing(frame, built.label_set) is not None:
        return None
    if not isinstance(layer, MethodLayer):
        return layer.compute(context.with_images(frame), built.label_set)
    given = built.given(context, frame)
    return None if given.missing(layer.method) is not None else (yield from _view(layer, given))


def _view(layer: MethodLayer, given: Given) -> TaskEvents[LayerData]:
    result = yield from result_steps(given, layer.method)
    return layer.view(result, given.frame, given.label_set)


def result_steps(given: Given, name: str) -> TaskEvents[Any]:
    """A method's result for a frame, its steps as progress."""
    steps = given.result(name)
    title = method_folder.find(name).title
    try:
        while True:
            done, total, text = next(steps)
            yield Progress(done, total, text or title)
    except StopIteration as stop:
        return stop.value
    finally:
        steps.close()


def reports(context: Context, built: Built) -> dict[str, object]:
    """What methods report of the current frame, by name, where their results are in memory."""
    given = built.given(context)
    found = {}
    for name in built.options:
        result = given.held(name)
        if result is not None:
            found[name] = method_folder.find(name).report(result, built.frame, built.label_set)
    return {name: report for name, report in found.items() if report is not None}


def _rows_of(data: LayerData, rows: np.ndarray | None) -> LayerData:
    if rows is None:
        return data
    known = None if data.known is None else data.known[rows]
    return replace(data, values=data.values[rows], known=known)


def _joined(built: Built, layer: Layer, pieces: list[LayerData | None]) -> LayerData:
    """One layer of the pieces; points of frames that lack the layer are unknown."""
    described = next(piece for piece in pieces if piece is not None)
    counts = [0 if part.rows is None else len(part.rows) for part in built.parts]
    shape = described.values.shape[1:]
    unknown = _UNKNOWN_VALUE.get(layer.kind, 0)
    values = np.concatenate(
        [
            np.full((count, *shape), unknown, described.values.dtype) if piece is None else piece.values
            for piece, count in zip(pieces, counts, strict=True)
        ]
    )
    known = None
    if layer.kind is Kind.COLOR:
        has = np.repeat([piece is not None for piece in pieces], counts)
        known = has.copy()
        masks = [
            np.ones(len(piece.values), bool) if piece.known is None else piece.known
            for piece in pieces
            if piece is not None
        ]
        known[has] = np.concatenate(masks)
    frames = sum(piece is not None for piece in pieces)
    return replace(
        described,
        values=values,
        known=known,
        absolute_range=_union([piece.absolute_range for piece in pieces if piece is not None]),
        provenance=f"{described.provenance}; {frames} of {len(pieces)} frames have it",
    )


_UNKNOWN_VALUE: dict[Kind, float] = {Kind.SCALAR: np.nan, Kind.VECTOR: np.nan, Kind.CLASS: UNKNOWN}


def _union(ranges: list[tuple[float, float] | None]) -> tuple[float, float] | None:
    stated = [bounds for bounds in ranges if bounds is not None]
    if not stated:
        return None
    return min(low for low, _ in stated), max(high for _, high in stated)
