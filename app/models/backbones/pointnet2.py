"""PointNet++ for segmentation: small PointNets round sampled centres, coarser and coarser, and back.

C. Qi et al., PointNet++, NIPS 2017 (single-scale grouping).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from app.models.backbones._neighbours import clouds, farthest, interpolate, nearest
from app.models.backbones.base import Backbone, BaseConfig, Entry
from app.models.backbones.pointnet import shared


@dataclass(frozen=True)
class Config(BaseConfig):
    """Fields of PointNet++."""

    centres: tuple[int, ...] = (1024, 256, 64, 16)
    """Centres sampled from each cloud at every level, farthest first."""

    radii: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    """Metres round a centre from which its neighbours come, level by level."""

    neighbours: int = 32
    """Most neighbours of a centre."""

    width: int = 32
    """Channels of the first level; every level doubles them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.centres) != len(self.radii) or not self.centres:
            raise ValueError(f"centres and radii have one entry a level; got {self.centres} and {self.radii}")
        if min(self.centres) < 1 or min(self.radii) <= 0 or self.neighbours < 1 or self.width < 1:
            raise ValueError("centres, radii, neighbours and width are positive")


class PointNet2(Backbone):
    """Set abstraction down, interpolation with skips up, cloud by cloud."""

    whole_cloud = False

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config: Config = config
        w = config.width
        widths = [config.in_channels, *(2 * w * 2**level for level in range(len(config.centres)))]
        self.down = nn.ModuleList(
            shared(before + 3, after // 2, after // 2, after) for before, after in pairwise(widths)
        )
        backs, above = [], widths[-1]
        for skip, out in zip(reversed(widths[:-1]), [*reversed(widths[1:-1]), 4 * w], strict=True):
            backs.append(shared(above + skip, out, out))
            above = out
        self.back = nn.ModuleList(backs)
        self.feature_channels = above
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Linear(above, config.num_classes))

    @property
    def field_metres(self) -> float:
        """Width of the region a point sees: neighbourhoods of all levels, one behind the other."""
        return 2 * sum(self.config.radii)

    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, feature_channels): see :class:`Backbone`. All clouds of a level are normalised together."""
        self.check(coords, feats)
        xyz, owners, levels = feats[:, :3], coords, [(feats[:, :3], coords, feats)]
        values = feats
        for shrink, count, radius in zip(self.down, self.config.centres, self.config.radii, strict=True):
            xyz, owners, values = self._abstract(shrink, count, radius, xyz, owners, values)
            levels.append((xyz, owners, values))
        for widen, (finer_xyz, finer_owners, skip) in zip(self.back, reversed(levels[:-1]), strict=True):
            spread = values.new_zeros(len(finer_xyz), values.shape[1])
            for rows in clouds(finer_owners):
                same = torch.nonzero(owners[:, 0] == finer_owners[rows[0], 0]).squeeze(1)
                spread = spread.index_copy(0, rows, interpolate(finer_xyz[rows], xyz[same], values[same]))
            values = widen(torch.cat([spread, skip.to(spread.dtype)], 1))
            xyz, owners = finer_xyz, finer_owners
        return values

    def _abstract(
        self, shrink: nn.Module, count: int, radius: float, xyz: Tensor, owners: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Centres of every cloud, whose each is, and the maximum over its neighbours' features."""
        kept, groups = [], []
        for rows in clouds(owners):
            chosen = rows[farthest(xyz[rows], count)]
            squared, near = nearest(xyz[chosen], xyz[rows], self.config.neighbours)
            # outside the radius the nearest, the centre itself, stands in
            near = torch.where(squared <= radius**2, near, near[:, :1])
            missing = self.config.neighbours - near.shape[1]
            near = torch.cat([near, near[:, :1].expand(-1, missing)], 1)
            kept.append(chosen)
            groups.append(rows[near])
        if not kept:
            nothing: Tensor = shrink(torch.cat([xyz, values], 1))
            return xyz, owners, nothing
        centre, group = torch.cat(kept), torch.cat(groups)
        offsets = (xyz[group] - xyz[centre][:, None]) / radius
        members = torch.cat([offsets.to(values.dtype), values[group]], 2)
        seen: Tensor = shrink(members.flatten(0, 1))
        return xyz[centre], owners[centre], seen.view(*group.shape, seen.shape[1]).amax(1)

    def classify(self, features: Tensor) -> Tensor:
        """(N, C) → (N, num_classes)."""
        logits: Tensor = self.classifier(features)
        return logits


ENTRY = Entry("pointnet2", "PointNet++", Config, PointNet2)
