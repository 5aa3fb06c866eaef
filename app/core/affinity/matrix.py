"""The affinity matrix T of a queue as a picture: ordered, blocks averaged where it is large, any window of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from app.core.affinity.affinity import ROWS, AffinityOptions
from app.core.affinity.inspecting import ORDERS, MatrixPicture, Span
from app.core.affinity.queue_view import QueueView, table_of
from app.core.errors import UsageError

LARGEST = 512
"""Most cells on a side of a picture."""


def ordered(view: QueueView, order: str) -> np.ndarray:
    """(n,) int64 queue rows in an order; ``UsageError`` for one that there is not."""
    table = table_of(view)
    keys = {
        "class": (table.frame, table.before, table.after),
        "time": (table.frame,),
        "frame": (table.before, table.after, table.frame),
    }
    if order not in keys:
        raise UsageError(f"There is no order '{order}'; there are: {', '.join(ORDERS)}.")
    return np.asarray(np.lexsort(keys[order]))


def picture(
    view: QueueView,
    order: str,
    window: tuple[int, int] | None,
    columns: tuple[int, int] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> MatrixPicture:
    """A window of T; without affinity that is the identity.

    ``window``: first place of the order, and one more than the last, of those who receive; None: all.
    ``columns``: the same of those who give; None: as ``window``. ``stopped``: asked between two tiles; what comes
    then is of no use. ``UsageError`` for an empty one, one outside the queue, or an unknown order.
    """
    started = time.perf_counter()
    rows = ordered(view, order)
    down = (0, len(rows)) if window is None else window
    across = down if columns is None else columns
    for first, end in (down, across):
        if not 0 <= first < end <= len(rows):
            raise UsageError(f"The queue has {len(rows)} superpoints; places {first} to {end} were asked for.")
    block = max(-(-(end - first) // LARGEST) for first, end in (down, across))
    values = _blocks(view, rows, slice(*down), slice(*across), block, stopped)
    return MatrixPicture(
        order=order,
        rows=rows.astype(np.int32),
        window=down,
        columns=across,
        values=values,
        block=block,
        spans=_spans(view, rows, order),
        largest=float(values.max(initial=0.0)),
        seconds=time.perf_counter() - started,
        digest=view.digest,
    )


def _blocks(
    view: QueueView, rows: np.ndarray, down: slice, across: slice, block: int, stopped: Callable[[], bool]
) -> np.ndarray:
    """(m, k) float32 means of T over blocks of the window, rows normalised over the whole queue."""
    wanted, given = rows[down], rows[across]
    starts, beginnings = np.arange(0, len(wanted), block), np.arange(0, len(given), block)
    sizes = np.diff([*starts, len(wanted)]).astype(np.float32)
    widths = np.diff([*beginnings, len(given)]).astype(np.float32)
    numbers = view.walk
    if numbers is None:
        low = np.maximum.outer(starts + down.start, beginnings + across.start)
        high = np.minimum.outer(starts + sizes + down.start, beginnings + widths + across.start)
        return np.asarray(np.maximum(high - low, 0) / np.outer(sizes, widths), np.float32)
    features = np.concatenate([frame.feature for frame in view.frames]).astype(np.float32)
    values = np.zeros((len(starts), len(beginnings)), np.float32)
    high = max(ROWS // block, 1) * block  # whole blocks of rows at a time
    for start in range(0, len(wanted), high):
        if stopped():
            break
        weights = _rows_of_t(features, wanted[start : start + high], numbers)
        own = np.arange(0, len(weights), block)
        summed = np.add.reduceat(weights, own, axis=0)  # rows first: what is left of them is short
        first = start // block
        values[first : first + len(own)] = np.add.reduceat(summed[:, given], beginnings, axis=1)
    return values / np.outer(sizes, widths)


def _rows_of_t(features: np.ndarray, rows: np.ndarray, numbers: AffinityOptions) -> np.ndarray:
    """(k, n) float32 rows of T."""
    left = features[rows] * np.float32(numbers.beta * numbers.scale)
    weights = left @ features.T
    weights -= np.einsum("ij,ij->i", left, features[rows])[:, None]
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _spans(view: QueueView, rows: np.ndarray, order: str) -> tuple[Span, ...]:
    """Runs of one class or frame along the order."""
    table = table_of(view)
    along = (table.after if order == "class" else table.frame)[rows]
    names = dict(zip(view.words.ids.tolist(), view.words.names, strict=True))
    cuts = [0, *(np.flatnonzero(np.diff(along)) + 1).tolist(), len(along)]
    spans = []
    for start, end in pairwise(cuts):
        if end > start:
            value = int(along[start])
            name = names[value] if order == "class" else f"frame {value}"
            spans.append(Span(start, end, value, name))
    return tuple(spans)
