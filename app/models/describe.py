"""What a network is, in numbers: parameters, multiplications for one cloud, receptive field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from app.models.backbones.base import Backbone
from app.models.sparse import Conv3d, SparseTensor


@dataclass(frozen=True)
class Layer:
    """One layer with weights: its name, kind, parameters and multiplications (millions) for the cloud measured."""

    name: str
    kind: str
    parameters: int
    mmacs: float


@dataclass(frozen=True)
class Description:
    """``gmacs``: thousand million multiply-and-adds for the cloud of ``points`` points in ``voxels`` voxels.

    ``field_voxels`` and ``field_metres``: width of the region that a point's result can depend on; None where that
    is
    the whole cloud, and voxels None for networks without them.
    """

    parameters: int
    trainable: int
    gmacs: float
    points: int
    voxels: int
    field_voxels: int | None
    field_metres: float | None
    layers: tuple[Layer, ...]


def describe(network: Backbone, coords: Tensor, feats: Tensor, *, voxel_size: float = 0.05) -> Description:
    """Measure a network on one batch (see :class:`Backbone`); ``voxel_size`` in metres. One forward pass is
    made."""
    layers: list[Layer] = []
    reach: list[int] = []

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def note(module: nn.Module, inputs: Any, output: Any) -> None:
            parameters = sum(p.numel() for p in module.parameters())
            layers.append(Layer(name, type(module).__name__, parameters, _macs(module, inputs[0], output) / 1e6))
            if isinstance(module, Conv3d) and module.kernel_size > 1:
                fine = output.stride if module.transposed else inputs[0].stride
                reach.append((module.kernel_size - 1) * fine)

        return note

    watched = [(n, m) for n, m in network.named_modules() if isinstance(m, Conv3d | nn.Linear)]
    handles = [module.register_forward_hook(watch(name)) for name, module in watched]
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(coords, feats)
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    field = 1 + sum(reach) if reach else None
    metres = voxel_size * field if field else getattr(network, "field_metres", None)
    return Description(
        parameters=sum(p.numel() for p in network.parameters()),
        trainable=sum(p.numel() for p in network.parameters() if p.requires_grad),
        gmacs=sum(layer.mmacs for layer in layers) / 1000,
        points=int(coords.shape[0]),
        voxels=int(torch.unique(coords, dim=0).shape[0]),
        field_voxels=field,
        field_metres=None if network.whole_cloud else metres,
        layers=tuple(layers),
    )


def _macs(module: nn.Module, given: Any, output: Any) -> int:
    """Multiply-and-adds of one call; a sparse convolution's are its pairs of voxels times both widths."""
    if isinstance(module, Conv3d):
        assert isinstance(given, SparseTensor) and isinstance(output, SparseTensor)
        widths = module.in_channels * module.out_channels
        if module.kernel_size == 1:
            return int(given.feats.shape[0]) * widths
        pyramid, stride = given.pyramid, given.stride
        if module.stride == 1:
            return pyramid.submanifold(stride).num_pairs * widths
        return (pyramid.up(stride // 2) if module.transposed else pyramid.down(stride)).num_pairs * widths
    rows = given.numel() // given.shape[-1] if given.numel() else 0
    return int(rows * given.shape[-1] * output.shape[-1])
