"""A network at work on the frames of a recording, as evaluations and exports want it: train ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import UsageError
from app.core.evaluation.predictions import Predictions, Waiting
from app.core.labels import LabelSet
from app.core.model_card import load_model
from app.core.prediction.classes import same_classes, why_other
from app.core.prediction.predictor import Predictor
from app.core.types import Frame


class NetworkPredictions(Predictions):
    """The classes that the network of a checkpoint predicts."""

    def __init__(
        self,
        checkpoint: Path,
        label_set: LabelSet | None,
        *,
        votes: int = 1,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        """Load it. ``DataError`` where it cannot be; ``UsageError`` where its classes are not ``label_set``'s."""
        self._predictor = Predictor(load_model(checkpoint, device), device=device, precision=precision)
        self._votes = votes
        self._seconds: list[float] = []
        if not same_classes(self._predictor.model.card, label_set):
            raise UsageError(f"{checkpoint}: {why_other(self._predictor.model.card, label_set)}")

    def train_ids(self, sequence: str, frame: Frame) -> np.ndarray:
        """See :meth:`Predictions.train_ids`."""
        work = self.steps(sequence, frame)
        while True:
            try:
                next(work)
            except StopIteration as stop:
                ids: np.ndarray = stop.value
                return ids

    def steps(self, sequence: str, frame: Frame) -> Waiting:
        """See :meth:`Predictions.steps`; a step a vote, and many while the network works."""
        work = self._predictor.steps(frame, votes=self._votes)
        try:
            while True:
                yield next(work)[2]
        except StopIteration as stop:
            self._seconds.append(stop.value.seconds)
            ids: np.ndarray = stop.value.train_ids
            return ids
        finally:
            work.close()

    def about(self) -> Mapping[str, Any]:
        """See :meth:`Predictions.about`."""
        model = self._predictor.model
        mean = sum(self._seconds) / len(self._seconds) if self._seconds else None
        return {
            "checkpoint": str(model.path),
            "identity": model.identity,
            "run": model.card.run,
            "step": model.card.step,
            "trained_on": model.card.trained_on,
            "votes": self._votes,
            "device": str(self._predictor.device),
            "precision": self._predictor.precision,
            "seconds_per_frame": mean,
        }

    def notes(self) -> tuple[str, ...]:
        """What the network's card says that readers of its numbers should know."""
        return self._predictor.model.card.notes
