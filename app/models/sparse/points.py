"""Between points and voxels: mean of a voxel's points, and trilinear interpolation back to points.

Both are sums of weighted rows, so one differentiable operation serves them: a sparse matrix times features,
and its transpose backwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from app.models.sparse.product import sum_rows
from app.models.sparse.tensor import Pyramid, SparseTensor, grid_of

EPSILON = 1e-8
"""Added to the sum of corner weights, as the published networks do."""


class Mixing:
    """A sparse (M, N) matrix of weights: entry e adds ``weights[e]`` × row ``sources[e]`` to row ``targets[e]``."""

    def __init__(self, targets: Tensor, sources: Tensor, weights: Tensor, shape: tuple[int, int]) -> None:
        self.targets, self.sources, self.weights, self.shape = targets, sources, weights, shape

    @cached_property
    def is_identity(self) -> bool:
        """Whether it copies rows one to one in order: nothing to compute then."""
        num, other = self.shape
        rows = torch.arange(num, device=self.targets.device)
        return (
            num == other == self.targets.shape[0]
            and bool((self.weights == 1).all())
            and torch.equal(self.targets, rows)
            and torch.equal(self.sources, rows)
        )

    @cached_property
    def by_target(self) -> tuple[Tensor, Tensor, Tensor]:
        """Items, starts and weights for summing rows forwards."""
        return _bags(self.targets, self.sources, self.weights, self.shape[0])

    @cached_property
    def by_source(self) -> tuple[Tensor, Tensor, Tensor]:
        """The same backwards."""
        return _bags(self.sources, self.targets, self.weights, self.shape[1])


def _bags(owners: Tensor, items: Tensor, weights: Tensor, num: int) -> tuple[Tensor, Tensor, Tensor]:
    owners, order = torch.sort(owners, stable=True)
    starts = torch.searchsorted(owners, torch.arange(num + 1, device=owners.device))
    return items[order], starts, weights[order]


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, mixing: Mixing) -> Tensor:
        ctx.mixing = mixing
        items, starts, weights = mixing.by_target
        return sum_rows(x.contiguous(), items, starts, weights.to(x.dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        items, starts, weights = ctx.mixing.by_source
        return sum_rows(grad.contiguous(), items, starts, weights.to(grad.dtype)), None


def mix(x: Tensor, mixing: Mixing) -> Tensor:
    """(M, C) weighted sums of the rows of ``x`` (N, C), differentiable in ``x``."""
    if x.shape[0] != mixing.shape[1]:
        raise ValueError(f"features for {mixing.shape[1]} rows are needed; got {x.shape[0]}")
    apply: Callable[..., Tensor] = _Mix.apply
    return x if mixing.is_identity else apply(x, mixing)


class Points:
    """Where points lie among the voxels of a pyramid; their features are plain (M, C) tensors beside it.

    ``coords`` (M, 4): batch and x, y, z in finest voxels; real positions within voxels are allowed.
    """

    def __init__(self, coords: Tensor, pyramid: Pyramid) -> None:
        self.coords = coords
        self.pyramid = pyramid
        self._pools: dict[int, Mixing] = {}
        self._corners: dict[int, Mixing] = {}

    def __len__(self) -> int:
        return int(self.coords.shape[0])

    def to_voxels(self, feats: Tensor, stride: int) -> SparseTensor:
        """Mean of the points' features (M, C) in every voxel of a stride; voxels without points hold 0."""
        if stride not in self._pools:
            self._pools[stride] = self._pool(stride)
        return SparseTensor(mix(feats, self._pools[stride]), self.pyramid, stride)

    def from_voxels(self, x: SparseTensor) -> Tensor:
        """(M, C) trilinear interpolation of voxel features at the points.

        A voxel's value sits at its lowest corner, as in the published networks. Corners without a voxel weigh
        nothing and the others' weights are divided by their sum + 1e-8.
        """
        if x.stride not in self._corners:
            self._corners[x.stride] = self._trilinear(x.stride)
        return mix(x.feats, self._corners[x.stride])

    def _scaled(self, stride: int) -> tuple[Tensor, Tensor]:
        """Cells (M, 4) int64 the points lie in, and where in them (M, 3) from 0 to 1."""
        xyz = self.coords[:, 1:].to(torch.float64) / stride
        low = torch.floor(xyz)
        cells = torch.cat([self.coords[:, :1].to(torch.int64), low.to(torch.int64)], 1)
        return cells, xyz - low

    def _pool(self, stride: int) -> Mixing:
        grid = self.pyramid.grid(stride)
        rows = grid.rows(self._scaled(stride)[0])
        members = torch.nonzero(rows >= 0).squeeze(1)
        rows = rows[members]
        counts = torch.bincount(rows, minlength=len(grid))
        return Mixing(rows, members, 1.0 / counts[rows].to(torch.float64), (len(grid), len(self)))

    def _trilinear(self, stride: int) -> Mixing:
        grid = self.pyramid.grid(stride)
        cells, within = self._scaled(stride)
        rows, weights = [], []
        for corner in range(8):
            step = torch.tensor([corner >> 2, (corner >> 1) & 1, corner & 1], device=cells.device)
            weight = torch.where(step.bool(), within, 1 - within).prod(1)
            row = grid.rows(cells + torch.cat([step.new_zeros(1), step]))
            rows.append(row)
            weights.append(torch.where(row >= 0, weight, 0.0))
        row, weight = torch.stack(rows, 1), torch.stack(weights, 1)
        weight = weight / (weight.sum(1, keepdim=True) + EPSILON)
        point, corner_index = torch.nonzero(weight > 0, as_tuple=True)
        used = weight[point, corner_index]
        # 1 / (1 + 1e-8) is 1 in float32; as 1 it lets points that are their voxels' corners skip the sum
        used = torch.where(used > 1 - 2 * EPSILON, 1.0, used)
        return Mixing(point, row[point, corner_index], used, (len(self), len(grid)))


def voxelise(coords: Tensor, feats: Tensor) -> tuple[SparseTensor, Tensor]:
    """Mean features of the points in every voxel, and the row (M,) int64 of each point's voxel.

    ``coords`` (M, 4) integers (batch, x, y, z) in voxels, repeated where points share one; ``feats`` (M, C).
    ``x.feats[rows]`` brings voxel values back to the points.
    """
    if feats.ndim != 2 or feats.shape[0] != coords.shape[0]:
        raise ValueError(f"features are (M, C) with M = {coords.shape[0]}; got {tuple(feats.shape)}")
    grid, rows = grid_of(coords)
    counts = torch.bincount(rows, minlength=len(grid))
    members = torch.arange(len(rows), device=rows.device)
    pool = Mixing(rows, members, 1.0 / counts[rows].to(torch.float64), (len(grid), len(rows)))
    return SparseTensor(mix(feats, pool), Pyramid(grid)), rows
