"""Write a submission to SemanticKITTI's server, from files of predictions or with a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.core.datasets.base import OpenOptions
from app.core.errors import DataError
from app.core.evaluation.submission import (
    FileLabels,
    PredictedLabels,
    RawLabels,
    Submission,
    find_scans,
    refuse,
    write_submission,
)
from app.core.label_sets import SEMANTIC_KITTI
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context
from app.core.tasks.evaluate import is_network

LANE = "background"


def export_submission(
    context: Context,
    *,
    predictions: Path,
    data: Path,
    out: Path,
    sequences: Sequence[str] | None = None,
    description: Path | None = None,
    votes: int = 1,
    device: str = "auto",
    precision: str = "auto",
) -> TaskEvents[Submission]:
    """Write ``out``, whole or not at all.

    Parameters
    ----------
    predictions : a checkpoint, a run's folder, or a folder with ``sequences/NN/predictions/*.label``
    data : SemanticKITTI's folder with the scans
    sequences : names; None for the test split, 11 to 21, every scan of which must then be there
    description : text that becomes ``description.txt``

    Raises
    ------
    UsageError, DataError
        Scans or predictions are missing or do not fit, with what is missing; the disk refuses.
    """
    yield Progress(0, 0, f"look for scans in {data}")
    scans, problems = find_scans(data, sequences)
    refuse(out, problems)
    text = None if description is None else _text(description)
    yield Progress(0, 0, f"open {predictions}")
    labels: RawLabels = FileLabels(predictions)
    if is_network(predictions):
        from app.core.prediction.drives import NetworkPredictions

        drives = context.dataset(data, OpenOptions(), fresh=True).sequences
        network = NetworkPredictions(predictions, SEMANTIC_KITTI, votes=votes, device=device, precision=precision)
        labels = PredictedLabels(drives, network)
    steps = write_submission(scans, labels, out, text)
    try:
        while True:
            yield Progress(*next(steps))
    except StopIteration as stop:
        result: Submission = stop.value
        return result
    finally:
        steps.close()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text ({error}).") from None


ENTRY = export_submission
