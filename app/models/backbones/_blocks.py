"""Building blocks of the sparse networks, with the module names of the public checkpoints."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from app.models.sparse import BatchNorm, Chain, Conv3d, PointNorm, ReLU, SparseTensor

BASE_WIDTHS = (32, 32, 64, 128, 256, 256, 128, 96, 96)
"""Channels of stem, four stages down and four up, at width ratio 1."""


def widths(ratio: float) -> tuple[int, ...]:
    """Channels at a width ratio: truncated, never rounded (0.64 · 128 = 81)."""
    return tuple(int(ratio * width) for width in BASE_WIDTHS)


def stem(in_channels: int, channels: int) -> Chain:
    """Two 3³ convolutions at full resolution."""
    return Chain(
        Conv3d(in_channels, channels), BatchNorm(channels), ReLU(inplace=True),
        Conv3d(channels, channels), BatchNorm(channels), ReLU(inplace=True),
    )  # fmt: skip


class Down(nn.Module):
    """2³ convolution with stride 2, normalised and activated."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        conv = Conv3d(in_channels, out_channels, 2, 2)
        self.net = Chain(conv, BatchNorm(out_channels), ReLU(inplace=True))

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Onto the grid of twice the stride."""
        out: SparseTensor = self.net(x)
        return out


class Up(nn.Module):
    """Transposed 2³ convolution with stride 2, normalised and activated."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        conv = Conv3d(in_channels, out_channels, 2, 2, transposed=True)
        self.net = Chain(conv, BatchNorm(out_channels), ReLU(inplace=True))

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Onto the grid of half the stride."""
        out: SparseTensor = self.net(x)
        return out


class Residual(nn.Module):
    """Two 3³ convolutions beside a shortcut: the identity, or a 1³ convolution where the widths differ."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.net = Chain(
            Conv3d(in_channels, out_channels), BatchNorm(out_channels), ReLU(inplace=True),
            Conv3d(out_channels, out_channels), BatchNorm(out_channels),
        )  # fmt: skip
        self.downsample = (
            Chain()
            if in_channels == out_channels
            else Chain(Conv3d(in_channels, out_channels, 1), BatchNorm(out_channels))
        )

    def forward(self, x: SparseTensor) -> SparseTensor:
        """On the same grid."""
        return joined(self.net(x), self.downsample(x))


def joined(main: SparseTensor, shortcut: SparseTensor) -> SparseTensor:
    """max(0, main + shortcut), in the memory of ``main``, which nothing else needs."""
    return main.with_feats(torch.relu_(main.feats.add_(shortcut.feats)))


def added(owned: Tensor, other: Tensor) -> Tensor:
    """owned + other; in the memory of ``owned``, which nothing else needs, where no gradient will be asked for."""
    return owned + other if torch.is_grad_enabled() else owned.add_(other)


def point_transform(in_channels: int, out_channels: int) -> Chain:
    """Linear, normalised, activated: the high-resolution branch of a stage."""
    return Chain(nn.Linear(in_channels, out_channels), PointNorm(out_channels), nn.ReLU(inplace=True))


class ConvBlock(nn.Module):
    """A convolution of the searched networks, whose parts have names instead of numbers."""

    def __init__(self, conv: Conv3d, *, relu: bool = True) -> None:
        super().__init__()
        parts: OrderedDict[str, nn.Module] = OrderedDict(conv=conv, bn=BatchNorm(conv.out_channels))
        if relu:
            parts["act"] = ReLU(inplace=True)
        self.net = Chain(parts)

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Convolve, normalise, activate."""
        out: SparseTensor = self.net(x)
        return out


class LinearBlock(nn.Module):
    """A point transform of the searched networks."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv=nn.Linear(in_channels, out_channels), bn=PointNorm(out_channels), act=nn.ReLU(inplace=True)
        )
        self.net = Chain(parts)

    def forward(self, feats: Tensor) -> Tensor:
        """(N, Cin) → (N, Cout)."""
        out: Tensor = self.net(feats)
        return out
