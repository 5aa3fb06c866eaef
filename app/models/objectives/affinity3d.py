"""Affinity3D's joint training: labels teach the 3D branch, and pictures teach it where they show its points.

Equations 19 and 20: L = α·Lovász + weighted cross-entropy + γ·L_learner. The fused predictions, from which the 3D
branch learns, need a teacher themselves: as in 2DPASS, whose distillation the paper takes over, the labels are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from app.models.backbones.base import Backbone
from app.models.backbones.spvcnn_text import SPVCNNText
from app.models.checkpoints import CheckpointError
from app.models.images.resnet34 import WIDTH
from app.models.losses.segmentation import cross_entropy, lovasz_softmax
from app.models.losses.transfer import divergence
from app.models.objectives._transfer import Transfer
from app.models.objectives.base import Batch, Entry, Objective


@dataclass(frozen=True)
class Config:
    """Weights of the losses, and the image branch."""

    cross_entropy: float = 1.0
    """Weight of the weighted cross-entropy."""

    lovasz: float = 2.0
    """α."""

    learner: float = 0.05
    """γ."""

    fused: float = 1.0
    """Weight of the labels' loss of the fused predictions, a mean over layers."""

    weights: tuple[float, ...] = ()
    """Weights of the classes in the cross-entropy; none: all alike."""

    transfer: bool = False
    """Whether there is an image branch."""

    image_width: int = WIDTH
    """Channels of its stem."""

    image_weights: str = ""
    """File of weights for it, "": random ones."""


class Affinity3D(Objective):
    """The 3D branch is ``network``; all else exists in training alone."""

    def __init__(self, network: Backbone, config: Config) -> None:
        super().__init__()
        self.network = network
        self.config = config
        classes = network.config.num_classes
        if config.weights and len(config.weights) != classes:
            raise ValueError(f"there are {classes} classes, but {len(config.weights)} class weights")
        weights = torch.tensor(config.weights) if config.weights else None
        self.register_buffer("weights", weights, persistent=False)
        self.transfer: Transfer | None = None
        if config.transfer:
            self.transfer = self._transfer(network, config)

    @staticmethod
    def _transfer(network: Backbone, config: Config) -> Transfer:
        if not isinstance(network, SPVCNNText):
            raise ValueError(f"pictures teach the layers of spvcnn_text, which {type(network).__name__} has not")
        made = Transfer(network.layer_channels, network.feature_channels, config.image_width)
        if config.image_weights:
            try:
                made.images.load(Path(config.image_weights))
            except CheckpointError as error:
                raise ValueError(str(error).removesuffix(".")) from None
        return made

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """See :class:`Objective`; with ``batch.images`` also ``learner`` and ``fused``."""
        layers: tuple[Tensor, ...] = ()
        if isinstance(self.network, SPVCNNText) and self.transfer is not None:
            features, layers = self.network.embed_layers(batch.coords, batch.feats)
            logits = self.network.classify(features)
        else:
            logits = self.network(batch.coords, batch.feats)
        scans = batch.coords[:, 0].long()
        cross, lovasz = self._labels(logits, batch.targets, scans, batch.num_scans)
        losses = {"cross_entropy": cross, "lovasz": lovasz}
        if self.transfer is not None:
            losses |= self._transferred(self.transfer, layers, batch, scans)
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}

    def _labels(self, logits: Tensor, targets: Tensor, scans: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Both parts of equation 19."""
        weights: Tensor | None = self.weights  # type: ignore[assignment]
        cross = self.config.cross_entropy * cross_entropy(logits, targets, scans, count, weights=weights)
        return cross, self.config.lovasz * lovasz_softmax(logits, targets, scans, count)

    def _transferred(
        self, transfer: Transfer, layers: tuple[Tensor, ...], batch: Batch, scans: Tensor
    ) -> dict[str, Tensor]:
        """Means over layers; zero, with gradients of zero, where no picture shows anything."""
        if batch.images is None or batch.seen is None or batch.places is None:
            nothing = torch.stack([parameter.sum() * 0 for parameter in transfer.parameters()]).sum()
            return {"learner": nothing, "fused": nothing}
        rows, images = batch.seen.unbind(1)
        visible = tuple(layer.index_select(0, rows) for layer in layers)
        targets, own_scans = batch.targets.index_select(0, rows), scans.index_select(0, rows)
        learner, fused = [], []
        for own, both in transfer(visible, batch.images, images, batch.places):
            taught, teacher = self.network.classify(own), self.network.classify(both)
            learner.append(divergence(taught, teacher, own_scans, batch.num_scans))
            fused.append(torch.stack(self._labels(teacher, targets, own_scans, batch.num_scans)).sum())
        config = self.config
        return {
            "learner": config.learner * torch.stack(learner).mean(),
            "fused": config.fused * torch.stack(fused).mean(),
        }


ENTRY = Entry("affinity3d", "Affinity3D's joint training", Config, Affinity3D)
