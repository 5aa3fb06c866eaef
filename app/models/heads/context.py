"""ALSO's head: each point alone tells what is round it, so that its latent must know the objects it belongs to.

A. Boulch et al., ALSO: Automotive Lidar Self-supervision by Occupancy estimation, CVPR 2023, §3.2.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import linear

from app.models.heads._prepared import OFFSET, Prepared, one_layer
from app.models.heads.base import Entry, HeadOutput, OccupancyHead, spread

WIDTH = 128


class ContextHead(OccupancyHead):
    """Occupancy and intensity for each pair of a query and a point."""

    def __init__(self, latent: int = 128, *, neighbours: int = 32, radius: float = 1.0) -> None:
        super().__init__(latent, neighbours=neighbours, radius=radius)
        # no ReLU before the last layer, as in the authors' program
        self.layers = nn.Sequential(
            nn.Linear(latent + OFFSET, WIDTH),
            nn.ReLU(), nn.Linear(WIDTH, WIDTH),
            nn.ReLU(), nn.Linear(WIDTH, WIDTH),
            nn.Linear(WIDTH, 2),
        )  # fmt: skip

    def forward(self, latents: Tensor, support: Tensor, offset: Tensor) -> HeadOutput:
        """See :class:`OccupancyHead`; (Q, K)."""
        mask, pairs = self.pairs(latents, support, offset)
        told = spread(self.layers(pairs), mask)
        return HeadOutput(told[..., 0], told[..., 1], mask)

    def prepared(self, latents: Tensor, *, half: bool = False) -> Prepared:
        """See :class:`OccupancyHead`."""
        return _PreparedContext(self.layers, latents, half)


class _PreparedContext(Prepared):
    """The third layer and the last are one, since nothing is between them, and come after the mean over pairs."""

    def __init__(self, layers: nn.Sequential, latents: Tensor, half: bool) -> None:
        first, second, third, last = (layer for layer in layers if isinstance(layer, nn.Linear))
        super().__init__(first, latents, half)
        self._second = self.layer(second)
        self._last = one_layer(third, last)

    def __call__(self, support: Tensor, offset: Tensor) -> Tensor:
        """See :class:`Prepared`."""
        known = linear(self.first(support, offset), *self._second)
        return linear(self.mean(known, support), *self._last)


ENTRY = Entry("context", "ALSO: from each point alone", ContextHead)
