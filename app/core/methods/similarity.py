"""What else looks like this? How alike a picked point's feature and those of all points are."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from app.core.errors import UsageError
from app.core.labels import LabelSet
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.methods.predict import ENTRY as PREDICT
from app.core.prediction.result import Prediction
from app.core.types import Frame


@dataclass(frozen=True)
class SimilarityOptions:
    """``anchor``: frame and row of the point that all points are compared with; it may be of another frame."""

    anchor: tuple[int, int]


@dataclass(frozen=True)
class Similarity:
    """``values`` (N,) float32 cosine, NaN where nothing is known; ``origin``: between what, in one line."""

    values: np.ndarray
    origin: str


class FeatureSimilarity(Method[SimilarityOptions, Similarity]):
    """Cosine between the network's feature of the anchor and of every point."""

    name: ClassVar[str] = "similarity"
    title: ClassVar[str] = "Feature similarity"
    options_type = SimilarityOptions
    uses: ClassVar[tuple[str, ...]] = (PREDICT.name,)

    def missing(self, frame: Frame, label_set: LabelSet | None, options: SimilarityOptions | None) -> str | None:
        """Needs a point to compare with."""
        return "Pick a point and ask what looks like it." if options is None else None

    def steps(self, given: Given, options: SimilarityOptions) -> Steps[Similarity]:
        """The network on the anchor's frame and on this one, then the comparison."""
        index, row = options.anchor
        there = given.at(index)
        why = there.missing(PREDICT.name)
        if why is not None:
            raise UsageError(f"Frame {index} gives no feature to compare with: {why}")
        theirs: Prediction = yield from there.result(PREDICT.name)
        if not 0 <= row < len(theirs):
            raise UsageError(f"Frame {index} has {len(theirs)} points; there is no point {row} to compare with.")
        anchor = theirs.features[row].astype(np.float32)
        if not np.linalg.norm(anchor) > 0:
            raise UsageError(f"The network sees nothing in point {row} of frame {index}; pick another point.")
        mine: Prediction = yield from given.result(PREDICT.name)
        yield 0, 1, self.title
        name = mine.card.classes[theirs.train_ids[row] - 1] if theirs.known[row] else "unknown"
        return Similarity(
            cosine(mine.features, anchor), f"point {row} of frame {index} (predicted {name}); {mine.source}"
        )

    def bytes(self, result: Similarity) -> int:
        """One number a point."""
        return result.values.nbytes

    def tell(self, result: Similarity, row: int) -> tuple[Fact, ...]:
        """The cosine."""
        value = result.values[row]
        text = f"{value:.3f}" if np.isfinite(value) else "unknown"
        return (Fact("Similarity", text, f"cosine with the feature of {result.origin}", "feature_similarity"),)

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """A point of the first frame."""
        return {**PREDICT.example(folder), self.name: SimilarityOptions((0, 40))}


def cosine(features: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """(N,) float32 cosine of (N, D) features with (D,); NaN where either is unknown or without length."""
    wide = features.astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = wide @ anchor / (np.sqrt(np.einsum("nd,nd->n", wide, wide)) * np.linalg.norm(anchor))
    return np.asarray(np.clip(values, -1, 1), np.float32)


ENTRY = FeatureSimilarity()
