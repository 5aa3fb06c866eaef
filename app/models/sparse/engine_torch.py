"""Our own engine: plain torch, any device, forward and backward."""

from __future__ import annotations

from torch import Tensor

from app.models.sparse.engine import Engine
from app.models.sparse.maps import Plan
from app.models.sparse.product import Finish, convolve, forward
from app.models.sparse.tensor import SparseTensor


class TorchEngine(Engine):
    """Gather, multiply, add; see :mod:`app.models.sparse.product`."""

    name = "torch"

    def missing(self) -> str | None:
        """It is always there."""
        return None

    def submanifold(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """A submanifold map is its own reverse, with opposite offsets."""
        plan = x.pyramid.submanifold(x.stride)
        return convolve(x.feats, kernel, plan, plan, mirrored=True)

    def finished(self, x: SparseTensor, kernel: Tensor, plan: Plan, finish: Finish) -> Tensor:
        """(M, Cout) convolution by a plan, shifted and rectified while its rows are in the cache; no gradients."""
        return forward(x.feats.contiguous(), kernel, plan, finish)

    def down(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """Reversed by the map up."""
        down, up = x.pyramid.down(x.stride), x.pyramid.up(x.stride)
        return convolve(x.feats, kernel, down, up, mirrored=False)

    def up(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """Reversed by the map down."""
        fine = x.stride // 2
        down, up = x.pyramid.down(fine), x.pyramid.up(fine)
        return convolve(x.feats, kernel, up, down, mirrored=False)


ENTRY = TorchEngine()
