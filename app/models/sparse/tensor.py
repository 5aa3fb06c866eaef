"""Sparse tensors: features on the voxels of one stride, and the pyramid of grids and kernel maps they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from app.models.sparse.coords import Box, box_of, check_coords, find, unique_sorted
from app.models.sparse.maps import HALF, Plan, halved, strided_tables, submanifold_table


class Grid:
    """The distinct voxels of one stride, sorted by (batch, x, y, z); cells are coordinates divided by the
    stride."""

    def __init__(self, keys: Tensor, box: Box, stride: int) -> None:
        self.keys = keys
        self.box = box
        self.stride = stride
        self.cells = box.cells(keys)

    def __len__(self) -> int:
        return int(self.keys.shape[0])

    @property
    def coords(self) -> Tensor:
        """(N, 4) int32 (batch, x, y, z) of the voxels' lowest corners, in finest voxels."""
        scale = torch.tensor(
            [1, self.stride, self.stride, self.stride], dtype=torch.int32, device=self.cells.device
        )
        return self.cells * scale

    def rows(self, cells: Tensor) -> Tensor:
        """(M,) int64 rows of (M, 4) integer cells in this grid, −1 where it has none."""
        return torch.where(self.box.contains(cells), find(self.keys, self.box.keys(cells)), -1)


class Pyramid:
    """The grids of one batch of clouds at strides 1, 2, 4 … and the kernel maps between them, made when asked for.

    All sparse tensors of one forward pass share it, so that each kernel map is built once.
    ``extras`` is where other engines keep what they cache.
    """

    def __init__(self, finest: Grid) -> None:
        self._grids = {finest.stride: finest}
        self._plans: dict[tuple[str, int], Plan] = {}
        self.extras: dict[Any, Any] = {}

    def grid(self, stride: int) -> Grid:
        """The grid at a stride: one that exists, or made by halving the next finer one."""
        if stride not in self._grids:
            self._coarsen(stride // 2)
        return self._grids[stride]

    @property
    def finest(self) -> Grid:
        """The grid of the least stride."""
        return self._grids[min(self._grids)]

    def submanifold(self, stride: int) -> Plan:
        """The 3³ map within the grid of a stride."""
        key = ("submanifold", stride)
        if key not in self._plans:
            grid = self.grid(stride)
            self._plans[key] = Plan(submanifold_table(grid.keys, grid.box), len(grid), identity=HALF)
        return self._plans[key]

    def down(self, stride: int) -> Plan:
        """The 2³ map from the grid of ``stride`` to that of twice the stride."""
        if ("down", stride) not in self._plans:
            self._coarsen(stride)
        return self._plans["down", stride]

    def up(self, stride: int) -> Plan:
        """The 2³ map from the grid of twice the stride back to that of ``stride``."""
        if ("up", stride) not in self._plans:
            self._coarsen(stride)
        return self._plans["up", stride]

    def _coarsen(self, stride: int) -> None:
        if stride not in self._grids and stride < 2:
            raise ValueError(f"this pyramid has no grid at stride {stride}; its finest is {min(self._grids)}")
        fine = self.grid(stride)
        box = box_of(halved(fine.cells))
        keys, down, up = strided_tables(fine.cells, box)
        coarse = Grid(keys, box, 2 * stride)
        self._grids[2 * stride] = coarse
        self._plans["down", stride] = Plan(down, len(fine))
        self._plans["up", stride] = Plan(up, len(coarse))


@dataclass(frozen=True)
class SparseTensor:
    """Features (N, C) of the voxels of ``pyramid.grid(stride)``, row for row."""

    feats: Tensor
    pyramid: Pyramid
    stride: int = 1

    @property
    def grid(self) -> Grid:
        """The voxels."""
        return self.pyramid.grid(self.stride)

    @property
    def coords(self) -> Tensor:
        """(N, 4) int32 (batch, x, y, z), multiples of the stride."""
        return self.grid.coords

    def with_feats(self, feats: Tensor, *, stride: int | None = None) -> SparseTensor:
        """The same voxels (or those of another stride of the same pyramid) with other features."""
        return replace(self, feats=feats, stride=self.stride if stride is None else stride)

    def __add__(self, other: SparseTensor) -> SparseTensor:
        return self.with_feats(self.feats + other.feats)


def cat(tensors: Sequence[SparseTensor]) -> SparseTensor:
    """Channels of tensors on the same voxels, side by side in the order given."""
    first = tensors[0]
    if any(t.pyramid is not first.pyramid or t.stride != first.stride for t in tensors):
        raise ValueError("only tensors on the same voxels can be put side by side")
    return first.with_feats(torch.cat([t.feats for t in tensors], 1))


def grid_of(coords: Tensor, stride: int = 1) -> tuple[Grid, Tensor]:
    """The grid of (M, 4) integer coordinates (batch, x, y, z), and the row (M,) int64 of each.

    Coordinates may repeat and be negative; those of a stride over 1 must be its multiples.
    ``ValueError`` on another shape or dtype, or where their box exceeds what keys can tell apart.
    """
    check_coords(coords)
    cells = coords
    if stride > 1:
        if bool((coords[:, 1:] % stride).any()):
            raise ValueError(f"coordinates at stride {stride} must be its multiples")
        cells = torch.cat([coords[:, :1], torch.div(coords[:, 1:], stride, rounding_mode="floor")], 1)
    box = box_of(cells)
    keys, rows = unique_sorted(box.keys(cells))
    return Grid(keys, box, stride), rows
