"""Teach a sparse network what CLIP sees: OpenScene's distillation of pixel features into points.

S. Peng et al., OpenScene: 3D Scene Understanding with Open Vocabularies, CVPR 2023, eq. 2. The network then gives
every point a feature in CLIP's space, from points alone, and is asked in words.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from app.core.training.recipe import Recipe


class Distill(Recipe):
    """One minus the cosine between the network's features and those fused from pictures, over the visible points.

    The defaults are OpenScene's for outdoor scenes (Adam, 1e-4, polynomial decay, no augmentation is stated there).
    """

    objective: ClassVar[str] = "distill"
    needs_labels: ClassVar[bool] = False

    clip: str = Field(
        default="",
        description="CLIP that teaches: a file or folder, or MODEL:TAG of open_clip's; empty: the one that comes "
        "along.",
    )
    way: Literal["pixels", "regions"] = Field(
        default="pixels", description="How its features come to points: dense pixels (MaskCLIP) or image regions."
    )
    frames_before: int = Field(default=0, ge=0, le=50, description="Earlier frames whose pictures are fused too.")
    frames_after: int = Field(default=0, ge=0, le=50, description="Later frames whose pictures are fused too.")
    templates: str = Field(
        default="street", description="Set of sentences for the class names when the network is validated."
    )
    optimizer: Literal["sgd", "adamw"] = Field(
        default="adamw", description="SGD with Nesterov momentum, or AdamW, which without weight decay is Adam."
    )
    learning_rate: float = Field(default=1e-4, gt=0, le=100, description="Largest learning rate.")
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="Weight decay.")
    schedule: Literal["cosine", "onecycle", "constant", "poly"] = Field(
        default="poly",
        description="poly: linear warm-up, then the share of steps left, to the power 0.9. cosine, onecycle, "
        "constant: as in the other recipes.",
    )

    def objective_fields(self, class_counts: tuple[int, ...]) -> dict[str, Any]:
        """The objective has no fields."""
        return {}


ENTRY = Distill
