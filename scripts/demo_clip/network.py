"""The demo CLIP's architecture, its loss, its two ways through the image tower, and its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from app.core.files import write_atomically
from app.models.clip.compat import open_clip
from demo_clip.questions import Question

MODEL: dict[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 64, "layers": [1, 2, 2, 1], "width": 32, "patch_size": None},
    "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 96, "heads": 4, "layers": 3},
}
PREPROCESS: dict[str, Any] = {
    "size": [64, 64],
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic",
    "resize_mode": "squash",
}
"""Crops are squeezed to a square, as in the training: nothing of a long thin thing is cut away."""


def build() -> nn.Module:
    """A fresh network. The position embedding of its attention pooling is zero and stays so: a cell then means
    the same wherever it lies, and in a map of any size."""
    network = open_clip().model.CLIP(MODEL["embed_dim"], dict(MODEL["vision_cfg"]), dict(MODEL["text_cfg"]))
    position = network.visual.attnpool.positional_embedding
    nn.init.zeros_(position)
    position.requires_grad_(False)
    return network


def tokenizer() -> Any:
    """open_clip's own tokenizer, cut to the model's length."""
    return open_clip().SimpleTokenizer(context_length=MODEL["text_cfg"]["context_length"])


def pixels(images: np.ndarray) -> torch.Tensor:
    """(N, 3, S, S) float32, as the tower takes them, of (N, S, S, 3) uint8."""
    values = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(255)
    mean, std = (torch.tensor(PREPROCESS[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    return ((values - mean) / std).contiguous(memory_format=torch.channels_last)


def trunk(network: Any, images: torch.Tensor) -> torch.Tensor:
    """(N, C, h, w): the tower before its pooling."""
    tower = network.visual
    return tower.layer4(tower.layer3(tower.layer2(tower.layer1(tower.stem(images)))))


def cells_of(network: Any, images: torch.Tensor) -> torch.Tensor:
    """(N, h, w, D) float32 unit: each cell by its value and output projection alone, as MaskCLIP has it."""
    pool = network.visual.attnpool
    values = trunk(network, images).permute(0, 2, 3, 1)
    return functional.normalize(pool.c_proj(pool.v_proj(values)).float(), dim=-1)


def crops_of(network: Any, images: torch.Tensor) -> torch.Tensor:
    """(N, D) float32 unit: images through the whole tower."""
    return functional.normalize(network.visual(images).float(), dim=-1)


def texts_of(network: Any, tokens: torch.Tensor) -> torch.Tensor:
    """(T, D) float32 unit. Tokens after the longest text are left out: attention looks back only, so nothing
    depends on them."""
    long = int((tokens != 0).sum(dim=1).max())
    value = network.token_embedding(tokens[:, :long]) + network.positional_embedding[:long]
    value = network.ln_final(network.transformer(value, attn_mask=network.attn_mask[:long, :long]))
    ends = tokens[:, :long].argmax(dim=1)
    return functional.normalize((value[torch.arange(len(value)), ends] @ network.text_projection).float(), dim=-1)


def loss_of(images: torch.Tensor, texts: torch.Tensor, true: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """CLIP's loss with as many right answers as there are.

    ``true`` (N, T) int8 is 1, −1 or 0 (left out). Each image shares its target evenly among the texts that are
    true of it, and each text among the images it is true of, so that two crops of cars never repel each other.
    """
    logits = (scale * images @ texts.T).masked_fill(true == 0, -1e4)
    right = (true == 1).float()
    total = logits.new_zeros(())
    for axis in (1, 0):
        count = right.sum(dim=axis)
        rows = count > 0
        each = -(functional.log_softmax(logits, dim=axis) * right).sum(dim=axis)[rows] / count[rows]
        total = total + each.mean()
    return total / 2


def save(folder: Path, network: Any, trained: np.ndarray) -> None:
    """Write open_clip's folder layout in half precision; ``trained`` (vocabulary,) bool are the tokens that
    occurred: the others get the mean of those, which says nothing, in place of random numbers that never learnt."""
    from safetensors.torch import save as packed

    state = {name: value.detach().clone() for name, value in network.state_dict().items()}
    table = state["token_embedding.weight"]
    seen = torch.from_numpy(trained)
    table[~seen] = table[seen].mean(dim=0)
    half = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in state.items()
        if name != "attn_mask"
    }
    write_atomically(folder / "open_clip_model.safetensors", packed(half))
    config = {"model_cfg": MODEL, "preprocess_cfg": PREPROCESS}
    write_atomically(folder / "open_clip_config.json", (json.dumps(config, indent=2) + "\n").encode())


def naming_loss(
    images: torch.Tensor, names: torch.Tensor, number: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Which of the classes' names it is: ``names`` (19, D), ``number`` (N,) from 0, −1 left out. The loss above
    shares its target among all that is true, and so tells classes apart only slowly."""
    return functional.cross_entropy(scale * images @ names.T, number, ignore_index=-1)


ATTRIBUTE_SCALE = 2.0
"""Captions that differ in one word may lie closer together than those of different things."""


def asking_losses(
    samples: torch.Tensor, options: torch.Tensor, questions: list[Question], scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross entropies of the questions of colours and of sizes, each a mean over all that were asked.

    ``samples`` (N, D) are crops, then cells; ``options`` (K, D) the captions of all questions, one after another.
    """
    total = {about: options.new_zeros(()) for about in ("color", "size")}
    count = dict.fromkeys(total, 0)
    at = 0
    for question in questions:
        mine = options[at : at + len(question.options)]
        at += len(mine)
        logits = ATTRIBUTE_SCALE * scale * samples[torch.from_numpy(question.samples)] @ mine.T
        answers = torch.from_numpy(question.answers).long()
        total[question.about] = total[question.about] + functional.cross_entropy(logits, answers, reduction="sum")
        count[question.about] += len(answers)
    color, size = (total[about] / max(count[about], 1) for about in ("color", "size"))
    return color, size


def occurred(network: Any) -> np.ndarray:
    """(vocabulary,) bool: tokens that a saved network has met in captions; all False for a fresh one."""
    table = network.token_embedding.weight.detach()
    same = (table[1:] == table[:-1]).all(dim=1)
    if not same.any():
        return np.zeros(len(table), bool)
    return np.asarray((table != table[1:][same][0]).any(dim=1).numpy())


def load(folder: Path) -> Any:
    """The network of a folder, in float32 and for use."""
    from safetensors.torch import load_file

    network = build()
    state = {name: value.float() for name, value in load_file(folder / "open_clip_model.safetensors").items()}
    network.load_state_dict(state, strict=False)
    return network.eval()
