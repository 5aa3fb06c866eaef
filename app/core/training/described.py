"""What a network is in numbers, for a recording or for a plane of voxels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.errors import UsageError
from app.core.model_card import build_network, load_model
from app.core.network_inputs import NetworkInput, frame_columns, network_input
from app.discovery import module_names

if TYPE_CHECKING:
    from app.models.backbones.base import Backbone

PLANE = 100
"""Voxels along each side of the plane that stands in for a recording."""


def describe_network(
    name: str, settings: Mapping[str, str], data: Path | None, voxel_size: float
) -> dict[str, Any]:
    """Parameters, multiplications and layers of a network by name, or of a checkpoint or run.

    ``settings``: fields of a named network's config as text. Measured by one forward pass over the first frame of
    ``data``, or over a plane of voxels. ``UsageError`` or ``DataError`` in one sentence.
    """
    import torch

    from app.models.describe import describe

    network, called, columns, voxel_size = _network(name, settings, voxel_size)
    found = _input(data, columns, voxel_size)
    told = describe(network, torch.from_numpy(found.coords), torch.from_numpy(found.feats), voxel_size=voxel_size)
    fields = dataclasses.asdict(told)
    return {"network": called, "config": dataclasses.asdict(network.config), "voxel_size": voxel_size, **fields}


def _network(
    name: str, settings: Mapping[str, str], voxel_size: float
) -> tuple[Backbone, str, tuple[str, ...], float]:
    known = module_names("app.models.backbones")
    if name in known:
        from app.core.training.recipe import plain_value

        network = build_network(name, {key: plain_value(value) for key, value in settings.items()})
        columns = ("x", "y", "z", "intensity", *(f"column {i}" for i in range(5, 64)))
        return network, name, columns[: network.config.in_channels], voxel_size
    path = Path(name)
    if not path.exists():
        raise UsageError(f"There is no network, checkpoint or run '{name}'; networks are: {', '.join(known)}.")
    if settings:
        raise UsageError("The fields of a checkpoint's network are given; --set is for a network by name.")
    model = load_model(path, "cpu")
    return model.network, model.card.network, model.card.columns, model.card.voxel_size


def _input(data: Path | None, columns: tuple[str, ...], voxel_size: float) -> NetworkInput:
    if data is not None:
        from app.core.datasets import open_dataset

        frame = open_dataset(data).sequences[0].read(0)
        return network_input(frame.points, frame_columns(frame), columns, voxel_size)
    grid = np.stack(np.meshgrid(np.arange(PLANE), np.arange(PLANE), [0], indexing="ij"), -1).reshape(-1, 3)
    zeros = {name: np.zeros(len(grid), np.float32) for name in columns[3:]}
    return network_input((grid * voxel_size).astype(np.float32), zeros, columns, voxel_size)
