"""ALSO's head: each point alone tells what is round it, so that its latent must know the objects it belongs to.

A. Boulch et al., ALSO: Automotive Lidar Self-supervision by Occupancy estimation, CVPR 2023, §3.2.
"""

from __future__ import annotations

from torch import Tensor, nn

from app.models.heads.base import OFFSET, Entry, HeadOutput, OccupancyHead, spread

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


ENTRY = Entry("context", "ALSO: from each point alone", ContextHead)
