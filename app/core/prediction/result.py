"""What a network says of a frame, in numpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.model_card import ModelCard


@dataclass(frozen=True)
class Prediction:
    """One value or row per point of the frame, in the frame's order; C classes, D feature channels.

    Attributes
    ----------
    probabilities : (N, C) float32, mean of the votes' softmax; NaN where the point is not finite
    logits : (N, C) float32, mean of the votes' logits; NaN where the point is not finite
    train_ids : (N,) uint8, the most probable class; 0 where the point is not finite. Channel c is train id c + 1
    confidence : (N,) float32, the greatest probability
    entropy : (N,) float32, of the probabilities, in nats: 0 to ln C
    features : (N, D) float16, what the classifier saw, of the vote on the frame as it is; NaN as above
    card, file, identity : which network: its card, its checkpoint file and that file's short sha256
    seconds : time the network took, the making of voxels included
    votes : how many differently turned copies of the frame were averaged
    precision, device : in which numbers, and where it was computed
    """

    probabilities: np.ndarray
    logits: np.ndarray
    train_ids: np.ndarray
    confidence: np.ndarray
    entropy: np.ndarray
    features: np.ndarray
    card: ModelCard
    file: Path
    identity: str
    seconds: float
    votes: int
    precision: str
    device: str

    def __len__(self) -> int:
        return len(self.train_ids)

    @property
    def known(self) -> np.ndarray:
        """(N,) bool: points that the network has seen."""
        return self.train_ids > 0

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        arrays = (self.probabilities, self.logits, self.train_ids, self.confidence, self.entropy, self.features)
        return sum(array.nbytes for array in arrays)

    @property
    def source(self) -> str:
        """In one line what it comes from: checkpoint file, run, step, votes, numbers and device."""
        parts = [self.file.name]
        if self.card.run:
            parts.append(f"run {self.card.run}")
        if self.card.step:
            parts.append(f"step {self.card.step}")
        parts.append(f"{self.votes} vote{'s' if self.votes != 1 else ''}")
        return f"{', '.join(parts)} ({self.identity}, {self.precision} on {self.device})"


@dataclass(frozen=True)
class PredictionReport:
    """What a panel shows of a prediction of one frame.

    Attributes
    ----------
    confusion : (C + 1, C + 1) int64 by train id, rows prediction, columns truth; None without usable labels
    why : why there is no confusion, one sentence, or ""
    classes : names by train id, the one without a class first
    card, file, identity, votes, seconds, precision, device : as of the :class:`Prediction`
    """

    confusion: np.ndarray | None
    why: str
    classes: tuple[str, ...]
    card: ModelCard
    file: Path
    identity: str
    votes: int
    seconds: float
    precision: str
    device: str
