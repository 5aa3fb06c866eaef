"""What a network sees in each point, as colours: points of one colour look alike to it."""

from __future__ import annotations

import numpy as np

from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.prediction.result import Prediction
from app.core.types import Frame

FITTED = 20_000
"""Most points the axes are fitted to, evenly spread over the frame: more change the colours by less than a step."""

PERCENTILES = (1.0, 99.0)


class FeatureColor(MethodLayer):
    """The three strongest principal components of the features as red, green and blue.

    Axes and scale are fitted to this frame alone, so colours of two frames do not compare.
    """

    name = "features"
    title = "Features (principal components)"
    kind = Kind.COLOR
    order = 118
    method = "predict"

    def view(self, result: Prediction, frame: Frame, label_set: LabelSet | None) -> LayerData:
        """Colours; points the network has not seen are unknown."""
        known = np.isfinite(result.features).all(axis=1)
        colors = np.zeros((len(known), 3), np.uint8)
        colors[known] = principal_colors(result.features[known])
        shown = min(int(known.sum()), FITTED)
        return LayerData(
            self.name,
            self.title,
            self.kind,
            colors,
            known=known,
            provenance=(
                f"three principal components of {result.features.shape[1]} features, fitted to {shown} points of "
                f"this frame, 1st to 99th percentile as 0 to 255; features of {result.source}"
            ),
        )


def principal_colors(features: np.ndarray) -> np.ndarray:
    """(N, 3) uint8 of (N, D) finite features.

    The sign of a component is free: it is chosen so that its largest loading is positive, which makes the colours
    the same each time. Components that do not exist (fewer than three features, or points all alike) are 128.
    """
    levels = np.full((len(features), 3), 128, np.uint8)
    if not len(features):
        return levels
    sample = features[:: -(-len(features) // FITTED)].astype(np.float64)
    centre = sample.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov((sample - centre).T, bias=True).reshape(len(centre), len(centre)))
    order = np.argsort(-spread)[:3]
    axes = axes[:, order]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(len(order))])
    values = (features.astype(np.float32) - centre.astype(np.float32)) @ axes.astype(np.float32)
    low, high = np.percentile((sample - centre) @ axes, PERCENTILES, axis=0)
    alive = (high - low) > 1e-9 * max(float(spread[order[0]]) ** 0.5, 1e-12)
    scaled = (values[:, alive] - low[alive]) / (high - low)[alive] * 255
    levels[:, np.flatnonzero(alive)] = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    return levels


ENTRY = FeatureColor()
