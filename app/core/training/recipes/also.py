"""Learn what surrounds each point from lines of sight alone: ALSO's pretraining, without any label.

A. Boulch et al., ALSO: Automotive Lidar Self-supervision by Occupancy estimation, CVPR 2023, with the values of the
authors' program for SemanticKITTI. Afterwards the head goes and recipe finetune takes the network.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from app.core.training.recipe import Recipe


class Also(Recipe):
    """Occupancy (binary cross-entropy) and intensity (absolute error) of queries along lines of sight."""

    objective: ClassVar[str] = "occupancy"
    needs_labels: ClassVar[bool] = False

    head: Literal["context", "local"] = Field(
        default="context",
        description="Who answers a query. context: each point near it alone (ALSO). local: the points near it "
        "together, weighted by attention (POCO).",
    )
    latent: int = Field(default=128, ge=1, le=4096, description="Values a point that the network gives the head.")
    queries: int = Field(
        default=4096, ge=3, le=1_000_000,
        description="Queries of a scan: a third each just behind, just before and far before a point.",
    )  # fmt: skip
    delta: float = Field(
        default=0.1, gt=0, le=10, description="Metres within which a query lies behind or before its point (δ)."
    )
    radius: float = Field(default=1.0, gt=0, le=100, description="Farthest point that answers a query, metres.")
    neighbours: int = Field(default=32, ge=1, le=1024, description="Most points that answer a query.")
    pairs: Literal["nearest", "any"] = Field(
        default="nearest",
        description="Which points within the radius answer where there are more: the nearest, or a random choice. "
        "The authors' program takes those that a library happens to find first.",
    )
    before: int = Field(
        default=0, ge=0, le=50, description="Earlier frames whose lines of sight teach too; the data need poses."
    )
    after: int = Field(
        default=0, ge=0, le=50, description="Later frames whose lines of sight teach too; the data need poses."
    )
    intensity: float = Field(
        default=1.0, ge=0, le=100, description="Weight of the intensity's loss; 0: it is not learnt."
    )

    epochs: int = Field(
        default=50, ge=0, le=1_000_000,
        description="Passes over the training scans after which a run ends that max_steps has not ended before "
        "(published: 50 for SemanticKITTI, 200 for nuScenes). 0: max_steps alone.",
    )  # fmt: skip
    max_steps: int = Field(default=100_000_000, ge=1, le=100_000_000, description="Optimiser steps at most.")
    batch_size: int = Field(
        default=4, ge=1, le=4096,
        description="Scans of one forward pass, over all processes together.",
    )  # fmt: skip
    scale: float = Field(default=0.0, ge=0, lt=1, description="Scale by a factor within 1 ± this.")
    flip: bool = Field(
        default=True,
        description="Mirror each scan along x and along y, each half of the time: with the turn by any angle the "
        "same as the published mirroring along x alone.",
    )
    optimizer: Literal["sgd", "adamw"] = Field(default="adamw", description="SGD with Nesterov momentum, or AdamW.")
    learning_rate: float = Field(default=1e-3, gt=0, le=100, description="Largest learning rate.")
    weight_decay: float = Field(default=0.01, ge=0, le=1, description="Weight decay; 0.01 is what torch has.")
    schedule: Literal["cosine", "onecycle", "constant", "poly"] = Field(
        default="constant", description="As in the other recipes; published: none, which is constant."
    )

    @model_validator(mode="after")
    def _head_and_network(self) -> Also:
        if "num_classes" in self.network_fields:
            raise ValueError("the network gives latents here: set latent, not network_fields.num_classes")
        if self.ema:
            raise ValueError("ema averages networks, not their heads: leave it at 0")
        return self

    @property
    def facts(self) -> dict[str, Any]:
        """What a checkpoint's card says of its head; see :class:`~app.core.model_card.ModelCard`."""
        return {
            "head": self.head,
            "latent": self.latent,
            "neighbours": self.neighbours,
            "radius": self.radius,
            "delta": self.delta,
            "intensity": self.intensity > 0,
            "before": self.before,
            "after": self.after,
        }

    def objective_fields(self, class_counts: tuple[int, ...]) -> dict[str, Any]:
        """See :class:`~app.core.training.recipe.Recipe`."""
        return {
            "head": self.head,
            "neighbours": self.neighbours,
            "radius": self.radius,
            "intensity": self.intensity,
        }


ENTRY = Also
