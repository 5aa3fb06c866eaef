"""Learn the classes from labelled scans."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from app.core.training.recipe import Recipe


class Supervised(Recipe):
    """Cross-entropy, Lovász-softmax and focal loss, each with its weight."""

    objective: ClassVar[str] = "supervised"

    cross_entropy: float = Field(default=1.0, ge=0, le=100, description="Weight of the cross-entropy.")
    lovasz: float = Field(
        default=0.0, ge=0, le=100, description="Weight of the Lovász-softmax loss, which stands in for the IoU."
    )
    focal: float = Field(default=0.0, ge=0, le=100, description="Weight of the focal loss.")
    focal_gamma: float = Field(default=2.0, ge=0, le=10, description="How little the focal loss minds easy points.")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="Share of each label given to all classes.")
    class_weights: Literal["none", "sqrt_inverse", "inverse"] = Field(
        default="none",
        description="Weights of the classes in cross-entropy and focal loss, from labelled points counted over the "
        "training scans: 1/√share or 1/share, with mean 1 over the classes there are.",
    )
    count_scans: int = Field(
        default=200, ge=1, le=1_000_000, description="Most scans that are counted for class_weights, evenly chosen."
    )

    @property
    def counts_classes(self) -> bool:
        """See :class:`Recipe`."""
        return self.class_weights != "none"

    def objective_fields(self, class_counts: tuple[int, ...]) -> dict[str, Any]:
        """See :class:`Recipe`."""
        return {
            "cross_entropy": self.cross_entropy,
            "lovasz": self.lovasz,
            "focal": self.focal,
            "focal_gamma": self.focal_gamma,
            "label_smoothing": self.label_smoothing,
            "weights": class_weights(class_counts, self.class_weights),
        }


def class_weights(counts: tuple[int, ...], kind: str) -> tuple[float, ...]:
    """Weights by class from point counts: mean 1 over the classes there are, 1 for those there are not."""
    if kind == "none":
        return ()
    share = np.array(counts, np.float64) / max(sum(counts), 1)
    there = share > 0
    weights = np.ones(len(share))
    weights[there] = share[there] ** (-0.5 if kind == "sqrt_inverse" else -1.0)
    weights[there] /= weights[there].mean() if there.any() else 1.0
    return tuple(float(weight) for weight in weights)


ENTRY = Supervised
