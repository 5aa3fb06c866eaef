"""Affinity3D's joint training: pseudo-labels, classes as words, and pictures that teach visible points.

"Affinity3D: Propagating Instance-Level Semantic Affinity for Zero-Shot Point Cloud Semantic Segmentation", ACM MM
2024, sections 3.6, 3.7 and 4.2. What the paper leaves open is 2DPASS's (X. Yan et al., ECCV 2022).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from app.core.training.recipes._pseudo_labels import PseudoLabelled
from app.core.training.recipes.supervised import class_weights

WIDTH = 64
"""Channels of ResNet-34's stem."""


class Affinity3D(PseudoLabelled):
    """Lovász × 2, weighted cross-entropy and 0.05 × transfer, with the augmentations of section 4.2."""

    objective: ClassVar[str] = "affinity3d"

    network: str = Field(
        default="spvcnn_text", description="SPVCNN whose last layer is the embeddings of the classes' words."
    )
    clip: str = Field(
        default="",
        description="CLIP that reads the words: a file or folder, or MODEL:TAG of open_clip's; empty: the one that "
        "comes along. It must be the one that made the labels.",
    )
    cross_entropy: float = Field(default=1.0, ge=0, le=100, description="Weight of the cross-entropy.")
    lovasz: float = Field(default=2.0, ge=0, le=100, description="Weight α of the Lovász-softmax loss.")
    class_weights: Literal["none", "sqrt_inverse", "inverse"] = Field(
        default="sqrt_inverse",
        description="Weights of the classes in the cross-entropy, from labelled points counted over the training "
        "scans: 1/√share or 1/share, with mean 1. The paper says no more than that they follow the frequencies.",
    )
    count_scans: int = Field(
        default=200, ge=1, le=1_000_000, description="Most scans that are counted for class_weights, evenly chosen."
    )

    transfer: bool = Field(
        default=True, description="Let pictures teach the points they show; off: labels alone, no camera needed."
    )
    learner: float = Field(default=0.05, ge=0, le=100, description="Weight γ of L_learner.")
    fused: float = Field(
        default=1.0, ge=0, le=100,
        description="Weight of the labels' loss of the fused predictions, as in 2DPASS, a mean over layers. The "
        "paper's equation 20 lacks it; with 0 nothing teaches the image branch.",
    )  # fmt: skip
    visibility: Literal["slope", "zbuffer", "depth_ratio", "paper", "none"] = Field(
        default="slope",
        description="Rule by which points count as seen by a camera; none: all in the picture. paper: equations 9 "
        "and 10, with superpixels.",
    )
    image_weights: str = Field(
        default="",
        description="File of ResNet-34's weights with torchvision's names (ImageNet); empty: random ones.",
    )
    image_width: int = Field(
        default=WIDTH, ge=4, le=WIDTH, description="Channels of the image branch's stem; 64 is ResNet-34."
    )
    image_scale: float = Field(
        default=1.0, ge=0.05, le=1, description="Pictures are made smaller by this factor before they are cut."
    )
    crop_width: int = Field(
        default=480, ge=32, le=4096, description="Width of the random cut of a picture, pixels (2DPASS: 480)."
    )
    crop_height: int = Field(default=320, ge=32, le=4096, description="Height of that cut (2DPASS: 320).")
    image_flip: bool = Field(default=True, description="Mirror pictures half of the time.")
    color_jitter: float = Field(
        default=0.4, ge=0, lt=1,
        description="Brightness, contrast and saturation are multiplied by factors within 1 ± this (2DPASS).",
    )  # fmt: skip

    front_view: bool = Field(
        default=False,
        description="Train on the points in the front camera's picture alone, which the paper evaluates on: of all "
        "others labels and pictures say little, and a step takes a fraction of the time.",
    )
    translate: float = Field(
        default=0.5, ge=0, le=100, description="Move each scan by up to this along each axis, metres."
    )
    keep_points: float = Field(
        default=0.7, gt=0, le=1, description="Share of the points kept, a random choice (70 % in the paper)."
    )

    @model_validator(mode="after")
    def _network_and_picture(self) -> Affinity3D:
        if self.network != "spvcnn_text":
            raise ValueError("network must be spvcnn_text, whose last layer is words; recipe pseudo takes any")
        if self.image_weights and self.image_width != WIDTH:
            raise ValueError(f"image_weights are of width {WIDTH}; leave image_width as it is")
        if not self.cross_entropy + self.lovasz > 0:
            raise ValueError("one of cross_entropy and lovasz must be above 0")
        return self

    @property
    def counts_classes(self) -> bool:
        """See :class:`~app.core.training.recipe.Recipe`."""
        return self.class_weights != "none"

    def objective_fields(self, class_counts: tuple[int, ...]) -> dict[str, Any]:
        """See :class:`~app.core.training.recipe.Recipe`."""
        return {
            "cross_entropy": self.cross_entropy,
            "lovasz": self.lovasz,
            "learner": self.learner,
            "fused": self.fused,
            "weights": class_weights(class_counts, self.class_weights),
            "transfer": self.transfer,
            "image_width": self.image_width,
            "image_weights": self.image_weights,
        }


ENTRY = Affinity3D
