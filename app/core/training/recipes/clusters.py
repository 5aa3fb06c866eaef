"""Learn the classes from labelled scans, with clusters found within each class: cluster-based learning.

T. Feng et al., Clustering based Point Cloud Representation Learning for 3D Analysis, ICCV 2023, with the values of
the authors' program, which begins with a trained SPVNAS (``init``) and trains 15 passes in batches of 4.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from app.core.training.recipes.supervised import Supervised


class Clusters(Supervised):
    """Cross-entropy and Lovász-softmax, and the contrast between clusters within classes."""

    objective: ClassVar[str] = "clusters"

    lovasz: float = Field(
        default=1.0, ge=0, le=100, description="Weight of the Lovász-softmax loss, which stands in for the IoU."
    )
    clusters: int = Field(default=40, ge=1, le=1000, description="Clusters within each class.")
    contrast: float = Field(
        default=1.0, ge=0, le=100,
        description="Weight of the contrast between clusters; 0: as recipe supervised.",
    )  # fmt: skip
    anchors: int = Field(
        default=100, ge=1, le=100_000,
        description="Points of a batch that are pulled to their own cluster and pushed from others: as many of "
        "each class, half of them mistaken.",
    )  # fmt: skip
    temperature: float = Field(
        default=0.1, gt=0, le=10, description="How much the contrast minds what is nearest (τ)."
    )
    negatives: Literal["all", "other_classes"] = Field(
        default="all",
        description="What an anchor is pushed from: all clusters but its own, or only those of other classes, so "
        "that the clusters of a class need not lie apart.",
    )
    centre_momentum: float = Field(
        default=0.9999, ge=0, lt=1,
        description="Share that the centre of a cluster keeps in a step. Within hundreds of steps 0.99 lets them "
        "follow, which 0.9999 does not.",
    )  # fmt: skip

    def objective_fields(self, class_counts: tuple[int, ...]) -> dict[str, Any]:
        """See :class:`~app.core.training.recipe.Recipe`."""
        return {
            **super().objective_fields(class_counts),
            "clusters": self.clusters,
            "contrast": self.contrast,
            "anchors": self.anchors,
            "temperature": self.temperature,
            "momentum": self.centre_momentum,
            "negatives": self.negatives,
        }


ENTRY = Clusters
