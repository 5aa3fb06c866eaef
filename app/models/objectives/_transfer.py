"""From pictures to points, layer by layer: the part of Affinity3D that exists in training alone (section 3.6)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app.models.images.resnet34 import ResNet34


class LayerTransfer(nn.Module):
    """One layer: what the points know of themselves, and that together with the picture.

    The paper multiplies layer features with EMB, so they have its length D; one linear layer brings them to it.
    """

    def __init__(self, points: int, pixels: int, dim: int) -> None:
        super().__init__()
        self.points = nn.Linear(points, dim)
        self.pixels = nn.Conv2d(pixels, dim, 1)
        self.learner = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.mix = nn.Linear(2 * dim, dim)
        self.gate = nn.Linear(dim, dim)

    def forward(self, features: Tensor, maps: Tensor, images: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """F_3D^l and the fused features (equations 11 and 12), (P, D) each.

        Parameters
        ----------
        features : (P, points) of the visible points
        maps : (I, pixels, h, w) of the pictures
        images, places : (P,) int64 picture of each point, and (P, 2) where in it, −1 to 1 from edge to edge
        """
        own = self.points(features)
        seen = sampled(self.pixels(maps), images, places).to(own.dtype)
        mixed = self.mix(torch.cat([seen, self.learner(own)], 1))
        gated = torch.sigmoid(self.gate(mixed))
        return own, F.relu(gated * mixed) + seen


class Transfer(nn.Module):
    """The image branch and a :class:`LayerTransfer` for each of its four stages."""

    def __init__(self, layer_channels: tuple[int, ...], dim: int, width: int) -> None:
        super().__init__()
        self.images = ResNet34(width)
        pairs = zip(layer_channels, self.images.channels, strict=True)
        self.layers = nn.ModuleList(LayerTransfer(points, pixels, dim) for points, pixels in pairs)

    def forward(
        self, layers: tuple[Tensor, ...], pictures: Tensor, images: Tensor, places: Tensor
    ) -> list[tuple[Tensor, Tensor]]:
        """Of every layer what :class:`LayerTransfer` gives; ``layers`` (P, …) of the visible points."""
        maps = self.images(pictures)
        parts = zip(self.layers, layers, maps, strict=True)
        return [part(features, found, images, places) for part, features, found in parts]


def sampled(maps: Tensor, images: Tensor, places: Tensor) -> Tensor:
    """(P, C) bilinear values of (I, C, h, w) maps at points; ``images`` in rising order.

    Picture by picture: torch's sampling adds up gradients in a fixed order within a picture alone.
    """
    found = []
    counts = torch.bincount(images, minlength=len(maps)).tolist()
    for number, part in enumerate(torch.split(places, counts)):
        if len(part):
            grid, one = part[None, None], maps[number : number + 1].float()
            found.append(F.grid_sample(one, grid, padding_mode="border", align_corners=False)[0, :, 0].T)
    return torch.cat(found) if found else maps.new_zeros(0, maps.shape[1])
