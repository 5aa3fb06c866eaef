"""Fields of the recipes that learn from pseudo-labels."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from app.core.evaluation.splits import UNSEEN
from app.core.training.recipe import Recipe


class PseudoLabelled(Recipe):
    """Training scans have the labels of a folder; those for validation keep their own."""

    needs_labels: ClassVar[bool] = False
    needs_pseudo_labels: ClassVar[bool] = True

    labels: str = Field(
        default="",
        description="Folder of pseudo-labels: what pseudo-label was given as --out, or one of the settings in it.",
    )
    unseen: tuple[str, ...] = Field(
        default=UNSEEN["affinity3d"],
        description="Classes without annotation. Labels of the setting zero-shot must have been made with the same "
        "ones; validation then tells seen and unseen classes apart. In the setting annotation-free all are.",
    )
    corrections: bool = Field(
        default=True, description="Put corrections made by hand in the window over the labels of training scans."
    )
