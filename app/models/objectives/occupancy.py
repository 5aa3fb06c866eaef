"""Occupancy along lines of sight: what ALSO's pretraining minimises. The head goes, the network stays.

A. Boulch et al., ALSO: Automotive Lidar Self-supervision by Occupancy estimation, CVPR 2023, §3.2 and §3.3: binary
cross-entropy of the occupancy plus the absolute error of the intensity, one to one, over all pairs of a query and a
point near it; with POCO's head over all queries.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app import discovery
from app.models.backbones.base import Backbone
from app.models.heads.base import OccupancyHead
from app.models.losses.occupancy import intensity_loss, occupancy_loss
from app.models.objectives.base import Batch, Entry, Objective


@dataclass(frozen=True)
class Config:
    """The head and the weight of what it tells beside the occupancy."""

    head: str = "context"
    """File of ``app/models/heads``."""

    neighbours: int = 32
    """Points of a query at most."""

    radius: float = 1.0
    """Farthest point of a query, metres."""

    intensity: float = 1.0
    """Weight of the intensity's loss; 0: it is not learnt."""


class Occupancy(Objective):
    """The network's outputs are the points' latents; ``head`` is trained, saved and resumed beside it."""

    def __init__(self, network: Backbone, config: Config) -> None:
        super().__init__()
        self.network = network
        self.config = config
        self.head: OccupancyHead = discovery.load("app.models.heads", config.head).ENTRY.make(
            network.config.num_classes, neighbours=config.neighbours, radius=config.radius
        )

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """See :class:`Objective`; ``batch.queries`` say what is asked."""
        asked = batch.queries
        if asked is None or batch.support is None or batch.occupied is None or batch.shine is None:
            raise ValueError("a batch for occupancy holds queries, their points and what is true of them")
        latents = self.network(batch.coords, batch.feats)
        support = batch.support
        first = support[:, 0]  # every query has a point
        scans = batch.coords[:, 0].long().index_select(0, first)
        places = batch.feats[:, :3].index_select(0, support.clamp_min(0).reshape(-1)).reshape(*support.shape, 3)
        told = self.head(latents, support, asked[:, None] - places)
        given = scans, batch.num_scans
        losses = {"occupancy": occupancy_loss(told.occupancy, told.mask, batch.occupied, *given)}
        if self.config.intensity:
            shine = intensity_loss(told.intensity, told.mask, batch.shine, *given)
            losses["intensity"] = self.config.intensity * shine
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}


ENTRY = Entry("occupancy", "Occupancy along lines of sight", Config, Occupancy)
