"""What every segmentation network offers: points and features in, per-point features and class scores out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class BaseConfig:
    """Fields that every network's ``Config`` has."""

    in_channels: int = 4
    """Features of a point; x, y, z in metres come first, then intensity."""

    num_classes: int = 19
    """Classes that are predicted."""

    def __post_init__(self) -> None:
        for name, least in (("in_channels", 3), ("num_classes", 1)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} is at least {least}; got {value}")


class Backbone(nn.Module, ABC):
    """A network for batches of clouds.

    ``coords`` (N, 4) int32: batch, x, y, z in voxels (any integers); ``feats`` (N, in_channels) float: x, y, z in
    metres
    in the (augmented) sensor frame first. Results are row for row those of the input, in the dtype and on the
    device
    of ``feats`` (of autocast where that is on).
    """

    config: BaseConfig
    feature_channels: int
    """Channels of :meth:`embed`."""

    whole_cloud: ClassVar[bool] = False
    """Whether every point's result depends on the whole cloud."""

    @abstractmethod
    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, feature_channels) features of every point, before the classifier."""

    @abstractmethod
    def classify(self, features: Tensor) -> Tensor:
        """(N, num_classes) logits from the features of :meth:`embed`."""

    def forward(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, num_classes) logits."""
        return self.classify(self.embed(coords, feats))

    def check(self, coords: Tensor, feats: Tensor) -> None:
        """``ValueError`` with what came unless coordinates and features fit this network."""
        if coords.ndim != 2 or coords.shape[1] != 4 or coords.dtype not in (torch.int32, torch.int64):
            raise ValueError(
                f"coords are (N, 4) integers (batch, x, y, z); got {tuple(coords.shape)} {coords.dtype}"
            )
        if feats.ndim != 2 or tuple(feats.shape) != (coords.shape[0], self.config.in_channels):
            raise ValueError(
                f"feats are ({coords.shape[0]}, {self.config.in_channels}) here; got {tuple(feats.shape)}"
            )
        if not feats.dtype.is_floating_point:
            raise ValueError(f"feats are floating-point numbers; got {feats.dtype}")


@dataclass(frozen=True)
class Entry:
    """One network: its name, its config's class and the function that builds it from a config."""

    name: str
    title: str
    config: type[Any]
    build: type[Any]

    def make(self, **fields: Any) -> Any:
        """The network with these config fields, all others at their defaults."""
        return self.build(self.config(**fields))
