"""A head together with the latents of one frame: what no question changes is worked out once, before the first."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

OFFSET = 3
"""Numbers that tell a query's place: metres along x, y, z from the point to the query."""

ROUND = 256
"""Rows are filled up to a multiple of it on a processor: for each number of rows that is new, products in bfloat16
are compiled anew, which takes twice as long as the product itself (0.6 ms for 4096 rows, measured)."""


class Prepared(ABC):
    """Answers of a head about one set of latents, for surfaces, of which millions of questions are asked.

    A head's first layer is linear in (latent, offset). So its product with a latent is made once for each point,
    and a pair of a query and a point costs a row of that and a product with the three numbers of the offset.
    Linear layers with nothing between them are one layer, and where answers are averaged, linear layers come after
    the average: W·mean(h) is mean(W·h). In float32 the answers are those of the head itself but for rounding
    (1e-5 and less); nothing here has gradients.

    Parameters
    ----------
    first : the head's first layer, (latent, offset) in
    latents : (V, latent) of the points
    half : bfloat16 in the layers between the first and the last
    """

    def __init__(self, first: nn.Linear, latents: Tensor, half: bool) -> None:
        weight = first.weight.detach().float()
        self._rows = torch.addmm(first.bias.detach().float(), latents.float(), weight[:, :-OFFSET].T)
        self._offset = weight[:, -OFFSET:].T.contiguous()
        self._kind = torch.bfloat16 if half else torch.float32

    @abstractmethod
    def __call__(self, support: Tensor, offset: Tensor) -> Tensor:
        """(Q, 2) float32: logit of being full and intensity at queries, NaN where no point supports one.

        Parameters
        ----------
        support : (Q, K) int32 or int64 rows of the latents, −1 for none
        offset : (Q, K, 3) float32, query minus point, metres; where there is no point, any number
        """

    def layer(self, layer: nn.Linear) -> tuple[Tensor, Tensor]:
        """Weight and bias of a layer in the precision of the layers between."""
        assert layer.bias is not None
        return layer.weight.detach().to(self._kind), layer.bias.detach().to(self._kind)

    def first(self, support: Tensor, offset: Tensor) -> Tensor:
        """(Q·K or a few more, width) the first layer and its ReLU for each pair; zeros where there is no point."""
        if support.device.type != "cpu":
            mask = (support >= 0).reshape(-1, 1)
            rows = self._rows.index_select(0, support.clamp_min(0).reshape(-1))
            known = rows.addmm_(offset.reshape(-1, OFFSET).float(), self._offset).relu_()
            return known.masked_fill_(~mask, 0).to(self._kind)
        from app.models.heads import _pairs_loops as loops

        pairs = support.numel()
        known = torch.empty(-(-pairs // ROUND) * ROUND, self._rows.shape[1], dtype=self._kind)
        known[pairs:] = 0
        places = offset.float().contiguous().numpy()
        loops.first_layer(self._rows.numpy(), self._offset.numpy(), support.numpy(), places, _numbers(known))
        return known

    def mean(self, known: Tensor, support: Tensor, weights: Tensor | None = None) -> Tensor:
        """(Q, width) float32 mean over each query's points of ``known`` (Q·K or more, width) after a ReLU.

        NaN where there is no point.
        ``weights`` (Q, K) float32, which sum to 1 over a query's points; None: all alike.
        """
        if support.device.type != "cpu":
            if weights is None:
                there = (support >= 0).float()
                weights = there / there.sum(1, keepdim=True)  # 0 / 0 where there is no point: NaN
            return torch.bmm(weights[:, None], known.relu().float().view(*support.shape, known.shape[1]))[:, 0]
        from app.models.heads import _pairs_loops as loops

        mean = torch.empty(len(support), known.shape[1])
        shares = np.zeros((len(support), 0), np.float32) if weights is None else weights.numpy()
        loops.mean_of_pairs(_numbers(known), support.numpy(), shares, mean.numpy())
        return mean


def _numbers(values: Tensor) -> np.ndarray:
    """The tensor's own memory: its float32 numbers, or the bits of its bfloat16 ones as uint16."""
    if values.dtype == torch.bfloat16:
        return values.view(torch.int16).numpy().view(np.uint16)
    return values.numpy()


def one_layer(one: nn.Linear, other: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight and bias, float32, of two linear layers one after the other."""
    weight, last = one.weight.detach().double(), other.weight.detach().double()
    bias = last @ one.bias.detach().double() + other.bias.detach().double()
    return (last @ weight).float(), bias.float()
