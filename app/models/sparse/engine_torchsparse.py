"""The optional package torchsparse, versions 1.4 and 2.x, for NVIDIA GPUs.

1.4 takes coordinates as (x, y, z, batch) in finest voxels and is given our own kernel maps. 2.x takes (batch, x,
y, z)
divided by the stride, from 0, and builds its maps itself; asked for the hash map built beforehand it halves a grid
as we do
and loses no voxel at the border, which its default way does.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import torch
from torch import Tensor

from app.models.sparse.coords import Box
from app.models.sparse.engine import Engine
from app.models.sparse.maps import Plan
from app.models.sparse.tensor import SparseTensor

ALIGN = 64
"""Coordinates given to 2.x start at a multiple of this, so that they halve as ours do."""

Triple = tuple[int, int, int]


class TorchsparseEngine(Engine):
    """torchsparse's convolution, called with our kernels; ``package`` stands in for the installed one in tests."""

    name = "torchsparse"

    def __init__(self, package: Any = None) -> None:
        self._package = package

    def missing(self) -> str | None:
        """It is an optional package that needs an NVIDIA GPU."""
        if self._package is not None:
            return None
        if importlib.util.find_spec("torchsparse") is None:
            return "The engine torchsparse is an optional package and not installed; it is built from its source."
        if not torch.cuda.is_available():
            return "The engine torchsparse needs an NVIDIA GPU, and none is found."
        return None

    @property
    def package(self) -> Any:
        """The module ``torchsparse`` with its functional part loaded."""
        if self._package is None:
            self._package = importlib.import_module("torchsparse")
            importlib.import_module("torchsparse.nn.functional")
        return self._package

    @property
    def is_old(self) -> bool:
        """Whether it is 1.x."""
        return int(str(self.package.__version__).split(".")[0]) < 2

    def submanifold(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """Rows stay as they are."""
        if self.is_old:
            return self._old(x, kernel, x.stride, x.pyramid.submanifold(x.stride), x.stride, size=3, step=1)
        return self._call(self._new(x), kernel, size=3, step=1).feats

    def down(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """Onto the grid of twice the stride."""
        if self.is_old:
            return self._old(x, kernel, x.stride, x.pyramid.down(x.stride), 2 * x.stride, size=2, step=2)
        result = self._call(self._new(x), kernel, size=2, step=2)
        cells = result.coords.to(torch.int64) + _origin(x, 2 * x.stride)
        ours = x.pyramid.grid(2 * x.stride).rows(cells)
        x.pyramid.extras["torchsparse", "ours", 2 * x.stride] = ours
        feats: Tensor = result.feats[torch.argsort(ours)]
        return feats

    def up(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """Back onto the grid of half the stride."""
        fine = x.stride // 2
        if self.is_old:
            return self._old(x, kernel, fine, x.pyramid.down(fine), fine, size=2, step=2, transposed=True)
        key = ("torchsparse", "ours", x.stride)
        if key not in x.pyramid.extras:
            probe = x.feats.new_zeros(len(x.pyramid.grid(fine)), kernel.shape[1])
            self.down(x.with_feats(probe, stride=fine), torch.zeros_like(kernel))
        mixed = x.with_feats(x.feats[x.pyramid.extras[key]])
        feats: Tensor = self._call(self._new(mixed), kernel, size=2, step=2, transposed=True).feats
        return feats

    def _old(
        self,
        x: SparseTensor,
        kernel: Tensor,
        fine: int,
        plan: Plan,
        out_stride: int,
        *,
        size: int,
        step: int,
        transposed: bool = False,
    ) -> Tensor:
        """1.4: our kernel map put where it looks for its own."""
        given = self.package.SparseTensor(x.feats, _old_coords(x, x.stride), x.stride)
        given.cmaps = {_triple(stride): _old_coords(x, stride) for stride in {x.stride, out_stride}}
        key = ("torchsparse", "pairs", fine, size)
        if key not in x.pyramid.extras:
            hit = plan.table >= 0
            offset_and_out = torch.nonzero(hit)
            pairs = torch.stack([plan.table[hit].to(torch.int64), offset_and_out[:, 1]], 1)
            x.pyramid.extras[key] = [pairs, hit.sum(1), (plan.num_in, plan.num_out)]
        given.kmaps = {(_triple(fine), _triple(size), _triple(step), _triple(1)): x.pyramid.extras[key]}
        feats: Tensor = self._call(given, kernel, size=size, step=step, transposed=transposed).feats
        return feats

    def _new(self, x: SparseTensor) -> Any:
        """2.x: a tensor of its own on our voxels; all of one pyramid share its caches."""
        coords = (x.grid.cells.to(torch.int64) - _origin(x, x.stride)).to(torch.int32)
        given = self.package.SparseTensor(coords=coords, feats=x.feats, stride=_triple(x.stride))
        caches = x.pyramid.extras.setdefault(("torchsparse", "caches"), given._caches)
        caches.cmaps.setdefault(_triple(x.stride), (coords, None))
        given._caches = caches
        return given

    def _call(self, given: Any, kernel: Tensor, *, size: int, step: int, transposed: bool = False) -> Any:
        functional = self.package.nn.functional
        options: dict[str, Any] = {"kernel_size": size, "stride": step, "transposed": transposed}
        if not self.is_old:
            config = functional.conv_config.get_default_conv_config()
            config.kmap_mode = "hashmap"
            config.downsample_mode = "minkowski"
            options |= {"config": config, "training": torch.is_grad_enabled()}
        return functional.conv3d(given, kernel, **options)


def _triple(value: int) -> Triple:
    return value, value, value


def _old_coords(x: SparseTensor, stride: int) -> Tensor:
    """(N, 4) int32 (x, y, z, batch)."""
    return x.pyramid.grid(stride).coords[:, [1, 2, 3, 0]].contiguous()


def _origin(x: SparseTensor, stride: int) -> Tensor:
    """(4,) int64 cell at a stride that 2.x is to call 0."""
    box: Box = x.pyramid.finest.box
    finest = x.pyramid.finest.stride
    low = [value // ALIGN * ALIGN * finest // stride for value in box.lowest[1:]]
    return torch.tensor([0, *low], device=x.feats.device)


ENTRY = TorchsparseEngine()
