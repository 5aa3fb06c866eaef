"""SPVCNN: a sparse U-Net with a point branch at full resolution beside it.

H. Tang et al., Searching Efficient 3D Architectures with Sparse Point-Voxel Convolution, ECCV 2020.
Topology and parameter names are those of the public checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from app.models.backbones import _blocks as blocks
from app.models.backbones.base import Backbone, BaseConfig, Entry
from app.models.sparse import Dropout, Points, SparseTensor, cat, voxelise


@dataclass(frozen=True)
class Config(BaseConfig):
    """Fields of SPVCNN and MinkUNet."""

    cr: float = 1.0
    """Width ratio: all channel counts are multiplied by it and truncated (0.5, 0.64 and 1.0 are published)."""

    dropout: float = 0.3
    """Share of voxel features dropped before the first and third stage up while training (SPVCNN alone)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.04 <= self.cr <= 4:
            raise ValueError(f"cr is between 0.04 and 4; got {self.cr}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is at least 0 and below 1; got {self.dropout}")


class UNet(Backbone):
    """The parts that MinkUNet and SPVCNN share: stem, four stages down, four up, point transforms, classifier."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        c = blocks.widths(config.cr)
        self.feature_channels = c[8]
        self.stem = blocks.stem(config.in_channels, c[0])
        for stage in (1, 2, 3, 4):
            setattr(self, f"stage{stage}", _stage_down(c[stage - 1], c[stage]))
        for stage, skip in ((1, 3), (2, 2), (3, 1), (4, 0)):
            setattr(self, f"up{stage}", _stage_up(c[3 + stage], c[4 + stage], c[skip]))
        self.classifier = nn.Sequential(nn.Linear(c[8], config.num_classes))
        transforms = ((c[0], c[4]), (c[4], c[6]), (c[6], c[8]))
        self.point_transforms = nn.ModuleList(blocks.point_transform(*pair) for pair in transforms)
        self.dropout = Dropout(config.dropout)

    def descend(self, x0: SparseTensor) -> list[SparseTensor]:
        """x0 … x4: the voxels at strides 1, 2, 4, 8 and 16."""
        levels = [x0]
        for stage in (1, 2, 3, 4):
            levels.append(getattr(self, f"stage{stage}")(levels[-1]))
        return levels

    def ascend(self, stage: int, x: SparseTensor, skip: SparseTensor) -> SparseTensor:
        """Stage 1 … 4 up: onto the skip's grid, joined with it, refined."""
        upsample, refine = getattr(self, f"up{stage}")
        out: SparseTensor = refine(cat([upsample(x), skip]))
        return out

    def classify(self, features: Tensor) -> Tensor:
        """(N, C) → (N, num_classes)."""
        logits: Tensor = self.classifier(features)
        return logits


def _stage_down(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        blocks.Down(in_channels, in_channels),
        blocks.Residual(in_channels, out_channels),
        blocks.Residual(out_channels, out_channels),
    )


def _stage_up(in_channels: int, out_channels: int, skip_channels: int) -> nn.ModuleList:
    first = blocks.Residual(out_channels + skip_channels, out_channels)
    refine = nn.Sequential(first, blocks.Residual(out_channels, out_channels))
    return nn.ModuleList([blocks.Up(in_channels, out_channels), refine])


class SPVCNN(UNet):
    """The published network; its "points" are the voxels of the input, one point each."""

    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, feature_channels): see :class:`Backbone`."""
        self.check(coords, feats)
        x, rows = voxelise(coords, feats)
        for z in self.point_layers(x):  # each is let go of when the next one is there
            last = z
        return last.index_select(0, rows)

    def point_layers(self, x: SparseTensor) -> Iterator[Tensor]:
        """(V, C) features of the point branch, one after the other: of the stem, stage 4, and stages 2 and 4 up."""
        points = Points(x.coords, x.pyramid)
        x0 = self.stem(x)
        z = points.from_voxels(x0)
        yield z
        _, x1, x2, x3, x4 = self.descend(points.to_voxels(z, 1))
        z = self._branch(0, points, x4, z)
        yield z
        y = self.ascend(1, self.dropout(points.to_voxels(z, 16)), x3)
        del x3, x4
        y = self.ascend(2, y, x2)
        z = self._branch(1, points, y, z)
        yield z
        y = self.ascend(3, self.dropout(points.to_voxels(z, 4)), x1)
        del x1, x2
        y = self.ascend(4, y, x0)
        del x0
        yield self._branch(2, points, y, z)

    def _branch(self, number: int, points: Points, voxels: SparseTensor, feats: Tensor) -> Tensor:
        """The points' next features: those of the voxels round them and their own, transformed."""
        return blocks.added(self.point_transforms[number](feats), points.from_voxels(voxels))


ENTRY = Entry("spvcnn", "SPVCNN", Config, SPVCNN)
