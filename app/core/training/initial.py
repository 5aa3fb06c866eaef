"""Weights that a network begins with, from a checkpoint or another run."""

from __future__ import annotations

from pathlib import Path

from app.core.errors import DataError
from app.core.model_card import load_model
from app.core.training.recipe import Recipe
from app.models import checkpoints
from app.models.backbones.base import Backbone
from app.models.checkpoints import CheckpointError


def initialise(network: Backbone, recipe: Recipe, classes: tuple[str, ...]) -> None:
    """Fill a network from ``recipe.init``; ``DataError`` where the weights or their classes do not fit."""
    path = Path(recipe.init)
    model = load_model(path, "cpu")
    state = model.network.state_dict()
    own = network.state_dict()
    if getattr(recipe, "new_classifier", False):
        state = {**state, **{name: own[name] for name in own if name.startswith("classifier.")}}
    elif model.card.classes != classes:
        raise DataError(
            f"{model.path} predicts other classes ({_some(model.card.classes)}) than the data have "
            f"({_some(classes)}); train with recipe finetune and new_classifier=true."
        )
    try:
        checkpoints.fill(network, state, model.path)
    except CheckpointError as error:
        raise DataError(str(error)) from None


def _some(names: tuple[str, ...]) -> str:
    return f"{len(names)}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
