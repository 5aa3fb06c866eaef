"""Why an instance has its label: what is told of one row of the queue, without the pictures of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.affinity.affinity import neighbours, weights_of
from app.core.affinity.queue_frames import QueueFrame
from app.core.affinity.queue_view import QueueView, margins
from app.core.errors import UsageError
from app.core.geometry import superpoints, transforms, visibility

STRONGEST = 8
"""Neighbours that are told of."""

NEAR = 1.0
"""Metres between the middles of a thing in two frames, in the world: what moves farther is not found again."""

MOST_FRAMES = 6
"""Crops from other frames that are shown."""

NO_LABEL = (
    "This point gets no pseudo-label: no camera sees it, or it belongs to no superpoint of the classes that are "
    "asked for."
)


@dataclass(frozen=True)
class Inflow:
    """``rows`` (k,) int64 and ``weights`` (k,) float32 of the strongest, ``rest`` of all others; ``by_class`` (C,)
    float32 weight by the class that an instance had for itself."""

    rows: np.ndarray
    weights: np.ndarray
    rest: float
    by_class: np.ndarray


def inflow(view: QueueView, row: int) -> Inflow:
    """What flows into an instance: row ``row`` of T; without affinity all of it from itself."""
    own = view.before.argmax(axis=1)
    count = view.before.shape[1]
    if view.walk is None:
        alone = np.zeros(count, np.float32)
        alone[own[row]] = 1
        return Inflow(np.array([row]), np.ones(1, np.float32), 0.0, alone)
    features = np.concatenate([frame.feature for frame in view.frames])
    found = neighbours(features, row, view.walk, STRONGEST)
    rows, weights = found.rows, found.weights
    every = weights_of(features, row, view.walk)
    if row not in rows:  # the instance itself always shows how much it kept
        rows, weights = np.append(rows[:-1], row), np.append(weights[:-1], every[row])
    rest = max(0.0, 1.0 - float(weights.sum(dtype=np.float64)))
    return Inflow(rows, weights, rest, np.bincount(own, every, count).astype(np.float32))


def row_of_point(view: QueueView, frame: int, point: int) -> int:
    """Row of the instance whose label a point gets; ``UsageError`` where it gets none."""
    for place, one in enumerate(view.frames):
        if one.index == frame:
            if not 0 <= point < one.size:
                raise UsageError(f"Frame {frame} has {one.size} points; there is no point {point}.")
            own = int(one.row[point])
            if own < 0:
                raise UsageError(NO_LABEL)
            return int(view.starts[place]) + own
    raise UsageError(f"Frame {frame} is not in the queue in view.")


def same_thing(view: QueueView, row: int) -> list[int]:
    """Rows of other frames, the nearest first, whose middle lies where this instance's does; none without poses."""
    frame, own = view.at(row)
    if frame.world_from_sensor is None:
        return []
    place = transforms.apply(frame.world_from_sensor, frame.regions.center[own : own + 1])[0]
    found: list[tuple[int, int]] = []
    for other, start in zip(view.frames, view.starts, strict=False):
        near = None if other is frame else _nearest(other, place)
        if near is not None:
            found.append((abs(other.index - frame.index), int(start) + near))
    return [row for _, row in sorted(found)[:MOST_FRAMES]]


def _nearest(frame: QueueFrame, place: np.ndarray) -> int | None:
    if frame.world_from_sensor is None or not len(frame):
        return None
    centers = transforms.apply(frame.world_from_sensor, frame.regions.center)
    away = np.linalg.norm(centers - place, axis=1)
    return int(away.argmin()) if away.min() <= NEAR else None


def provenance(view: QueueView, row: int) -> tuple[str, ...]:
    """Where every part of the label comes from, a line each."""
    frame, _ = view.at(row)
    labels, words = view.options.labels, view.words
    numbers = view.walk
    walk = "affinity: none, the label is CLIP's own"
    if numbers is not None:
        times = "" if numbers.walks == 1 else f", {numbers.walks} walks"
        walk = f"affinity: scale {numbers.scale:.3g}, β {numbers.beta:g}{times}"
    count = sum(map(len, words.words))
    sentences = f"in the sentences '{labels.templates}', sharpness {words.sharpness:g}"
    first, last = view.frames[0].index, view.frames[-1].index
    return (
        f"setting: {labels.setting}",
        f"CLIP: {frame.origin}",
        f"words: {count} of {len(words.ids)} classes {sentences}",
        f"superpoints: {superpoints.describe(labels.grouping)}",
        f"visibility: {visibility.describe(labels.rule)}",
        f"{walk}; queue of {len(view.before)} superpoints in frames {first} to {last}",
    )


def margin(shares: np.ndarray) -> float:
    """Best share minus the second best of (C,)."""
    return float(margins(shares[None])[0])
