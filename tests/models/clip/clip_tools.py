"""Tiny CLIPs of random numbers; open_clip is imported when the first of them is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
VIT = {"image_size": 32, "layers": 3, "width": 32, "head_width": 16, "patch_size": 8}
RESNET = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16, "patch_size": None}

MODELS: dict[str, dict[str, Any]] = {
    "vit": {"embed_dim": 16, "vision_cfg": VIT, "text_cfg": TEXT},
    "quick": {"embed_dim": 16, "quick_gelu": True, "vision_cfg": VIT, "text_cfg": TEXT},
    "resnet": {"embed_dim": 16, "vision_cfg": RESNET, "text_cfg": TEXT},
    "one_patch": {"embed_dim": 16, "vision_cfg": {**VIT, "image_size": 8}, "text_cfg": TEXT},
    "scaled": {
        "embed_dim": 16,
        "vision_cfg": {
            **VIT,
            "scale_heads": True,
            "scale_attn_inner": True,
            "scale_attn": True,
            "scale_fc": True,
            "ls_init_value": 0.5,
        },
        "text_cfg": TEXT,
    },
    "wide": {"embed_dim": 16, "vision_cfg": {**VIT, "image_size": [32, 48]}, "text_cfg": TEXT},
}


def random_network(model: dict[str, Any], seed: int = 0) -> Any:
    """An open_clip network in which every number, biases and norms included, is random."""
    import torch

    from app.models.clip.architecture import Plan, build

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(Plan("own", model))
        for value in network.parameters():
            if value.ndim == 1:
                value.copy_(value + 0.1 * torch.randn_like(value))
        if hasattr(network.visual, "attnpool"):
            _settle(network.visual)
    return network


def _settle(tower: Any) -> None:
    """Running means that fit the random weights: without them a picture fades from layer to layer."""
    import torch

    for module in tower.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    tower.train()
    with torch.no_grad():
        tower(torch.randn(8, 3, tower.image_size, tower.image_size))
    tower.eval()
    tower.attnpool.positional_embedding.mul_(0.1)


def write_open_clip(folder: Path, model: dict[str, Any], network: Any, **card: Any) -> Path:
    """A folder in open_clip's layout."""
    from app.models import _safetensors

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": {}}))
    _safetensors.write(folder / "open_clip_model.safetensors", network.state_dict(), {})
    if card:
        (folder / "card.json").write_text(json.dumps(card))
    return folder


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A smooth random picture."""
    from PIL import Image

    small = np.random.default_rng(seed).integers(0, 255, (max(height // 8, 2), max(width // 8, 2), 3), np.uint8)
    return np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def load_path(path: Path, **source: str) -> Any:
    """The CLIP of a path, on the processor."""
    from app.models.clip import ClipSource, load_clip

    return load_clip(ClipSource(path=path, **source), device="cpu")


def same_vectors(one: Any, other: Any) -> None:
    """Both make the same of a picture and of words."""
    pictures = [picture(40, 60)]
    np.testing.assert_allclose(one.encode_images(pictures), other.encode_images(pictures), atol=1e-5)
    np.testing.assert_allclose(one.encode_texts(["a red car"]), other.encode_texts(["a red car"]), atol=1e-5)
