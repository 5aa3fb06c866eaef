"""From the values of a layer to colours: ranges, colour maps, hidden classes, the legend.

Everything here runs on the window's main thread, so it is written in few passes over memory and, above a
million points, in chunks that stay in the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Protocol

import numpy as np

from app.core.labels import UNKNOWN
from app.core.layers import colormaps
from app.core.layers.base import Kind, LayerData

RELATIVE_PERCENTILES = (1.0, 99.0)
SAMPLE = 200_000
"""More values than this are sampled evenly for percentiles: the error is below the width of a colour step."""

CHUNK = 1 << 16
NO_INSTANCE_COLOR = (78, 82, 88)
UNSEEN_COLOR = (78, 82, 88)
MASK_COLORS = ((78, 82, 88), (255, 183, 77))


class Style(Protocol):
    """What of :class:`~app.core.state.LayerStyle` matters here."""

    @property
    def colormap(self) -> str | None: ...
    @property
    def range_mode(self) -> Enum: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def hidden(self) -> frozenset[int]: ...


@dataclass(frozen=True)
class LegendEntry:
    """One class in the legend: ``train_id``, ``name``, ``color`` and the number of points that carry it."""

    train_id: int
    name: str
    color: tuple[int, int, int]
    count: int


def resolve_range(data: LayerData, style: Style) -> tuple[float, float] | None:
    """The values at which the colours of a scalar layer begin and end.

    None for layers of another kind and where no value is finite. Absolute mode falls back to the relative
    range for layers that have no absolute one. Signed differences get a range symmetric about 0.
    """
    if data.kind is not Kind.SCALAR:
        return None
    mode = style.range_mode.value
    if mode == "manual":
        return _opened(style.low, style.high)
    if mode == "absolute" and data.absolute_range is not None:
        return _opened(*data.absolute_range)
    return relative_range(data.values, symmetric=data.colormap == colormaps.DIVERGING)


def relative_range(values: np.ndarray, *, symmetric: bool = False) -> tuple[float, float] | None:
    """1st and 99th percentile of the finite ones of (N,) values; ±99th percentile of |value| if symmetric."""
    step = -(-len(values) // SAMPLE) or 1
    finite = values[::step]
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return None
    if symmetric:
        reach = float(np.percentile(np.abs(finite), RELATIVE_PERCENTILES[1]))
        return _opened(-reach, reach)
    low, high = np.percentile(finite, RELATIVE_PERCENTILES)
    return _opened(float(low), float(high))


def colorize(data: LayerData, style: Style) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours of a layer's values.

    Returns
    -------
    colors : (N, 3) uint8; grey where the value is not known
    shown : (N,) bool, or None if every point is shown
    """
    match data.kind:
        case Kind.SCALAR:
            return _scalar_colors(data, style), None
        case Kind.CLASS:
            return _class_colors(data, style)
        case Kind.INSTANCE:
            return instance_colors(data.values), None
        case Kind.MASK:
            return np.array(MASK_COLORS, np.uint8).take(data.values.astype(np.uint8), axis=0), None
        case Kind.VECTOR:
            return _vector_colors(data.values), None
        case Kind.COLOR:
            return _known_colors(data), None


def legend(data: LayerData) -> list[LegendEntry]:
    """Classes of a class layer that occur, most frequent first; ids the label set does not list come last."""
    if data.kind is not Kind.CLASS or data.label_set is None:
        return []
    counts = np.bincount(data.values, minlength=256)
    present = [int(i) for i in np.flatnonzero(counts)]
    present.sort(key=lambda i: (i == UNKNOWN, -int(counts[i])))
    colors = data.label_set.colors
    return [LegendEntry(i, data.label_set.class_name(i), _triple(colors[i]), int(counts[i])) for i in present]


def instance_colors(ids: np.ndarray) -> np.ndarray:
    """(N, 3) uint8: a colour by a hash of each id, so that neighbouring ids differ; grey for id 0."""
    mixed = (ids.astype(np.uint32, copy=False) * np.uint32(2654435769)) >> np.uint32(24)
    index = mixed.astype(np.int16)
    index[ids == 0] = 256
    return _instance_table().take(index, axis=0)


def _scalar_colors(data: LayerData, style: Style) -> np.ndarray:
    table = colormaps.table(style.colormap or data.colormap)
    bounds = resolve_range(data, style)
    colors = np.empty((len(data.values), 3), np.uint8)
    if bounds is None:
        colors[:] = colormaps.UNKNOWN_COLOR
        return colors
    low, scale = np.float32(bounds[0]), np.float32((colormaps.LEVELS - 1) / (bounds[1] - bounds[0]))
    for start in range(0, len(colors), CHUNK):
        values = np.asarray(data.values[start : start + CHUNK], np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            level = (values - low) * scale
        np.fmin(np.fmax(level, 0, out=level), colormaps.LEVELS - 1, out=level)  # fmax turns NaN into 0
        index = np.rint(level, out=level).astype(np.int16)
        unknown = np.isnan(values)
        if unknown.any():
            index[unknown] = colormaps.LEVELS
        table.take(index, axis=0, out=colors[start : start + CHUNK], mode="clip")
    return colors


def _class_colors(data: LayerData, style: Style) -> tuple[np.ndarray, np.ndarray | None]:
    if data.label_set is None:
        raise ValueError(f"layer {data.name}: a class layer needs its label set")
    colors = data.label_set.colors.take(data.values, axis=0)
    if not style.hidden:
        return colors, None
    switched_on = np.ones(256, bool)
    switched_on[list(style.hidden)] = False
    return colors, switched_on.take(data.values)


def _vector_colors(vectors: np.ndarray) -> np.ndarray:
    """Direction as colour: x, y, z from −1 to 1 become red, green, blue."""
    unknown = ~np.isfinite(vectors).all(axis=1)
    safe = np.where(unknown[:, None], 0, vectors)
    colors = np.rint(np.clip(safe, -1, 1) * 127.5 + 127.5).astype(np.uint8)
    colors[unknown] = colormaps.UNKNOWN_COLOR
    return colors


def _known_colors(data: LayerData) -> np.ndarray:
    if data.known is None:
        return data.values
    colors = data.values.copy()
    colors[~data.known] = UNSEEN_COLOR
    return colors


@cache
def _instance_table() -> np.ndarray:
    """(257, 3) uint8: 256 vivid colours in an order that keeps neighbours apart; 256 is "no instance"."""
    index = np.arange(256)
    hue = index * 0.61803398875 % 1.0  # golden ratio: consecutive hues lie far apart
    saturation = 0.55 + 0.4 * (index % 3) / 2
    value = 0.75 + 0.25 * (index % 2)
    channel = (np.array([5, 3, 1])[None] + hue[:, None] * 6) % 6
    mix = np.clip(np.minimum(channel, 4 - channel), 0, 1)
    rgb = (value * (1 - saturation))[:, None] + (value * saturation)[:, None] * (1 - mix)
    return np.vstack([np.rint(rgb * 255), [NO_INSTANCE_COLOR]]).astype(np.uint8)


def _opened(low: float, high: float) -> tuple[float, float]:
    """A range of some width: a constant layer gets the middle of its colour map."""
    if abs(high - low) > 1e-12 * max(abs(low), abs(high), 1e-12):
        return low, high
    half = max(0.5, abs(low) * 1e-3)
    return low - half, high + half


def _triple(color: np.ndarray) -> tuple[int, int, int]:
    return int(color[0]), int(color[1]), int(color[2])
