"""A CLIP of random numbers that loads and runs in a moment: for tests, and for the examples of methods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.core.files import write_atomically
from app.models.clip.source import ClipSource

SIZE = 16
"""Length of its vectors."""

RESOLUTION = 32

MODEL: dict[str, Any] = {
    "embed_dim": SIZE,
    "vision_cfg": {"image_size": RESOLUTION, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}

PREPARATION = {
    "size": RESOLUTION,
    "mode": "RGB",
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic",
    "resize_mode": "squash",
}


def write_tiny_clip(folder: Path, *, seed: int = 0) -> ClipSource:
    """Write an open_clip folder with random weights, unless it is there already; returns where it is."""
    weights = folder / "open_clip_model.safetensors"
    if not weights.exists():
        import torch

        from app.models import _safetensors
        from app.models.clip.compat import open_clip

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = open_clip().CLIP(**MODEL)
            for name, values in network.named_parameters():
                if name.endswith("bias"):
                    torch.nn.init.normal_(values, std=0.3)  # so that different pictures are told apart at once
        config = {"model_cfg": MODEL, "preprocess_cfg": PREPARATION}
        write_atomically(folder / "open_clip_config.json", json.dumps(config, indent=2).encode())
        tensors = {name: values.contiguous() for name, values in network.state_dict().items()}
        _safetensors.write(weights, tensors, {})
    return ClipSource(path=folder)
