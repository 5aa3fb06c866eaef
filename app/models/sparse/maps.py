"""Kernel maps: which input voxel each kernel offset brings to each output voxel.

Offsets are numbered as torchsparse numbers them (REFERENCE: odd kernels x fastest, even kernels z fastest).
A table (K³, N) int32 holds the input row that output voxel n takes with offset k, −1 where there is none.
A :class:`Plan` is a table made ready for gathering: pairs of rows, in chunks of output rows that stay in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from app.models.sparse.coords import Box, unique_sorted

ROWS = 16384
"""Output rows worked on at a time on the CPU; 8192 to 32768 are equally fast on two cores with 1 MB of
second-level cache."""

WHOLE = 1 << 20
"""Output rows at a time on a GPU: large enough to be whole, small enough to bound the memory."""

BUDGET = 24 << 20
"""Bytes of gathered rows and products that a chunk may hold where all of its products are kept at once (CPU)."""

STEPS = 4
"""Sizes of products between one power of two and the next: see :func:`padded`."""

HALF = 13
"""Offsets of a 3³ kernel before its centre; offset 26 − k is the opposite of offset k."""

_COLUMNS = ((-1, -1), (0, -1), (1, -1), (-1, 0))
"""(dx, dy) of the columns of three cells that hold offsets before the centre, without the centre's own column."""


def offset_index(dx: int, dy: int, dz: int) -> int:
    """Number of a 3³ kernel's offset; each of dx, dy, dz is −1, 0 or 1."""
    return (dz + 1) * 9 + (dy + 1) * 3 + (dx + 1)


def submanifold_table(keys: Tensor, box: Box) -> Tensor:
    """(27, N) table of the 3³ neighbours within one grid; keys are sorted and distinct.

    Cells of a column in z are neighbours in the sorted keys, so one search serves three offsets; and
    n takes m with offset k exactly when m takes n with the opposite one, so half of the offsets serve all.
    """
    num = keys.shape[0]
    table = torch.full((27, num), -1, dtype=torch.int32, device=keys.device)
    rows = torch.arange(num, dtype=torch.int32, device=keys.device)
    table[HALF] = rows
    if num < 2:
        return table
    below = torch.where(keys[1:] - keys[:-1] == 1, rows[:-1], -1)
    table[offset_index(0, 0, -1), 1:] = below
    table[offset_index(0, 0, 1), :-1] = torch.where(below >= 0, rows[1:], -1)
    _, step_x, step_y, _ = box.steps
    padded = torch.cat([keys, keys.new_full((3,), torch.iinfo(torch.int64).max)])
    for dx, dy in _COLUMNS:
        lowest = keys + (dx * step_x + dy * step_y - 1)
        at = torch.searchsorted(keys, lowest)
        for dz in (-1, 0, 1):
            hit = padded[at] == lowest + (dz + 1)
            out = hit.nonzero().squeeze(1)
            found = at[out]
            table[offset_index(dx, dy, dz), out] = found.to(torch.int32)
            table[offset_index(-dx, -dy, -dz), found] = out.to(torch.int32)
            at += hit
    return table


def strided_tables(cells: Tensor, box: Box) -> tuple[Tensor, Tensor, Tensor]:
    """The 2³ stride-2 map of a grid: its coarse keys, table down and table up.

    ``cells`` (N, 4) integers at the fine grid, ``box`` the box of the coarse cells (``cells`` // 2).
    Returns sorted coarse keys (M,), (8, M) table fine → coarse and (8, N) table coarse → fine.
    """
    num = cells.shape[0]
    coarse_keys, parent = unique_sorted(box.keys(halved(cells)))
    low = cells[:, 1:].to(torch.int64) & 1
    offset = low[:, 0] * 4 + low[:, 1] * 2 + low[:, 2]
    rows = torch.arange(num, device=cells.device)
    down = torch.full((8, coarse_keys.shape[0]), -1, dtype=torch.int32, device=cells.device)
    down[offset, parent] = rows.to(torch.int32)
    up = torch.full((8, num), -1, dtype=torch.int32, device=cells.device)
    up[offset, rows] = parent.to(torch.int32)
    return coarse_keys, down, up


def padded(count: int) -> int:
    """``count`` rounded up to one of a few sizes, by a quarter at most.

    oneDNN compiles a kernel for every number of rows it meets. A network on one scan asks for thousands of
    numbers, other
    ones on the next scan: compiling cost more than multiplying, and its cache of 1024 kernels never held them.
    """
    step = max((1 << max(count - 1, 1).bit_length() - 1) // STEPS, 16)
    return -(-count // step) * step


def halved(cells: Tensor) -> Tensor:
    """(N, 4) cells of the next coarser grid: floor halves of x, y, z; the batch stays."""
    return torch.cat([cells[:, :1], cells[:, 1:] >> 1], 1)


@dataclass(frozen=True)
class Bags:
    """Which products each output row of a chunk sums: rows ``items[starts[n] : starts[n + 1]]`` of the products."""

    items: Tensor
    starts: Tensor


@dataclass
class Chunk:
    """Pairs of rows for the output rows ``start`` … ``stop``, by offset and then by output row.

    ``in_rows`` int32, of every offset ``sizes`` of them: its pairs and then zeros up to a padded size;
    ``places`` (P,) int64: where in ``table``, flattened, the pairs stand; ``counts``: pairs of each offset.
    Pairs of the identity offset (the centre) are left out: row n takes row n.
    """

    start: int
    stop: int
    in_rows: Tensor
    places: Tensor
    counts: list[int]
    sizes: list[int]
    table: Tensor
    identity: int | None

    @cached_property
    def out_rows(self) -> Tensor:
        """(P,) int64 output rows of the pairs, counted from ``start``."""
        return self.places % (self.stop - self.start)

    @property
    def pairs(self) -> list[tuple[int, Tensor, Tensor]]:
        """(offset, padded input rows, output rows) of every offset that has pairs."""
        rows = zip(torch.split(self.in_rows, self.sizes), torch.split(self.out_rows, self.counts), strict=True)
        return [(k, ins, outs) for k, (ins, outs) in enumerate(rows) if outs.shape[0]]

    @cached_property
    def bags(self) -> Bags:
        """The pairs in the order of output rows, where products lie as: identity rows first, then padded pairs."""
        hit = self.table >= 0
        num = 0
        if self.identity is not None:
            num = self.stop - self.start
            hit[self.identity] = False
        first = num + torch.tensor([0, *self.sizes[:-1]], device=hit.device).cumsum(0)
        items = torch.cumsum(hit, 1) - 1 + first[:, None]
        if self.identity is not None:
            items[self.identity] = torch.arange(num, device=hit.device)
            hit[self.identity] = True
        starts = torch.zeros(hit.shape[1] + 1, dtype=torch.int32, device=hit.device)
        starts[1:] = torch.cumsum(hit.sum(0), 0)
        return Bags(items.t()[hit.t()].to(torch.int32), starts)


class Plan:
    """A kernel map ready for use: ``num_out`` output rows from ``num_in`` input rows with ``volume`` offsets.

    ``identity`` is the offset that takes every row to itself (the centre of a submanifold kernel), or None.
    """

    def __init__(self, table: Tensor, num_in: int, *, identity: int | None = None) -> None:
        self.table = table
        self.volume, self.num_out = table.shape
        self.num_in = num_in
        self.identity = identity
        self._chunks: dict[int, tuple[Chunk, ...]] = {}

    @cached_property
    def num_pairs(self) -> int:
        """Pairs of rows over all offsets, the identity's among them; half the floating-point work per channel
        pair."""
        return int((self.table >= 0).sum())

    def chunks(self, pair_bytes: int = 0) -> tuple[Chunk, ...]:
        """The pairs, chunk by chunk; ``pair_bytes``: what is held for every pair of a chunk at once, 0 for
        nothing."""
        rows = WHOLE if self.table.device.type != "cpu" else self._rows(pair_bytes)
        if rows not in self._chunks:
            starts = range(0, self.num_out, rows)
            self._chunks[rows] = tuple(self._chunk(start, min(start + rows, self.num_out)) for start in starts)
        return self._chunks[rows]

    def _rows(self, pair_bytes: int) -> int:
        """Output rows of a chunk: a power of two, so that layers of similar widths share their chunks."""
        if pair_bytes == 0 or self.num_out == 0:
            return ROWS
        fitting = BUDGET * self.num_out // (pair_bytes * max(self.num_pairs, 1))
        return min(max(1 << fitting.bit_length() - 1, 1024), ROWS) if fitting > 0 else 1024

    def _chunk(self, start: int, stop: int) -> Chunk:
        table = self.table[:, start:stop]
        hit = table >= 0
        if self.identity is not None:
            hit[self.identity] = False
        pairs = hit.flatten().nonzero().squeeze(1)
        counts = [int(count) for count in hit.sum(1).tolist()]
        sizes = [padded(count) if count else 0 for count in counts]
        rows = table.reshape(-1).index_select(0, pairs)
        ins = table.new_zeros(sum(sizes))
        for part, into in zip(torch.split(rows, counts), torch.split(ins, sizes), strict=True):
            into[: part.shape[0]] = part
        return Chunk(start, stop, ins, pairs, counts, sizes, table, self.identity)
