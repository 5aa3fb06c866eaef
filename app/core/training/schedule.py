"""The learning rate of a step: a pure function, so that nothing of it needs to be saved."""

from __future__ import annotations

import math

from app.core.training.recipe import Recipe

ONECYCLE_RISE = 0.3
POWER = 0.9
ONECYCLE_START, ONECYCLE_END = 1 / 25, 1 / 250_000


def learning_rate(recipe: Recipe, step: int) -> float:
    """The rate of optimiser step ``step``, counted from 0."""
    return recipe.learning_rate * _share(recipe, step)


def _share(recipe: Recipe, step: int) -> float:
    total = max(recipe.max_steps, 1)
    if recipe.schedule == "onecycle":
        rise = max(1.0, ONECYCLE_RISE * total)
        if step < rise:
            return _between(ONECYCLE_START, 1.0, step / rise)
        return _between(1.0, ONECYCLE_END, (step - rise) / max(total - rise, 1))
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    if recipe.schedule == "constant":
        return 1.0
    if recipe.schedule == "poly":
        gone = (step - recipe.warmup_steps) / max(total - recipe.warmup_steps, 1)
        return float(max(1 - gone, 0.0) ** POWER)
    return _between(1.0, 0.0, (step - recipe.warmup_steps) / max(total - recipe.warmup_steps, 1))


def _between(start: float, end: float, part: float) -> float:
    """Half a cosine from ``start`` (part 0) to ``end`` (part 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * min(part, 1.0))) / 2
