"""Layers on sparse tensors: convolution, normalisation, activation, with the parameter names of the public
networks."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from app.models.sparse.engine import AUTO, choose, engine
from app.models.sparse.engine_torch import TorchEngine
from app.models.sparse.product import Finish, times
from app.models.sparse.tensor import SparseTensor


class Conv3d(nn.Module):
    """Sparse convolution without bias, ``kernel`` (K³, Cin, Cout); of size 1 a plain product, ``kernel`` (Cin,
    Cout).

    Size 3 keeps the voxels, size 2 with stride 2 halves the grid, and transposed it goes back to the finer grid.
    Under autocast it computes in autocast's dtype.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        *,
        transposed: bool = False,
        sparse_engine: str = AUTO,
    ) -> None:
        super().__init__()
        if (kernel_size, stride, transposed) not in ((1, 1, False), (3, 1, False), (2, 2, False), (2, 2, True)):
            raise ValueError(
                "sparse convolutions are of size 1 or 3 with stride 1, or of size 2 with stride 2; "
                f"got size {kernel_size}, stride {stride}{', transposed' if transposed else ''}"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.transposed = kernel_size, stride, transposed
        self.sparse_engine = sparse_engine
        volume = kernel_size**3
        shape = (in_channels, out_channels) if volume == 1 else (volume, in_channels, out_channels)
        self.kernel = nn.Parameter(torch.empty(shape))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform within ±1/sqrt(fan): fan is the channels in (out where transposed) times the kernel's volume."""
        fan = (self.out_channels if self.transposed else self.in_channels) * self.kernel_size**3
        bound = 1 / math.sqrt(fan)
        nn.init.uniform_(self.kernel, -bound, bound)

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Features (N, Cin) → (M, Cout) on the same, the coarser or the finer grid."""
        if x.feats.shape[1] != self.in_channels:
            raise ValueError(f"this convolution takes {self.in_channels} channels; got {x.feats.shape[1]}")
        x, kernel = _autocast(x, self.kernel)
        if self.kernel_size == 1:
            return x.with_feats(x.feats @ kernel)
        used = choose(self.sparse_engine, x)
        if self.stride == 1:
            return x.with_feats(used.submanifold(x, kernel))
        if self.transposed:
            return x.with_feats(used.up(x, kernel), stride=x.stride // 2)
        return x.with_feats(used.down(x, kernel), stride=2 * x.stride)

    def finished(self, x: SparseTensor, scale: Tensor, shift: Tensor, *, relu: bool) -> SparseTensor | None:
        """Convolved, (Cout,) scaled and shifted, and rectified in one pass over the result, without gradients, for
        sizes over 1; None where the engine cannot."""
        used = choose(self.sparse_engine, x)
        if not isinstance(used, TorchEngine):
            return None
        x, kernel = _autocast(x, self.kernel * scale)
        stride = x.stride
        if self.stride == 1:
            plan = x.pyramid.submanifold(stride)
        elif self.transposed:
            stride //= 2
            plan = x.pyramid.up(stride)
        else:
            plan = x.pyramid.down(stride)
            stride *= 2
        finish = Finish(shift.to(kernel.dtype), relu)
        return x.with_feats(used.finished(x, kernel, plan, finish), stride=stride)

    def extra_repr(self) -> str:
        """Channels and form, for ``print``."""
        form = ", transposed" if self.transposed else ""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}{form}"
        )


def _autocast(x: SparseTensor, kernel: Tensor) -> tuple[SparseTensor, Tensor]:
    """Features and kernel in autocast's dtype where that is on, otherwise in the kernel's."""
    dtype = _compute_dtype(x.feats, kernel.dtype)
    return (x if x.feats.dtype == dtype else x.with_feats(x.feats.to(dtype))), kernel.to(dtype)


def _compute_dtype(feats: Tensor, otherwise: torch.dtype) -> torch.dtype:
    device = feats.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else otherwise


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation over all voxels; see :func:`normalise` for batches of one voxel or none."""

    def forward(self, input: SparseTensor) -> SparseTensor:  # type: ignore[override]
        """Features (N, C) → (N, C)."""
        return input.with_feats(normalise(self, input.feats))


class PointNorm(nn.BatchNorm1d):
    """Batch normalisation of plain (N, C) features that also takes 0 or 1 rows."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C) → (N, C)."""
        return normalise(self, input)


def normalise(norm: nn.BatchNorm1d, feats: Tensor) -> Tensor:
    """Batch normalisation of (N, C); while training, 0 or 1 rows are normalised by the running statistics."""
    if feats.shape[0] == 0:
        # Zero gradients, not none: several processes add theirs up, and one of them may have an empty batch.
        return feats + 0 * (norm.weight + norm.bias).to(feats.dtype)
    if feats.shape[0] == 1 and norm.training:
        return nn.functional.batch_norm(
            feats, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
    return nn.BatchNorm1d.forward(norm, feats)


class Chain(nn.Sequential):
    """Layers in a row; outside training a convolution or linear layer, its normalisation by running statistics
    and its activation are one pass over the result, in every precision: its factors go into the weights.

    A third of the memory of a block, the time to touch it and in reduced precision one rounding are saved.
    """

    def forward(self, input: Any) -> Any:
        """Through all layers."""
        layers = list(self)
        place = 0
        while place < len(layers):
            module = layers[place]
            norm = layers[place + 1] if place + 1 < len(layers) else None
            done = None
            if isinstance(module, Conv3d | nn.Linear) and isinstance(norm, BatchNorm | PointNorm) and _fixed(norm):
                relu = place + 2 < len(layers) and isinstance(layers[place + 2], nn.ReLU)
                done = _finished(module, input, norm, relu)
            if done is None:
                input = module(input)
                place += 1
            else:
                input = done
                place += 2 + relu
        return input


def _fixed(norm: nn.BatchNorm1d) -> bool:
    return not norm.training and not torch.is_grad_enabled()


def _finished(module: Conv3d | nn.Linear, input: Any, norm: nn.BatchNorm1d, relu: bool) -> Any:
    """The layer, normalised and rectified in one pass; None where that cannot be, or where somebody watches the
    layer's own result by a hook."""
    if module._forward_hooks:
        return None
    scale, shift = _affine(norm)
    if isinstance(module, Conv3d):
        if module.kernel_size > 1:
            return module.finished(input, scale, shift, relu=relu)
        x, kernel = _autocast(input, module.kernel * scale)
        feats = times(x.feats, kernel.t().contiguous(), shift.to(kernel.dtype))
        return x.with_feats(feats.relu_() if relu else feats)
    if module.bias is not None:
        shift = shift + module.bias * scale
    weight = module.weight * scale[:, None]
    dtype = _compute_dtype(input, weight.dtype)
    rows = times(input.to(dtype), weight.to(dtype), shift.to(dtype))
    return rows.relu_() if relu else rows


def _affine(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """(C,) factor and (C,) summand of a normalisation by running statistics."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


class ReLU(nn.ReLU):
    """max(0, x) of a sparse tensor's features."""

    def forward(self, input: SparseTensor) -> SparseTensor:  # type: ignore[override]
        """Features (N, C) → (N, C)."""
        return input.with_feats(super().forward(input.feats))


class Dropout(nn.Dropout):
    """Dropout of a sparse tensor's features."""

    def forward(self, input: SparseTensor) -> SparseTensor:  # type: ignore[override]
        """Features (N, C) → (N, C)."""
        return input.with_feats(super().forward(input.feats))


def set_engine(network: nn.Module, name: str) -> None:
    """Let every sparse convolution of a network use the engine of that name (or ``auto``)."""
    if name != AUTO:
        engine(name)
    for module in network.modules():
        if isinstance(module, Conv3d):
            module.sparse_engine = name
