"""Segmentation from labels, with clusters found within each class and features pulled to their own cluster.

T. Feng et al., Clustering based Point Cloud Representation Learning for 3D Analysis, ICCV 2023, with the values of
the authors' program. Cross-entropy and Lovász-softmax as in recipe supervised, and beside them half of the sum of
three contrasts of anchor points: with features of earlier steps, with each other, and with the centres. The
projector and all that is remembered go when the training is over; the network stays.

Two faults of the authors' program are not taken over: its queues are written by rows of another order, so that they
hold features of other classes; and a cluster without a point in a batch gets a centre of zeros.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from app.models.backbones.base import Backbone
from app.models.losses.clusters import anchors, balanced_clusters, contrast
from app.models.objectives._clusters import Clusters
from app.models.objectives.base import Batch, Entry
from app.models.objectives.supervised import Config as SupervisedConfig
from app.models.objectives.supervised import Supervised

WIDTHS = (256, 128, 64)
"""Of the projector's layers."""
QUEUE, PUSHED = 50, 10
"""Features remembered of a cluster, and how many of a batch are at most."""
BASE_TEMPERATURE = 2.0
"""Contrasts are scaled by τ over this."""
SHARE = 0.5
"""Of the sum of the three contrasts."""


@dataclass(frozen=True)
class Config(SupervisedConfig):
    """Losses of the classes, and how the clusters are made."""

    clusters: int = 40
    """Clusters of each class."""

    contrast: float = 1.0
    """Weight of the contrast."""

    anchors: int = 100
    """Points of a batch that are pulled and pushed."""

    temperature: float = 0.1
    """τ of the contrasts."""

    momentum: float = 0.9999
    """Share that a centre keeps in a step."""

    negatives: str = "all"
    """"all" other clusters are pushed away, or those of "other_classes" alone."""


class ClusterContrast(Supervised):
    """``projector`` and ``memory`` are trained, saved and resumed beside the network."""

    def __init__(self, network: Backbone, config: Config) -> None:
        super().__init__(network, config)
        self.settings = config
        widths = (network.feature_channels, *WIDTHS)
        parts: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            parts += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()]
        self.projector = nn.Sequential(*parts)
        self.memory = Clusters(network.config.num_classes, config.clusters, QUEUE, WIDTHS[-1], config.momentum)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """See :class:`Objective`. The contrasts are of the whole batch, as published, not means over its scans."""
        embedded = self.network.embed(batch.coords, batch.feats)
        logits = self.network.classify(embedded)
        losses = self.losses(logits, batch)
        if self.settings.contrast:
            labelled = (batch.targets >= 0).nonzero()[:, 0]
            losses |= self._contrasts(
                embedded.index_select(0, labelled),
                logits.index_select(0, labelled).detach().argmax(1),
                batch.targets.index_select(0, labelled),
            )
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}

    def _contrasts(self, embedded: Tensor, predicted: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """The three contrasts by name; the memory takes in what was seen."""
        names = ("contrast_earlier", "contrast_points", "contrast_centres")
        if len(targets) < 2:  # nothing can be normalised over one point
            return dict.fromkeys(names, embedded.sum().float() * 0)
        features = normalize(self.projector(embedded).float(), dim=1)
        with torch.autocast(
            features.device.type, enabled=False
        ):  # distances over τ are large: half would round them
            return dict(zip(names, self._told(features, predicted, targets), strict=True))

    def _told(self, features: Tensor, predicted: Tensor, targets: Tensor) -> list[Tensor]:
        """The three contrasts of (N, D) features of unit length, each with its weight."""
        settings, memory = self.settings, self.memory
        cluster = self._assigned(features.detach(), targets)
        rows = anchors(targets, predicted, settings.anchors)
        own, of_own = features.index_select(0, rows), (targets * memory.count + cluster).index_select(0, rows)
        earlier, centres = memory.remembered(), memory.known_centres()
        scale = settings.contrast * SHARE * settings.temperature / BASE_TEMPERATURE
        sharing = 1 if settings.negatives == "all" else memory.count
        told = [
            contrast(own, of_own, *others, temperature=settings.temperature, itself=itself, sharing=sharing)
            for others, itself in ((earlier, False), ((own, of_own), True), (centres, False))
        ]
        self._remember(features.detach(), targets, cluster)
        return [scale * value for value in told]

    def _assigned(self, features: Tensor, targets: Tensor) -> Tensor:
        """(N,) int64 cluster of each point within its class."""
        cluster = torch.zeros_like(targets)
        for label, rows in _by_class(targets):
            if self.training:
                self.memory.begin(label, features[rows])
            cluster[rows] = balanced_clusters(features[rows], self.memory.centres[label])
        return cluster

    def _remember(self, features: Tensor, targets: Tensor, cluster: Tensor) -> None:
        if not self.training:
            return
        for label, rows in _by_class(targets):
            self.memory.follow(label, features[rows], cluster[rows])
            self.memory.remember(label, features[rows], cluster[rows], PUSHED)


def _by_class(targets: Tensor) -> list[tuple[int, Tensor]]:
    """Each class that is there with its rows."""
    labels: Tensor = targets.unique()  # type: ignore[no-untyped-call]
    return [(label, (targets == label).nonzero()[:, 0]) for label in labels.tolist()]


ENTRY = Entry("clusters", "Supervised segmentation with clusters within classes", Config, ClusterContrast)
