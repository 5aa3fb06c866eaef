"""How good predictions are on a labelled recording: from a network, or from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.core.datasets.base import Dataset, OpenOptions
from app.core.datasets.base import Sequence as Drive
from app.core.errors import UsageError
from app.core.evaluation.predictions import FilePredictions, Predictions
from app.core.evaluation.scoring import Evaluation, Wanted, score
from app.core.labels import LabelSet
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

LANE = "background"


def evaluate(
    context: Context,
    *,
    predictions: Path,
    data: Path,
    options: OpenOptions | None = None,
    sequences: Sequence[str] | None = None,
    wanted: Wanted | None = None,
    votes: int = 1,
    device: str = "auto",
    precision: str = "auto",
) -> TaskEvents[Evaluation]:
    """Count predictions against labels; every labelled frame of the sequences, once.

    Parameters
    ----------
    predictions : a checkpoint, a run's folder, or a folder with ``sequences/NN/predictions/*.label``
    data : the recording with the labels
    sequences : names; None for all that have labels
    votes, device, precision : for a network, as of :class:`~app.core.prediction.predictor.Predictor`

    Raises
    ------
    UsageError
        Something is wanted that cannot be, or the network's classes are not the labels'.
    DataError
        Something cannot be read, a labelled frame has no prediction, or there is no labelled frame.
    """
    yield Progress(0, 0, f"open {data}")
    wanted = wanted or Wanted()
    dataset = context.dataset(data, options or OpenOptions(), fresh=True)
    drives, left_out = _chosen(dataset, sequences)
    label_set = drives[0].label_set
    if label_set is None:
        raise UsageError(f"{data} has no labels, so there is nothing to evaluate predictions against.")
    wanted.check(label_set)
    yield Progress(0, 0, f"open {predictions}")
    source = source_of(
        predictions, label_set, alone=len(drives) == 1, votes=votes, device=device, precision=precision
    )
    steps = score(drives, source, wanted)
    try:
        while True:
            yield Progress(*next(steps))
    except StopIteration as stop:
        result: Evaluation = stop.value
        if left_out:
            result.sentences.insert(0, f"Sequences without labels are left out: {', '.join(left_out)}.")
        result.about = {"data": str(data), **result.about}
        return result
    finally:
        steps.close()


def source_of(
    path: Path, label_set: LabelSet, *, alone: bool, votes: int, device: str, precision: str
) -> Predictions:
    """Predictions of the network that ``path`` means, or of the files that lie there."""
    if not path.exists():
        raise UsageError(f"{path} does not exist; name a checkpoint, a run's folder or a folder of predictions.")
    if is_network(path):
        from app.core.prediction.drives import NetworkPredictions

        return NetworkPredictions(path, label_set, votes=votes, device=device, precision=precision)
    return FilePredictions(path, label_set, alone=alone)


def is_network(path: Path) -> bool:
    """Whether ``path`` means a network: a file, or the folder of a run, which has a folder ``checkpoints``."""
    return path.is_file() or (path / "checkpoints").is_dir()


def _chosen(dataset: Dataset, names: Sequence[str] | None) -> tuple[list[Drive], list[str]]:
    """The sequences to evaluate, and the names of those that are left out because they have no labels."""
    if names is not None:
        try:
            return [dataset.sequence(name) for name in names], []
        except KeyError as error:
            raise UsageError(f"{dataset.path}: {error.args[0]}.") from None
    labelled = [drive for drive in dataset.sequences if drive.has_labels]
    if not labelled:
        return list(dataset.sequences), []
    return labelled, [drive.name for drive in dataset.sequences if not drive.has_labels]


ENTRY = evaluate
