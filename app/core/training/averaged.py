"""The running average of a network's weights, which is smoother than the weights themselves."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from app.models.backbones.base import Backbone


class Averaged:
    """``network``: a copy in evaluation mode whose floating-point tensors are averages; others are the newest."""

    def __init__(self, network: Backbone, decay: float) -> None:
        self.network: Backbone = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: Backbone, step: int) -> None:
        """Take in the weights after ``step`` steps; early averages are short, so that the start is forgotten."""
        decay = min(self._decay, (1 + step) / (10 + step))
        newest: dict[str, Tensor] = network.state_dict()
        for name, average in self.network.state_dict().items():
            if average.is_floating_point():
                average.lerp_(newest[name], 1 - decay)
            else:
                average.copy_(newest[name])
