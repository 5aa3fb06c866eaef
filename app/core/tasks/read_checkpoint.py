"""What a checkpoint says about itself, read without predicting anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core.methods.predict import ENTRY as PREDICT
from app.core.methods.predict import PredictOptions
from app.core.model_card import ModelCard, weights_of
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

PRIORITY = 0


@dataclass(frozen=True)
class CheckpointInfo:
    """``file``: the one that is meant (a run's folder means its best); its ``card``; its ``size`` in bytes."""

    file: Path
    card: ModelCard
    size: int


def read_checkpoint(context: Context, *, checkpoint: Path) -> TaskEvents[CheckpointInfo]:
    """The card of a checkpoint file or of a training run's folder.

    Raises
    ------
    DataError
        There is none, it is broken, or of no known network; one sentence.
    """
    yield Progress(0, 0, f"read {checkpoint.name}")
    file = weights_of(checkpoint)
    card = PREDICT.about(PREDICT.pinned(PredictOptions(file)))
    return CheckpointInfo(file, card, file.stat().st_size)


ENTRY = read_checkpoint
