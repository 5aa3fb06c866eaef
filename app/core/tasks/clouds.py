"""What is drawn of a frame: the frame alone, or points of the frames around it, and layers over them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np

from app.core import layers
from app.core.errors import DataError, UsageError
from app.core.geometry import transforms
from app.core.geometry.accumulate import kept_rows, within_budget
from app.core.labels import UNKNOWN, LabelSet
from app.core.layers.base import Kind, Layer, LayerData
from app.core.layers.frame_age import AGE_COLUMN
from app.core.state import Accumulation, DrawnCloud
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.types import Frame


@dataclass(frozen=True)
class Part:
    """The share of one frame in a drawn cloud: ``rows`` (M,) int32 of frame ``index``, None for all rows."""

    index: int
    rows: np.ndarray | None


@dataclass(frozen=True)
class Built:
    """A drawn cloud and what is needed to compute layers over it.

    ``merged``: the cloud as a frame (the frame itself, or points and frame age alone).
    ``parts``: the frames in it, in order. ``missing``: layer name to why no frame in it has it.
    ``computed``: layers over the whole cloud, filled as they are asked for.
    """

    source: Source
    frame: Frame
    merged: Frame
    parts: tuple[Part, ...]
    label_set: LabelSet | None
    missing: dict[str, str]
    notes: tuple[str, ...] = ()
    computed: dict[str, LayerData] = field(default_factory=dict)

    @property
    def accumulated(self) -> bool:
        """Whether frames were gathered, so that rows of the cloud are not rows of the frame."""
        return len(self.parts) > 1 or self.parts[0].rows is not None

    def cloud(self) -> DrawnCloud:
        """The cloud to draw, with the layers computed so far."""
        if not self.accumulated:
            return DrawnCloud(self.merged.points, layers=dict(self.computed))
        counts = [len(part.rows) for part in self.parts if part.rows is not None]
        frame_of = np.repeat(np.array([part.index for part in self.parts], np.int32), counts)
        row_of = np.concatenate([part.rows for part in self.parts if part.rows is not None])
        return DrawnCloud(self.merged.points, frame_of, row_of, dict(self.computed))


def build(context: Context, source: Source, index: int, accumulation: Accumulation) -> TaskEvents[Built]:
    """Gather the cloud of a frame; kept by the context, so that asking again costs nothing.

    ``DataError`` if the frame itself cannot be read. Other frames that cannot be read are left out, with a
    sentence in ``notes``; so is accumulation where there are no poses.
    """
    key = (source, index, accumulation)
    held: Built | None = context.kept("cloud", key)
    if held is not None:
        return held
    sequence = context.sequence(source)
    frame = context.frame(source, index)
    label_set = sequence.label_set
    if not accumulation.on or frame.world_from_sensor is None:
        notes = () if not accumulation.on else ("Frames cannot be accumulated: this one has no pose.",)
        missing = _missing(frame, label_set)
        built = Built(source, frame, frame, (Part(index, None),), label_set, missing, notes)
    else:
        built = yield from _gather(context, source, frame, accumulation, len(sequence), label_set)
    context.keep("cloud", key, built)
    return built


def check_layer(built: Built, name: str) -> None:
    """``UsageError`` if there is no such layer, or the frame lacks what it needs."""
    layers.find(name)
    if name in built.missing:
        raise UsageError(f"Layer '{name}' cannot be shown for frame {built.frame.index}: {built.missing[name]}")


def layer_steps(context: Context, built: Built, name: str) -> TaskEvents[LayerData]:
    """Values of a layer for every drawn point; kept with the cloud.

    ``UsageError`` for a name that no layer has. The layer must not be in ``built.missing``.
    """
    if name in built.computed:
        return built.computed[name]
    layer = layers.find(name)
    if not built.accumulated or layer.geometric:
        merged = built.merged if built.accumulated else context.with_images(built.merged)
        data = yield from _reported(layer, merged, built.label_set)
    else:
        data = yield from _frame_by_frame(context, built, layer)
    built.computed[name] = data
    return data


def _gather(
    context: Context,
    source: Source,
    frame: Frame,
    accumulation: Accumulation,
    length: int,
    label_set: LabelSet | None,
) -> TaskEvents[Built]:
    first = max(frame.index - accumulation.before, 0)
    last = min(frame.index + accumulation.after, length - 1)
    count = last - first + 1
    share = accumulation.budget / max(len(frame) * count, 1)
    missing = _missing(frame, label_set)
    missing.pop("frame_age", None)
    parts: list[Part] = []
    clouds: list[np.ndarray] = []
    notes: list[str] = []
    for done, index in enumerate(range(first, last + 1)):
        yield Progress(done, count, f"frame {index}")
        other = frame if index == frame.index else _other_frame(context, source, index, notes)
        if other is None:
            continue
        rows = kept_rows(len(other), index, share)
        moved = transforms.apply(_motion(frame, other), other.points[rows])
        parts.append(Part(index, rows))
        clouds.append(moved)
        for name in [name for name in missing if layers.find(name).missing(other, label_set) is None]:
            del missing[name]
    parts, clouds = _fitted(parts, clouds, accumulation.budget)
    points = np.concatenate(clouds)
    ages = np.repeat(np.array([part.index - frame.index for part in parts], np.int16), [len(c) for c in clouds])
    merged = Frame(
        frame.index, frame.name, points, extra={AGE_COLUMN: ages}, world_from_sensor=frame.world_from_sensor
    )
    return Built(source, frame, merged, tuple(parts), label_set, missing, tuple(notes))


def _other_frame(context: Context, source: Source, index: int, notes: list[str]) -> Frame | None:
    try:
        other = context.frame(source, index)
    except DataError as error:
        notes.append(f"Frame {index} is left out: {error}")
        return None
    if other.world_from_sensor is None:
        notes.append(f"Frame {index} is left out: it has no pose.")
        return None
    return other


def _motion(frame: Frame, other: Frame) -> np.ndarray:
    """(4, 4) current_sensor_from_other_sensor; both poses are known here."""
    if frame.world_from_sensor is None or other.world_from_sensor is None:
        raise ValueError("frames without poses cannot be gathered")
    if frame is other:
        return np.eye(4)
    return transforms.relative(frame.world_from_sensor, other.world_from_sensor)


def _fitted(parts: list[Part], clouds: list[np.ndarray], budget: int) -> tuple[list[Part], list[np.ndarray]]:
    """The same parts with at most ``budget`` points in all."""
    counts = [len(cloud) for cloud in clouds]
    frame_of = np.repeat(np.array([part.index for part in parts], np.int32), counts)
    row_of = np.concatenate([part.rows for part in parts if part.rows is not None])
    keep = within_budget(frame_of, row_of, budget)
    if keep is None:
        return parts, clouds
    pieces = np.split(keep, np.cumsum(counts)[:-1])
    fewer = [Part(p.index, None if p.rows is None else p.rows[k]) for p, k in zip(parts, pieces, strict=True)]
    return fewer, [cloud[k] for cloud, k in zip(clouds, pieces, strict=True)]


def _missing(frame: Frame, label_set: LabelSet | None) -> dict[str, str]:
    reasons = {layer.name: layer.missing(frame, label_set) for layer in layers.all_layers()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


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
        if layer.missing(frame, built.label_set) is not None:
            pieces.append(None)
            continue
        data = layer.compute(context.with_images(frame), built.label_set)
        pieces.append(_rows_of(data, part.rows))
    return _joined(built, layer, pieces)


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
    values = np.empty((sum(counts), *shape), described.values.dtype)
    has = np.repeat([piece is not None for piece in pieces], counts)
    values[~has] = _UNKNOWN_VALUE.get(layer.kind, 0)
    values[has] = np.concatenate([piece.values for piece in pieces if piece is not None])
    known = None
    if layer.kind is Kind.COLOR:
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
