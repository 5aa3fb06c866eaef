"""Go on from a checkpoint with labelled scans, as papers do after pre-training."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from app.core.training.recipes.supervised import Supervised


class Finetune(Supervised):
    """As supervised, from given weights, by default with a smaller learning rate."""

    needs_init: ClassVar[bool] = True

    learning_rate: float = Field(default=0.024, gt=0, le=100, description="Largest learning rate.")
    new_classifier: bool = Field(
        default=False,
        description="Begin with an untrained classifier: for weights of other classes, or trained without labels.",
    )


ENTRY = Finetune
