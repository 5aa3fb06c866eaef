"""Features of points as CLIP has them: one minus the cosine with features fused from pictures (OpenScene)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.models.backbones.base import Backbone
from app.models.losses.language import cosine_loss
from app.models.objectives.base import Batch, Entry, Objective


@dataclass(frozen=True)
class Config:
    """There is nothing to set."""


class Distill(Objective):
    """The network's outputs are its features; points without a wanted feature teach nothing."""

    def __init__(self, network: Backbone, config: Config) -> None:
        super().__init__()
        self.network = network
        self.config = config

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """See :class:`Objective`; ``batch.targets`` are rows of ``batch.wanted``."""
        if batch.wanted is None:
            raise ValueError("a batch for distillation holds the features that are wanted")
        features = self.network(batch.coords, batch.feats)
        known = (batch.targets >= 0).nonzero()[:, 0]
        wanted = batch.wanted.index_select(0, batch.targets.index_select(0, known))
        scans = batch.coords[:, 0].long().index_select(0, known)
        return {"loss": cosine_loss(features.index_select(0, known), wanted, scans, batch.num_scans)}


ENTRY = Entry("distill", "Distillation of CLIP features", Config, Distill)
