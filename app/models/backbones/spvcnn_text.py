"""SPVCNN whose classes are words: Affinity3D's 3D branch, which is all that is left of it after training.

Features of the four layers of SPVCNN's point branch are put side by side and reduced to the length of a CLIP's
vectors (equation 17); a class's score is their product with the embedding of its words (equation 18), which stays
as it is. "Affinity3D", ACM MM 2024, sections 3.6 and 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app.models.backbones import _blocks as blocks
from app.models.backbones.base import Entry
from app.models.backbones.spvcnn import SPVCNN
from app.models.backbones.spvcnn import Config as SPVCNNConfig
from app.models.sparse import voxelise


@dataclass(frozen=True)
class Config(SPVCNNConfig):
    """Fields of SPVCNN, and the length of the vectors of the CLIP that reads the words."""

    embed_dim: int = 512
    """Length of the text embeddings (512 for CLIP's ViT-B/32)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.embed_dim <= 65_536:
            raise ValueError(f"embed_dim is between 1 and 65536; got {self.embed_dim}")


class TextHead(nn.Module):
    """Scores of classes as products with one fixed vector each, EMB of the paper.

    ``weight`` (C, D) float32, rows of length one: random ones until :meth:`name_classes` is told others.
    """

    weight: Tensor

    def __init__(self, classes: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("weight", F.normalize(torch.randn(classes, dim), dim=1))

    def name_classes(self, embeddings: Tensor) -> None:
        """Take (C, D) embeddings; ``ValueError`` where they are of another shape."""
        if embeddings.shape != self.weight.shape:
            raise ValueError(f"embeddings are {tuple(self.weight.shape)} here; got {tuple(embeddings.shape)}")
        self.weight.copy_(embeddings)

    def forward(self, features: Tensor) -> Tensor:
        """(N, D) → (N, C)."""
        return features @ self.weight.to(features.dtype).T


class SPVCNNText(SPVCNN):
    """The published SPVCNN up to its last layer, then words."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        c = blocks.widths(config.cr)
        self.layer_channels = (c[0], c[4], c[6], c[8])
        dim = self.feature_channels = config.embed_dim
        self.reduce = nn.Sequential(nn.Linear(sum(self.layer_channels), dim), nn.ReLU(), nn.Linear(dim, dim))
        # under this name the tensors tell how many classes there are, as those of the other networks do
        self.classifier = nn.Sequential(TextHead(config.num_classes, dim))

    @property
    def head(self) -> TextHead:
        """The last layer."""
        found = self.classifier[0]
        assert isinstance(found, TextHead)
        return found

    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, embed_dim) F_3D: see :class:`Backbone`."""
        return self.embed_layers(coords, feats)[0]

    def embed_layers(self, coords: Tensor, feats: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """F_3D (N, embed_dim), and F_3D^0 … F_3D^3 before the reduction, (N, ``layer_channels[l]``) each."""
        self.check(coords, feats)
        x, rows = voxelise(coords, feats)
        layers = tuple(self.point_layers(x))
        whole: Tensor = self.reduce(torch.cat(layers, 1))
        return whole.index_select(0, rows), tuple(layer.index_select(0, rows) for layer in layers)


ENTRY = Entry("spvcnn_text", "SPVCNN with words as classes", Config, SPVCNNText)
