"""SPVNAS: the searched networks of the SPVNAS paper, built from their published ``net.config``.

H. Tang et al., Searching Efficient 3D Architectures with Sparse Point-Voxel Convolution, ECCV 2020.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from app.models.backbones._blocks import ConvBlock, LinearBlock, added, joined, stem
from app.models.backbones.base import Backbone, BaseConfig, Entry
from app.models.sparse import Chain, Conv3d, Dropout, Points, SparseTensor, cat, voxelise


@dataclass(frozen=True)
class Config(BaseConfig):
    """Widths and depths of one searched network; the defaults are those of SPVNAS@65GMACs (10.8 M parameters)."""

    widths: tuple[int, ...] = (32, 24, 52, 188, 232, 140, 152, 96, 76)
    """Channels out of the stem, the four stages down and the four up."""

    transitions: tuple[int, ...] = (16, 44, 84, 152, 188, 104, 48, 64)
    """Channels out of the strided convolution of each stage."""

    middles: tuple[tuple[int, ...], ...] = (
        (44, 36),
        (80, 68),
        (64, 68),
        (116, 96),
        (140, 248),
        (64,),
        (104, 56),
        (112,),
    )
    """Channels in the middle of each residual block of each stage; as many blocks as numbers."""

    supernet_width: int = 128
    """Channels the stored classifier has; the network uses the first ``widths[-1]`` of them."""

    dropout: float = 0.3
    """Share of voxel features dropped before the first and third stage up while training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, count in (("widths", 9), ("transitions", 8), ("middles", 8)):
            if len(getattr(self, name)) != count:
                raise ValueError(f"{name} has {count} entries; got {len(getattr(self, name))}")
        if any(len(blocks) not in (1, 2) for blocks in self.middles):
            raise ValueError("every stage has one or two residual blocks")
        if self.supernet_width < self.widths[-1]:
            raise ValueError(
                f"supernet_width is at least widths[-1] = {self.widths[-1]}; got {self.supernet_width}"
            )


def config_from_json(text: str) -> Config:
    """The config of a ``net.config`` file's text; ``ValueError`` naming what is missing."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"net.config is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("net.config is a JSON object of module names and channels")
    return config_from(found)


def config_from(found: Mapping[str, Any]) -> Config:
    """The config of a decoded ``net.config``: 79 entries, most of them ``module name: channels or depth``."""
    try:
        stages = [f"{way}sample.{i}" for way in ("down", "up") for i in range(4)]
        return Config(
            num_classes=int(found["num_classes"]),
            widths=tuple(int(width) for width in found["output_channels"]),
            transitions=tuple(int(found[f"{stage}.transition"]) for stage in stages),
            middles=tuple(
                tuple(
                    int(found[f"{stage}.feature.layers.{block}.net.layers.0"])
                    for block in range(int(found[f"{stage}.feature"]))
                )
                for stage in stages
            ),
        )
    except KeyError as error:
        raise ValueError(f"net.config lacks the entry {error}") from error


class FirstColumns(nn.Linear):
    """A linear layer of which the first columns are used, as many as the features have channels."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C) → (N, out_features), C at most ``in_features``."""
        return nn.functional.linear(input, self.weight[:, : input.shape[1]], self.bias)


class Block(nn.Module):
    """A residual block: two 3³ convolutions, of which the first changes to a width of its own."""

    def __init__(self, in_channels: int, middle: int, out_channels: int, *, first: bool) -> None:
        super().__init__()
        self.net = Chain(
            ConvBlock(Conv3d(in_channels, middle)),
            ConvBlock(Conv3d(middle, out_channels), relu=False),
        )
        self.downsample = ConvBlock(Conv3d(in_channels, out_channels, 1), relu=False) if first else nn.Identity()

    def forward(self, x: SparseTensor) -> SparseTensor:
        """On the same grid."""
        return joined(self.net(x), self.downsample(x))


class SPVNAS(Backbone):
    """A searched network, fixed: as the public checkpoints store it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config: Config = config
        w = config.widths
        self.feature_channels = w[8]
        self.stem = stem(config.in_channels, w[0])
        self.downsample = nn.ModuleList(
            _stage(Conv3d(w[i], config.transitions[i], 2, 2), 0, config.middles[i], w[i + 1]) for i in range(4)
        )
        self.upsample = nn.ModuleList(
            _stage(
                Conv3d(w[4 + i], config.transitions[4 + i], 2, 2, transposed=True), w[3 - i],
                config.middles[4 + i], w[5 + i],
            )
            for i in range(4)
        )  # fmt: skip
        self.point_transforms = nn.ModuleList(
            LinearBlock(*pair) for pair in ((w[0], w[4]), (w[4], w[6]), (w[6], w[8]))
        )
        self.classifier = nn.Sequential(OrderedDict(linear=FirstColumns(config.supernet_width, config.num_classes)))
        self.dropout = Dropout(config.dropout)

    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, feature_channels): see :class:`Backbone`."""
        self.check(coords, feats)
        x, rows = voxelise(coords, feats)
        points = Points(x.coords, x.pyramid)
        x0 = self.stem(x)
        z = points.from_voxels(x0)
        levels = [points.to_voxels(z, 1)]
        for stage in self.downsample:
            levels.append(stage(levels[-1]))
        z = self._branch(0, points, levels[4], z)
        y = self._ascend(0, self.dropout(points.to_voxels(z, 16)), levels[3])
        y = self._ascend(1, y, levels[2])
        z = self._branch(1, points, y, z)
        y = self._ascend(2, self.dropout(points.to_voxels(z, 4)), levels[1])
        y = self._ascend(3, y, x0)
        return self._branch(2, points, y, z).index_select(0, rows)

    def classify(self, features: Tensor) -> Tensor:
        """(N, C) → (N, num_classes), by the first C columns of the stored classifier."""
        logits: Tensor = self.classifier(features)
        return logits

    def _ascend(self, number: int, x: SparseTensor, skip: SparseTensor) -> SparseTensor:
        stage = self.upsample[number]
        transition, feature = stage.children()
        out: SparseTensor = feature(cat([transition(x), skip]))
        return out

    def _branch(self, number: int, points: Points, voxels: SparseTensor, feats: Tensor) -> Tensor:
        return added(self.point_transforms[number](feats), points.from_voxels(voxels))


def _stage(transition: Conv3d, skip_channels: int, middles: tuple[int, ...], out_channels: int) -> nn.Sequential:
    in_channels = transition.out_channels + skip_channels
    blocks: list[nn.Module] = []
    for number, middle in enumerate(middles):
        blocks.append(Block(in_channels, middle, out_channels, first=number == 0))
        in_channels = out_channels
    parts = OrderedDict[str, nn.Module](transition=ConvBlock(transition), feature=Chain(*blocks))
    return nn.Sequential(parts)


ENTRY = Entry("spvnas", "SPVNAS", Config, SPVNAS)
