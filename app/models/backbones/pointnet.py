"""PointNet for segmentation: one small network on every point, and the maximum over the cloud beside it.

C. Qi et al., PointNet, CVPR 2017, without its input transforms, which add little and train badly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from app.models.backbones._neighbours import clouds
from app.models.backbones.base import Backbone, BaseConfig, Entry
from app.models.sparse import PointNorm


@dataclass(frozen=True)
class Config(BaseConfig):
    """Fields of PointNet."""

    width: int = 64
    """Channels of the first layers; later ones have 2, 4, 8 and 16 times as many."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise ValueError(f"width is at least 1; got {self.width}")


def shared(*channels: int) -> nn.Sequential:
    """Linear layers, normalised and activated, that see one point at a time: (N, C0) → (N, C-1)."""
    layers: list[nn.Module] = []
    for before, after in pairwise(channels):
        layers += [nn.Linear(before, after, bias=False), PointNorm(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class PointNet(Backbone):
    """Local features of every point, and what the whole cloud shows of each."""

    whole_cloud = True

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config: Config = config
        w = config.width
        self.local = shared(config.in_channels, w, w)
        self.cloud = shared(w, w, 2 * w, 16 * w)
        self.fuse = shared(17 * w, 8 * w, 4 * w, 2 * w)
        self.feature_channels = 2 * w
        self.classifier = nn.Linear(2 * w, config.num_classes)

    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, feature_channels): see :class:`Backbone`."""
        self.check(coords, feats)
        local = self.local(feats)
        tall = self.cloud(local)
        largest = torch.zeros_like(tall)
        for rows in clouds(coords):
            summit = tall[rows].amax(0, keepdim=True).expand(len(rows), -1)
            largest = largest.index_copy(0, rows, summit)
        fused: Tensor = self.fuse(torch.cat([local, largest], 1))
        return fused

    def classify(self, features: Tensor) -> Tensor:
        """(N, C) → (N, num_classes)."""
        logits: Tensor = self.classifier(features)
        return logits


ENTRY = Entry("pointnet", "PointNet", Config, PointNet)
