"""What every occupancy head offers: latents of points and where a query lies from them in, occupancy out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from app.models.heads._prepared import OFFSET, Prepared


class HeadOutput(NamedTuple):
    """What a head says of Q queries.

    ``occupancy``, ``intensity`` (Q, K), one for each pair of a query and a point, or (Q, 1), one for each query:
    logits of being full, and the intensity there. ``mask`` of their shape, bool: where they say something; all
    else is 0.
    """

    occupancy: Tensor
    intensity: Tensor
    mask: Tensor


class OccupancyHead(nn.Module, ABC):
    """A head for latents of ``latent`` numbers.

    ``neighbours`` and ``radius`` (metres) are those of the pairs it is trained with: at most so many points round
    a query, and no farther; the head itself takes any.
    """

    def __init__(self, latent: int = 128, *, neighbours: int = 32, radius: float = 1.0) -> None:
        super().__init__()
        if latent < 1 or neighbours < 1 or not radius > 0:
            raise ValueError(
                f"latent and neighbours are at least 1 and the radius above 0; got {latent}, {neighbours}, {radius}"
            )
        self.latent, self.neighbours, self.radius = latent, neighbours, radius

    @abstractmethod
    def forward(self, latents: Tensor, support: Tensor, offset: Tensor) -> HeadOutput:
        """Occupancy and intensity of queries from the points that support them.

        Parameters
        ----------
        latents : (V, latent) float, of points
        support : (Q, K) int64 rows of ``latents``, −1 for none
        offset : (Q, K, 3) float, query minus point, metres; where there is no point, any number

        Raises
        ------
        ValueError
            Shapes that do not fit each other or the head.
        """

    @abstractmethod
    def prepared(self, latents: Tensor, *, half: bool = False) -> Prepared:
        """The head ready to be asked very often about (V, latent) latents; ``half``: bfloat16 where it is quick."""

    def logits(self, latents: Tensor, support: Tensor, offset: Tensor) -> Tensor:
        """(Q,) float32 one logit of being full for each query, NaN where no point supports it.

        A head that says something for each pair is averaged over the pairs of a query, before the sigmoid. ALSO
        averages its loss over them and says nothing of several answers to one query.
        """
        found = self(latents, support, offset)
        many = found.mask.sum(1)
        mean = found.occupancy.float().sum(1) / many.clamp_min(1)
        return torch.where(many > 0, mean, torch.full_like(mean, torch.nan))

    def pairs(self, latents: Tensor, support: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
        """Mask (Q, K) of the pairs there are, and (P, latent + 3) latent and offset of each of them."""
        fits = support.ndim == 2 and offset.shape == (*support.shape, OFFSET)
        if latents.ndim != 2 or latents.shape[1] != self.latent or not fits:
            raise ValueError(
                f"expected latents (V, {self.latent}), support (Q, K) and offset (Q, K, 3); got "
                f"{tuple(latents.shape)}, {tuple(support.shape)}, {tuple(offset.shape)}"
            )
        mask = support >= 0
        rows, places = support[mask], offset[mask]
        return mask, torch.cat([latents.index_select(0, rows), places.to(latents.dtype)], 1)


def spread(values: Tensor, mask: Tensor, empty: float = 0.0) -> Tensor:
    """(Q, K, …) with the rows of ``values`` (P, …) where ``mask`` (Q, K) is set, in order; ``empty`` elsewhere."""
    return values.new_full((*mask.shape, *values.shape[1:]), empty).masked_scatter(
        mask.reshape(*mask.shape, *[1] * (values.ndim - 1)), values
    )


@dataclass(frozen=True)
class Entry:
    """One head: its name, its title and its class."""

    name: str
    title: str
    build: type[Any]

    def make(self, latent: int = 128, *, neighbours: int = 32, radius: float = 1.0) -> OccupancyHead:
        """The head for latents of this length."""
        head: OccupancyHead = self.build(latent, neighbours=neighbours, radius=radius)
        return head
