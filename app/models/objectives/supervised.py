"""Segmentation from labels: cross-entropy, focal loss and Lovász-softmax of the network's logits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.models.backbones.base import Backbone
from app.models.losses.segmentation import cross_entropy, lovasz_softmax
from app.models.objectives.base import Batch, Entry, Objective


@dataclass(frozen=True)
class Config:
    """Weights of the losses; one of weight 0 is not computed."""

    cross_entropy: float = 1.0
    """Weight of the cross-entropy."""

    lovasz: float = 0.0
    """Weight of the Lovász-softmax loss."""

    focal: float = 0.0
    """Weight of the focal loss."""

    focal_gamma: float = 2.0
    """Exponent of the focal loss."""

    label_smoothing: float = 0.0
    """Share of each label given to all classes alike, in the cross-entropy."""

    weights: tuple[float, ...] = ()
    """Weights of the classes in cross-entropy and focal loss; none: all alike."""

    def __post_init__(self) -> None:
        if not self.cross_entropy + self.lovasz + self.focal > 0:
            raise ValueError("one of cross_entropy, lovasz and focal is above 0")


class Supervised(Objective):
    """The sum of the losses whose weights are above 0."""

    def __init__(self, network: Backbone, config: Config) -> None:
        super().__init__()
        self.network = network
        self.config = config
        classes = network.config.num_classes
        if config.weights and len(config.weights) != classes:
            raise ValueError(f"there are {classes} classes, but {len(config.weights)} class weights")
        weights = torch.tensor(config.weights) if config.weights else None
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """See :class:`Objective`."""
        losses = self.losses(self.network(batch.coords, batch.feats), batch)
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}

    def losses(self, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The losses by name, each with its weight; ``logits`` (V, classes)."""
        config = self.config
        given = (logits, batch.targets, batch.coords[:, 0].long(), batch.num_scans)
        weights: Tensor | None = self.weights  # type: ignore[assignment]
        losses: dict[str, Tensor] = {}
        if config.cross_entropy:
            losses["cross_entropy"] = config.cross_entropy * cross_entropy(
                *given, weights=weights, smoothing=config.label_smoothing
            )
        if config.lovasz:
            losses["lovasz"] = config.lovasz * lovasz_softmax(*given)
        if config.focal:
            losses["focal"] = config.focal * cross_entropy(*given, weights=weights, gamma=config.focal_gamma)
        return losses


ENTRY = Entry("supervised", "Supervised segmentation", Config, Supervised)
