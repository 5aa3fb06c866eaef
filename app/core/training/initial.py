"""Weights that a network begins with, from a checkpoint or another run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.model_card import load_model
from app.core.training.recipe import Recipe
from app.models import checkpoints
from app.models.backbones.base import Backbone
from app.models.checkpoints import CheckpointError
from app.models.sparse import Conv3d

if TYPE_CHECKING:
    from torch import Tensor

    from app.core.training.samples import Samples

log = logging.getLogger(__name__)

SAME_WORDS = 1e-3
"""Most that embeddings of the same words differ, in a file of half precision too."""


def initialise(network: Backbone, recipe: Recipe, samples: Samples) -> None:
    """Fill a network from ``recipe.init``; ``DataError`` where the weights or their classes do not fit."""
    path = Path(recipe.init)
    model = load_model(path, "cpu")
    state = model.network.state_dict()
    own = network.state_dict()
    begins_anew = model.card.pretrained and samples.occupancy is None
    if begins_anew:
        log.info("%s was pretrained on occupancy: its head and last layer are left out.", model.path)
    if begins_anew or getattr(recipe, "new_classifier", False):
        state = {**state, **{name: own[name] for name in own if name.startswith("classifier.")}}
    elif samples.occupancy is not None:
        if model.card.outputs != samples.outputs or not model.card.pretrained:
            raise DataError(
                f"{model.path} gives no latents of {samples.outputs} values for a head to be learnt on; begin "
                "without init, or name a checkpoint of recipe also with the same latent."
            )
    elif samples.clip:
        if model.card.clip != samples.clip:
            theirs = f"CLIP {model.card.clip}" if model.card.distilled else "no CLIP"
            raise DataError(
                f"{model.path} was distilled from {theirs}, this run learns from CLIP {samples.clip}; begin "
                "without init, or name the same CLIP."
            )
    elif model.card.classes != samples.classes:
        raise DataError(
            f"{model.path} predicts other classes ({_some(model.card.classes)}) than the data have "
            f"({_some(samples.classes)}); train with recipe finetune and new_classifier=true."
        )
    if samples.words is not None:
        _check_words(network, state, model.path, samples.words.clip)
    try:
        checkpoints.fill(network, state, model.path)
    except CheckpointError as error:
        raise DataError(str(error)) from None


def _check_words(network: Backbone, state: dict[str, Tensor], path: Path, clip: str) -> None:
    """``DataError`` unless the last layer of both is the same words."""
    own, theirs = network.state_dict()["classifier.0.weight"], state.get("classifier.0.weight")
    same = theirs is not None and own.shape == theirs.shape and bool((own - theirs).abs().max() < SAME_WORDS)
    if not same:
        raise DataError(
            f"{path} does not end in the embeddings that CLIP {clip} has of this run's classes; begin without "
            "init, or name the CLIP, and keep the words, that it was trained with."
        )


def standardise(network: Backbone, spread: np.ndarray) -> None:
    """Divide the first layer's weights by the spread (C,) of each input column, as if inputs were standardised.

    x and y reach tens of metres and intensity stays below 1: with equal weights the first normalisation leaves
    nothing of intensity. The checkpoint's layout stays as published. ``UsageError`` where there is no such layer.
    """
    import torch

    scale = torch.from_numpy(1 / np.maximum(spread, 1e-3)).float()
    for module in network.modules():
        if isinstance(module, Conv3d) and module.in_channels == len(spread):
            module.kernel.data.mul_(scale[:, None])
            return
        if isinstance(module, torch.nn.Linear) and module.in_features == len(spread):
            module.weight.data.mul_(scale)
            return
    raise UsageError(f"{type(network).__name__} has no first layer of {len(spread)} columns; unset standardise.")


def _some(names: tuple[str, ...]) -> str:
    return f"{len(names)}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
