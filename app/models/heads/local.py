"""POCO's head: a query is told from all points round it together, weighted by attention.

A. Boulch, R. Marlet, POCO: Point Convolution for Surface Reconstruction, CVPR 2022, §3.3. Its 64 heads of attention
share the values; their weights are averaged.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from app.models.heads._prepared import OFFSET, Prepared, one_layer
from app.models.heads.base import Entry, HeadOutput, OccupancyHead, spread

HEADS = 64


class LocalHead(OccupancyHead):
    """Occupancy and intensity for each query."""

    def __init__(self, latent: int = 128, *, neighbours: int = 32, radius: float = 1.0) -> None:
        super().__init__(latent, neighbours=neighbours, radius=radius)
        self.layers = nn.Sequential(
            nn.Linear(latent + OFFSET, latent), nn.ReLU(),
            nn.Linear(latent, latent), nn.ReLU(),
            nn.Linear(latent, latent), nn.ReLU(),
        )  # fmt: skip
        self.significance = nn.Linear(latent, HEADS)
        self.values = nn.Linear(latent, latent)
        self.last = nn.Linear(latent, 2)

    def forward(self, latents: Tensor, support: Tensor, offset: Tensor) -> HeadOutput:
        """See :class:`OccupancyHead`; (Q, 1)."""
        mask, pairs = self.pairs(latents, support, offset)
        known = self.layers(pairs)
        # not −∞, so that a query without points gives no NaN, and no NaN in gradients
        weights = spread(self.significance(known).float(), mask, -1e4).softmax(1).mean(2) * mask
        values = spread(self.values(known), mask)
        there = mask.any(1, keepdim=True)
        told = self.last((weights.to(values.dtype)[..., None] * values).sum(1)) * there
        return HeadOutput(told[:, :1], told[:, 1:], there)

    def prepared(self, latents: Tensor, *, half: bool = False) -> Prepared:
        """See :class:`OccupancyHead`."""
        return _PreparedLocal(self, latents, half)


class _PreparedLocal(Prepared):
    """The weights of a query's points sum to 1, so the values and the last layer come after their mean."""

    def __init__(self, head: LocalHead, latents: Tensor, half: bool) -> None:
        first, *between = (layer for layer in head.layers if isinstance(layer, nn.Linear))
        super().__init__(first, latents, half)
        self._between = [self.layer(layer) for layer in between]
        self._significance = self.layer(head.significance)
        self._last = one_layer(head.values, head.last)

    def __call__(self, support: Tensor, offset: Tensor) -> Tensor:
        """See :class:`Prepared`."""
        known = self.first(support, offset)
        for number, layer in enumerate(self._between):
            known = linear(known.relu_() if number else known, *layer)
        shares = linear(known.relu(), *self._significance)[: support.numel()].float().view(*support.shape, HEADS)
        shares = shares.masked_fill((support < 0)[..., None], -torch.inf)
        return linear(self.mean(known, support, shares.softmax(1).mean(2)), *self._last)


ENTRY = Entry("local", "POCO: from the points round a query together", LocalHead)
