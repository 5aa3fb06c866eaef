"""Everything that is shown of one frame, and the frames after it read ahead."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.core import layers as layer_folder
from app.core.errors import DataError, UsageError
from app.core.labels import LabelSet
from app.core.layers.base import MethodLayer
from app.core.methods.base import Chosen
from app.core.state import Accumulation, FrameState
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.cloud_layers import at_hand, layer_steps, reports
from app.core.tasks.clouds import Built, build
from app.core.tasks.context import DEFAULT_CACHE_BYTES, Context, Source

PRIORITY = 0


def show_frame(
    context: Context,
    *,
    source: Source,
    index: int,
    layers: tuple[str, ...] = (),
    accumulation: Accumulation | None = None,
    methods: Chosen = (),
    wait: bool = True,
    direction: int = 1,
    prefetch: int = 0,
    cache_bytes: int = DEFAULT_CACHE_BYTES,
) -> TaskEvents[FrameState]:
    """Read a frame, its pictures and the layers that views need.

    Parameters
    ----------
    source, index : which frame
    layers : names of layers to compute; those the frame lacks are told in ``FrameState.missing_layers``
    accumulation : frames to draw with it; None for the frame alone
    methods : methods that are switched on, with their options
    wait : False leaves out layers of methods that have no result yet, so that the points come at once
    direction : 1 or -1, where the user is heading; ``prefetch`` frames are read ahead there when idle
    cache_bytes : memory for frames kept ready

    Raises
    ------
    DataError
        The frame's points cannot be read. Anything else that is missing becomes a sentence in its notes.
    """
    started = time.perf_counter()
    context.idle = None
    context.cache.limit = cache_bytes
    yield Progress(0, 0, f"frame {index}")
    built = yield from build(context, source, index, accumulation or Accumulation(), methods, wait=wait)
    sequence = context.sequence(source)
    notes = [*sequence.notes(built.frame), *built.notes]
    images = yield from _images(context, built, notes)
    missing = dict(built.missing)
    for name in layers:
        if name in missing or not (wait or at_hand(context, built, name)):
            continue
        try:
            yield from layer_steps(context, built, name)
        except (DataError, UsageError) as error:
            if not isinstance(layer_folder.find(name), MethodLayer):
                raise
            missing[name] = str(error)
    counts, unknown = yield from label_counts(context, built)
    context.idle = _read_ahead(context, source, index, direction, prefetch, len(sequence))
    return FrameState(
        frame=replace(built.frame, notes=tuple(dict.fromkeys(notes))),
        cloud=built.cloud(),
        images=images,
        missing_layers=missing,
        label_counts=counts,
        unknown_labels=unknown,
        reports=reports(context, built),
        unprepared=built.unprepared,
        seconds=time.perf_counter() - started,
    )


def label_counts(context: Context, built: Built) -> TaskEvents[tuple[dict[int, int], dict[int, int]]]:
    """Drawn points by train id, and by raw id for those that the label set does not list."""
    if "label" in built.missing:
        return {}, {}
    data = yield from layer_steps(context, built, "label")
    counts = np.bincount(data.values, minlength=1)
    unknown: dict[int, int] = {}
    if built.label_set is not None:
        for part in built.parts:
            for raw, count in _unknown_in(context, built, built.label_set, part.index, part.rows).items():
                unknown[raw] = unknown.get(raw, 0) + count
    return {int(i): int(counts[i]) for i in np.flatnonzero(counts)}, unknown


def _unknown_in(
    context: Context, built: Built, label_set: LabelSet, index: int, rows: np.ndarray | None
) -> dict[int, int]:
    frame = built.frame if index == built.frame.index else context.frame(built.source, index)
    if frame.labels is None:
        return {}
    return label_set.unknown_counts(frame.labels if rows is None else frame.labels[rows])


def _images(context: Context, built: Built, notes: list[str]) -> TaskEvents[dict[str, np.ndarray]]:
    images: dict[str, np.ndarray] = {}
    for camera in built.frame.cameras:
        if camera.image_path is None:
            continue  # the reader has already said so
        yield Progress(0, 0, f"picture of {camera.name}")
        try:
            images[camera.name] = context.image(camera)
        except DataError as error:
            notes.append(str(error))
    return images


def _read_ahead(
    context: Context, source: Source, index: int, direction: int, count: int, length: int
) -> Iterator[None]:
    """Read the next frames and their pictures, a step at a time, as long as half the cache holds them."""
    start = context.cache.bytes
    for ahead in range(1, count + 1):
        wanted = index + direction * ahead
        if not 0 <= wanted < length or context.cache.bytes - start > context.cache.limit // 2:
            return
        try:
            frame = context.frame(source, wanted)
        except DataError:
            continue  # told when that frame is asked for
        yield
        for camera in frame.cameras:
            if camera.image_path is None:
                continue
            try:
                context.image(camera)
            except DataError:
                continue
            yield


ENTRY = show_frame
