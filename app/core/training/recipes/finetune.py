"""Go on from weights that were learnt elsewhere, on few labelled scans, as papers do after pre-training."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from app.core.training.recipes.supervised import Supervised

ALSO_EPOCHS = {1.0: 30, 0.5: 50, 0.1: 100, 0.01: 500, 0.001: 1000}
"""Passes by ``label_fraction`` in ALSO's program (``train_downstream_semseg.py``, SemanticKITTI)."""


class Finetune(Supervised):
    """As supervised, from given weights, by default with a smaller learning rate."""

    needs_init: ClassVar[bool] = True

    learning_rate: float = Field(default=0.024, gt=0, le=100, description="Largest learning rate.")
    new_classifier: bool = Field(
        default=False,
        description="Begin with an untrained classifier: for weights of other classes. For weights of recipe also "
        "it is so in any case.",
    )
    protocol: Literal["none", "also"] = Field(
        default="none",
        description="Published number of passes by label_fraction, in place of epochs. also: 30 for all labels, 50 "
        "for 0.5, 100 for 0.1, 500 for 0.01, 1000 for 0.001. max_steps ends a run earlier.",
    )

    @model_validator(mode="after")
    def _passes_known(self) -> Finetune:
        if self.protocol == "also" and self.label_fraction not in ALSO_EPOCHS:
            known = ", ".join(f"{share:g}" for share in ALSO_EPOCHS)
            raise ValueError(f"protocol also knows label_fraction {known}; set epochs instead")
        return self

    @property
    def passes(self) -> int:
        """See :class:`~app.core.training.recipe.Recipe`."""
        return ALSO_EPOCHS[self.label_fraction] if self.protocol == "also" else self.epochs


ENTRY = Finetune
