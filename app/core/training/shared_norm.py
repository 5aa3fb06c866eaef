"""Batch normalisation over the batches of all processes together.

torch's ``SyncBatchNorm`` runs on GPUs alone. This one is written with differentiable sums over processes, so it
runs wherever a process group does, and several processes normalise as one with the whole batch would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from app.models.sparse import BatchNorm, PointNorm, SparseTensor


class _Sum(torch.autograd.Function):
    """Sum over processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Tensor:
        total: Tensor = grads[0].clone()
        dist.all_reduce(total)
        return total


def summed(x: Tensor) -> Tensor:
    """The sum of ``x`` over all processes, differentiable."""
    apply: Callable[[Tensor], Tensor] = _Sum.apply
    return apply(x)


def normalise(norm: nn.BatchNorm1d, feats: Tensor) -> Tensor:
    """Batch normalisation of (N, C) by the statistics of all processes' rows; also without a row here."""
    if not norm.training:
        return nn.functional.batch_norm(
            feats, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
    x = feats.float()
    sums = summed(torch.cat([x.sum(0), x.new_tensor([float(len(x))])]))
    count = sums[-1].detach()
    mean = sums[:-1] / count.clamp_min(1)
    # Deviations from the common mean, not sums of squares: those cancel in float32.
    variance = summed(((x - mean) ** 2).sum(0)) / count.clamp_min(1)
    _remember(norm, mean.detach(), variance.detach(), float(count))
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return ((x - mean) * scale + norm.bias).to(feats.dtype)


def _remember(norm: nn.BatchNorm1d, mean: Tensor, variance: Tensor, count: float) -> None:
    if count < 2 or norm.running_mean is None or norm.running_var is None or norm.num_batches_tracked is None:
        return
    norm.num_batches_tracked.add_(1)
    momentum = norm.momentum if norm.momentum is not None else 1 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean, momentum)
    norm.running_var.lerp_(variance * (count / (count - 1)), momentum)


class SharedBatchNorm(BatchNorm):
    """:class:`~app.models.sparse.BatchNorm` over all processes."""

    def forward(self, input: SparseTensor) -> SparseTensor:  # type: ignore[override]
        """Features (N, C) → (N, C)."""
        return input.with_feats(normalise(self, input.feats))


class SharedPointNorm(PointNorm):
    """:class:`~app.models.sparse.PointNorm` over all processes."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C) → (N, C)."""
        return normalise(self, input)


def share_statistics(network: nn.Module) -> None:
    """Let every batch normalisation of a network use all processes' rows; names and weights stay.

    ``ValueError`` where it has a batch normalisation of another kind, which would go on alone.
    """
    for name, module in network.named_modules():
        if type(module) is BatchNorm:
            module.__class__ = SharedBatchNorm
        elif type(module) is PointNorm:
            module.__class__ = SharedPointNorm
        elif isinstance(module, nn.modules.batchnorm._BatchNorm) and not isinstance(
            module, SharedBatchNorm | SharedPointNorm
        ):
            raise ValueError(f"{name} is a {type(module).__name__}; several processes need BatchNorm or PointNorm")
