"""DGCNN for segmentation: convolution over the edges to the nearest points, found anew in every layer's features.

Y. Wang et al., Dynamic Graph CNN for Learning on Point Clouds, TOG 2019. Its work grows with the square of the
points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from app.models.backbones._neighbours import clouds, nearest
from app.models.backbones.base import Backbone, BaseConfig, Entry
from app.models.backbones.pointnet import shared
from app.models.sparse import PointNorm


@dataclass(frozen=True)
class Config(BaseConfig):
    """Fields of DGCNN."""

    neighbours: int = 20
    """Edges of a point."""

    width: int = 64
    """Channels of each edge convolution."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neighbours < 1 or self.width < 1:
            raise ValueError("neighbours and width are positive")


def _edges(*channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(channels):
        layers += [nn.Linear(before, after, bias=False), PointNorm(after), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers)


class DGCNN(Backbone):
    """Three edge convolutions, the cloud's maximum, and a network on every point."""

    whole_cloud = True

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config: Config = config
        w = config.width
        self.layers = nn.ModuleList([_edges(2 * config.in_channels, w, w), _edges(2 * w, w, w), _edges(2 * w, w)])
        self.cloud = _edges(3 * w, 16 * w)
        self.fuse = shared(19 * w, 8 * w, 4 * w)
        self.feature_channels = 4 * w
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Linear(4 * w, config.num_classes))

    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, feature_channels): see :class:`Backbone`. The first layer's neighbours are those in space."""
        self.check(coords, feats)
        values, where, outs = feats, feats[:, :3], []
        for layer in self.layers:
            values = self._convolve(layer, coords, where, values)
            where = values
            outs.append(values)
        together = torch.cat(outs, 1)
        tall = self.cloud(together)
        largest = torch.zeros_like(tall)
        for rows in clouds(coords):
            largest = largest.index_copy(0, rows, tall[rows].amax(0, keepdim=True).expand(len(rows), -1))
        fused: Tensor = self.fuse(torch.cat([together, largest], 1))
        return fused

    def _convolve(self, layer: nn.Module, coords: Tensor, where: Tensor, values: Tensor) -> Tensor:
        count = self.config.neighbours
        near = torch.empty(len(values), count, dtype=torch.int64, device=values.device)
        for rows in clouds(coords):
            _, found = nearest(where[rows], where[rows], count)
            found = torch.cat([found, found[:, :1].expand(-1, count - found.shape[1])], 1)
            near[rows] = rows[found]
        here = values[:, None].expand(-1, count, -1)
        edges: Tensor = layer(torch.cat([here, values[near] - here], 2).flatten(0, 1))
        return edges.view(*near.shape, edges.shape[1]).amax(1)

    def classify(self, features: Tensor) -> Tensor:
        """(N, C) → (N, num_classes)."""
        logits: Tensor = self.classifier(features)
        return logits


ENTRY = Entry("dgcnn", "DGCNN", Config, DGCNN)
