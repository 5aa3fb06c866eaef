"""What every objective offers: it owns the network and turns a batch into named losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor, nn

from app.models.backbones.base import Backbone


class Batch(NamedTuple):
    """Scans as voxels, V of them in all.

    ``coords`` (V, 4) int32 batch, x, y, z in voxels; ``feats`` (V, C) float32, x, y, z in metres first;
    ``targets`` (V,) int64 output channels, −1 where nothing is labelled; ``num_scans``: scans in it, also those
    without a voxel. ``wanted`` (W, D): features to be learnt; ``targets`` are then rows of it.

    ``images`` (I, 3, h, w) float32: normalised pictures; ``seen`` (P, 2) int64: voxels that a picture shows, and
    which one, the pictures in rising order; ``places`` (P, 2) float32: where in it, x and y from −1 to 1 between
    its edges. All three or none.

    ``queries`` (Q, 3) float32: places that are asked for, metres as in ``feats``; ``support`` (Q, K) int64: voxels
    near each, the first always one, −1 where there are no more; ``occupied`` (Q,) bool: whether something is there;
    ``shine`` (Q,) float32: its intensity, below 0 where that is not asked for. All four or none.
    """

    coords: Tensor
    feats: Tensor
    targets: Tensor
    num_scans: int
    wanted: Tensor | None = None
    images: Tensor | None = None
    seen: Tensor | None = None
    places: Tensor | None = None
    queries: Tensor | None = None
    support: Tensor | None = None
    occupied: Tensor | None = None
    shine: Tensor | None = None


class Objective(nn.Module, ABC):
    """A network and what it is trained for."""

    network: Backbone

    @abstractmethod
    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Losses () by name: ``loss`` is minimised, the others are shown.

        All are means over the scans of the batch, so that several processes, or several passes of one step, add
        up to what one would have computed.
        """


@dataclass(frozen=True)
class Entry:
    """One objective: its name, its config's class and what builds it from a network and a config."""

    name: str
    title: str
    config: type[Any]
    build: type[Any]

    def make(self, network: Backbone, fields: Mapping[str, Any]) -> Any:
        """The objective for a network with these config fields."""
        return self.build(network, self.config(**fields))
