"""Tiny networks with an occupancy head, for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from app.core.model_card import ModelCard, build_network
from app.core.surface_model import build_head, head_tensors
from app.models import checkpoints

LATENT = 8
"""Values a point of the tiny networks."""


def write_tiny_surface_model(folder: Path, head: str = "context", seed: int = 0) -> Path:
    """A MinkUNet of random weights for x, y, z and intensity in voxels of 0.2 m, with a head of random weights."""
    torch.manual_seed(seed)
    facts = {
        "head": head, "latent": LATENT, "neighbours": 32, "radius": 1.0, "delta": 0.1, "intensity": True,
        "before": 0, "after": 0,
    }  # fmt: skip
    fields = {"cr": 0.05, "in_channels": 4, "num_classes": LATENT}
    card = ModelCard("minkunet", fields, voxel_size=0.2, label_set="", recipe="also", occupancy=facts)
    network = build_network("minkunet", fields)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny_surface.safetensors"
    checkpoints.save(path, network, "minkunet", metadata=card.metadata(), extra=head_tensors(build_head(facts)))
    return path
