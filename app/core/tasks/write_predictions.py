"""What a network predicts for a recording, as files: SemanticKITTI's raw ids, or NPZ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.datasets.base import OpenOptions
from app.core.datasets.base import Sequence as Drive
from app.core.errors import UsageError
from app.core.files import write_atomically
from app.core.methods.predict import PredictOptions
from app.core.model_card import load_model
from app.core.prediction.classes import label_set_of
from app.core.prediction.predictor import Predictor
from app.core.prediction.result import Prediction
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

LANE = "background"
FORMATS = ("label", "npz")


@dataclass(frozen=True)
class WrittenPredictions:
    """``frames`` predicted into ``folder``, ``seconds`` each; by what: ``source``, ``identity``, ``votes``."""

    folder: Path
    frames: int
    seconds: float
    source: str
    identity: str
    votes: int


def write_predictions(
    context: Context,
    *,
    data: Path,
    out: Path,
    predict: PredictOptions,
    options: OpenOptions | None = None,
    sequences: Sequence[str] | None = None,
    frame: int | None = None,
    format: str = "label",
) -> TaskEvents[WrittenPredictions]:
    """Predict frames and write ``out/sequences/NN/predictions/NAME.label`` (or ``.npz``), one file a frame.

    Parameters
    ----------
    data, options : the recording
    predict : checkpoint, votes, device and precision
    sequences : names; None for all
    frame : only this one of each sequence; None for all
    format : "label": (N,) uint32 raw ids of the network's label set. "npz": ``prediction`` (N,) uint8 train ids,
        ``confidence`` and ``entropy`` (N,) float32, ``classes`` names by train id

    Raises
    ------
    UsageError
        A format, sequence or frame that is not there; ``out`` lies inside the recording.
    DataError
        The recording or the checkpoint cannot be read, a frame lacks a column, or a file cannot be written.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no format '{format}'; there are: {', '.join(FORMATS)}.")
    if out.resolve().is_relative_to(data.resolve()):
        raise UsageError(f"{out} lies inside the recording, which is never written to; choose another folder.")
    yield Progress(0, 0, f"open {data}")
    drives = _drives(context, data, options or OpenOptions(), sequences)
    wanted = [(drive, index) for drive in drives for index in _indices(drive, frame)]
    yield Progress(0, len(wanted), f"load {predict.checkpoint.name}")
    predictor = Predictor(
        load_model(predict.checkpoint, predict.device), device=predict.device, precision=predict.precision
    )
    seconds = 0.0
    about = ""
    for done, (drive, index) in enumerate(wanted):
        scan = drive.read(index)
        work = predictor.steps(scan, votes=predict.votes)
        try:
            while True:
                text = next(work)[2]
                yield Progress(done, len(wanted), f"sequence {drive.name}, frame {scan.name}, {text}")
        except StopIteration as stop:
            prediction: Prediction = stop.value
        finally:
            work.close()
        _write(out / "sequences" / drive.name / "predictions" / f"{scan.name}.{format}", prediction)
        seconds += prediction.seconds
        about = prediction.source
    return WrittenPredictions(
        out, len(wanted), seconds / max(len(wanted), 1), about, predictor.model.identity, predict.votes
    )


def _drives(context: Context, data: Path, options: OpenOptions, names: Sequence[str] | None) -> list[Drive]:
    dataset = context.dataset(data, options, fresh=True)
    try:
        return list(dataset.sequences) if names is None else [dataset.sequence(name) for name in names]
    except KeyError as error:
        raise UsageError(f"{data}: {error.args[0]}.") from None


def _indices(drive: Drive, frame: int | None) -> Sequence[int]:
    if frame is None:
        return range(len(drive))
    if not 0 <= frame < len(drive):
        raise UsageError(f"Sequence {drive.name} has frames 0 to {len(drive) - 1}; {frame} was asked for.")
    return (frame,)


def _write(path: Path, prediction: Prediction) -> None:
    classes = label_set_of(prediction.card)
    if path.suffix == ".label":
        write_atomically(path, classes.inverse[prediction.train_ids].astype("<u4").tobytes())
        return
    arrays = {
        "prediction": prediction.train_ids,
        "confidence": prediction.confidence,
        "entropy": prediction.entropy,
        "classes": np.array([classes.class_name(i) for i in range(len(prediction.card.classes) + 1)]),
    }
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


ENTRY = write_predictions
