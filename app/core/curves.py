"""Curves that grow: rows by step in arrays, their running mean, and few enough points of them to draw quickly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROOM = 256
"""Rows for which a new table has room; it doubles when it is full."""


@dataclass(frozen=True)
class Rows:
    """Numbers by step.

    Attributes
    ----------
    steps : (n,) int64, ascending
    columns : name to (n,) float64, NaN where a row does not have it
    """

    steps: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.steps)


def rows_of(entries: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows from objects with ``step``: other numbers become columns, those of an inner object ``name/inner``."""
    flat = [_flat(entry) for entry in entries]
    names = sorted({name for entry in flat for name in entry} - {"step"})
    steps = np.array([int(entry["step"]) for entry in flat], np.int64)
    return Rows(steps, {name: np.array([entry.get(name, np.nan) for entry in flat]) for name in names})


def _flat(entry: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in entry.items():
        if isinstance(value, Mapping):
            found |= {f"{name}/{inner}": float(v) for inner, v in value.items() if isinstance(v, int | float)}
        elif isinstance(value, int | float):
            found[name] = float(value)
    return found


class Table:
    """Rows that come in a few at a time. What it gives out are views: read them, keep none."""

    def __init__(self) -> None:
        self._length = 0
        self._steps = np.zeros(ROOM, np.int64)
        self._columns: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return self._length

    @property
    def steps(self) -> np.ndarray:
        """(n,) int64."""
        return self._steps[: self._length]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, sorted."""
        return tuple(sorted(self._columns))

    def column(self, name: str) -> np.ndarray:
        """(n,) float64, NaN where there is no such number."""
        held = self._columns.get(name)
        return np.full(self._length, np.nan) if held is None else held[: self._length]

    def clear(self) -> None:
        """Forget all rows."""
        self._length = 0
        self._columns.clear()

    def add(self, rows: Rows) -> None:
        """Put rows at the end."""
        end = self._length + len(rows)
        if end > len(self._steps):
            room = max(end, 2 * len(self._steps))
            self._steps = _larger(self._steps, room)
            self._columns = {name: _larger(held, room) for name, held in self._columns.items()}
        self._steps[self._length : end] = rows.steps
        for name in rows.columns.keys() - self._columns.keys():
            self._columns[name] = np.full(len(self._steps), np.nan)
        for name, held in self._columns.items():
            held[self._length : end] = rows.columns.get(name, np.nan)
        self._length = end


def _larger(held: np.ndarray, room: int) -> np.ndarray:
    grown = np.zeros(room, held.dtype)
    grown[: len(held)] = held
    return grown


def running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """(n,) mean of each value and the ``width`` − 1 before it, or as many as there are; NaN is left out."""
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    first = np.maximum(np.arange(len(values)) - max(width, 1) + 1, 0)
    last = np.arange(1, len(values) + 1)
    amount = counts[last] - counts[first]
    return np.where(amount > 0, (sums[last] - sums[first]) / np.maximum(amount, 1), np.nan)


def thinned(x: np.ndarray, y: np.ndarray, low: float, high: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """What is seen of a curve between ``low`` and ``high``: at most two points a bin, its least and greatest value.

    ``x`` ascends. One point more on either side, so that lines run to the edge. Peaks are never lost. Rows whose
    value is NaN are left out.
    """
    known = np.isfinite(y)
    if not known.all():
        x, y = x[known], y[known]
    first = max(int(np.searchsorted(x, low)) - 1, 0)
    last = min(int(np.searchsorted(x, high, "right")) + 1, len(x))
    x, y = x[first:last], y[first:last]
    if len(x) <= 2 * bins:
        return x, y
    starts = np.linspace(0, len(x), bins + 1).astype(np.int64)[:-1]
    least, greatest = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    ends = np.append(starts[1:], len(x)) - 1
    rising = y[ends] >= y[starts]  # the order in which the two most likely came
    pair = np.where(rising[:, None], np.stack([least, greatest], 1), np.stack([greatest, least], 1))
    return np.stack([x[starts], x[ends]], 1).ravel().astype(np.float64), pair.ravel()
