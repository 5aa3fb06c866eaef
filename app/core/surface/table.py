"""Values by key, in sorted blocks: a few more cost as much as they are, not as much as all that are there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from app.core.surface.cells import among, find


class Table:
    """Sorted keys with a value each, in blocks of which each is at least twice as long as the next.

    Following a surface adds a few thousand cells a hundred times; merging them into millions each time would cost
    more than the field.
    """

    def __init__(self, keys: np.ndarray, values: np.ndarray) -> None:
        """``keys`` (N,) int64, sorted and distinct; ``values`` (N,)."""
        self._blocks = [(keys, values)]

    @classmethod
    def empty(cls, kind: type) -> Table:
        """One without keys, for values of a numpy type."""
        return cls(np.zeros(0, np.int64), np.zeros(0, kind))

    def add(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Put in (M,) sorted distinct keys that are not there yet."""
        self._blocks.append((keys, values))
        while len(self._blocks) > 1 and len(self._blocks[-2][0]) < 2 * len(self._blocks[-1][0]):
            self._merge_last()

    def has(self, keys: np.ndarray) -> np.ndarray:
        """(M,) bool: which keys are there."""
        found = np.zeros(len(keys), bool)
        for held, _ in self._blocks:
            found |= among(held, keys)
        return found

    def get(self, keys: np.ndarray) -> np.ndarray:
        """Values of keys of any shape, all of which are there."""
        wanted = keys.ravel()
        if len(self._blocks) == 1:
            held, values = self._blocks[0]
            return values[find(held, wanted)].reshape(keys.shape)
        result = np.empty(len(wanted), self._blocks[0][1].dtype)
        for held, values in self._blocks:
            if not len(held):
                continue
            at = np.minimum(find(held, wanted), len(held) - 1)
            here = held[at] == wanted
            result[here] = values[at[here]]
        return result.reshape(keys.shape)

    def renamed(self, rename: Callable[[np.ndarray], np.ndarray]) -> Table:
        """The same values under other keys; ``rename`` keeps their order."""
        keys, values = self.whole()
        return Table(rename(keys), values)

    def joined(self, other: Table) -> Table:
        """All keys of both; where a key is in both, its value is this one's."""
        (keys, values), (more, more_values) = self.whole(), other.whole()
        fresh = ~among(keys, more)
        joined = Table(keys, values)
        if fresh.any():
            joined.add(more[fresh], more_values[fresh])
        return joined

    def whole(self) -> tuple[np.ndarray, np.ndarray]:
        """All sorted keys, and their values."""
        while len(self._blocks) > 1:
            self._merge_last()
        return self._blocks[0]

    def _merge_last(self) -> None:
        (few, few_values), (more, more_values) = self._blocks.pop(), self._blocks.pop()
        keys = np.concatenate([more, few])
        order = np.argsort(keys, kind="stable")  # of two sorted runs: a merge, not a sort
        self._blocks.append((keys[order], np.concatenate([more_values, few_values])[order]))


MOST = 1 << 23
"""Answers that are remembered: 100 MB."""


class Answers:
    """What a field has answered on the grids of several steps, so that nothing is asked twice.

    Another threshold, another box or a finer step on the same frame asks only at new corners. Belongs to one field:
    other latents, neighbours or another radius are another field with answers of its own.
    """

    def __init__(self, most: int = MOST) -> None:
        """``most`` answers are remembered at most."""
        self._most = most
        self._tables: dict[float, Table] = {}

    def __len__(self) -> int:
        return sum(len(table.whole()[0]) for table in self._tables.values())

    def at(self, step: float) -> Table:
        """What is known at the corners of the grid of this step, metres."""
        return self._tables.get(step) or Table.empty(np.float32)

    def keep(self, step: float, table: Table) -> None:
        """Remember these in place of those of the same step; where it is too much, forget the oldest."""
        self._tables.pop(step, None)
        self._tables[step] = table
        while len(self) > self._most and self._tables:
            del self._tables[next(iter(self._tables))]
