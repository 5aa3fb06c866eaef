"""How many steps a recipe means that counts passes over the data."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TypeVar

from app.core.datasets import open_dataset
from app.core.training.recipe import Recipe
from app.core.training.split import split_of

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Recipe)


def ended(recipe: R, data: Path) -> R:
    """The recipe with as many steps as its passes take, where ``max_steps`` does not end it before.

    ``DataError`` or ``UsageError`` where the data cannot be opened or leave no scan to train on.
    """
    if not recipe.passes:
        return recipe
    dataset = open_dataset(data)
    val = open_dataset(Path(recipe.val_data)) if recipe.val_data else None
    scans = len(split_of(dataset, val, recipe).train)
    steps = -(-recipe.passes * scans // (recipe.batch_size * recipe.accumulate))
    if steps >= recipe.max_steps:
        return recipe
    log.info("%d passes over %d scans are %d steps.", recipe.passes, scans, steps)
    return recipe.model_copy(update={"max_steps": steps})
