"""A segmentation network's classes, scores and features for a frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, TypeVar

import numpy as np

from app.core.errors import DataError, LidarScopeError
from app.core.evaluation.confusion import confusion
from app.core.labels import LabelSet
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.model_card import ModelCard, card_of, load_model, weights_of
from app.core.network_inputs import AXES, frame_columns
from app.core.prediction.aside import aside
from app.core.prediction.classes import label_set_of, same_classes, why_other
from app.core.prediction.predictor import Predictor
from app.core.prediction.result import Prediction, PredictionReport
from app.core.types import Frame

T = TypeVar("T")

CHOOSE = "Choose a checkpoint in the Model panel."
CARDS = 16
TOP = 3
"""Classes that the inspector names."""


@dataclass(frozen=True)
class PredictOptions:
    """How to predict.

    Attributes
    ----------
    checkpoint : a checkpoint file, or the folder of a training run (its best checkpoint, else its last)
    votes : copies of the frame that are averaged; 1 is the plain prediction, 12 what 2DPASS reports
    device : "auto", "cpu", "cuda:0" …
    precision : "auto", "fp32" or "bf16"
    stamp : time and size of the file at the start of a task; filled in by ``pinned``, never by hand
    """

    checkpoint: Path
    votes: int = 1
    device: str = "auto"
    precision: str = "auto"
    stamp: str = ""


class Predict(Method[PredictOptions, Prediction]):
    """The network of a checkpoint at work on one frame."""

    name: ClassVar[str] = "predict"
    title: ClassVar[str] = "Prediction"
    options_type = PredictOptions

    def pinned(self, options: PredictOptions) -> PredictOptions:
        """The file that a run's folder means now, and its time and size: a run rewrites its weights."""
        try:
            file = weights_of(options.checkpoint)
            state = file.stat()
        except (LidarScopeError, OSError):
            return replace(options, stamp="gone")
        return replace(options, checkpoint=file, stamp=f"{state.st_mtime_ns}-{state.st_size}")

    def prepared(self, options: PredictOptions) -> bool:
        """Whether the network's card has been read."""
        return _cards.known(options)

    def prepare(self, options: PredictOptions) -> Steps[None]:
        """Import torch, which takes seconds, and read the card."""
        yield from _waiting(aside(lambda _stop: _cards.read(options)), f"read {options.checkpoint.name}")

    def about(self, options: PredictOptions) -> ModelCard:
        """The network's card; ``DataError`` where there is none to be had."""
        found = _cards.read(options)
        if isinstance(found, str):
            raise DataError(found)
        return found

    def missing(self, frame: Frame, label_set: LabelSet | None, options: PredictOptions | None) -> str | None:
        """Needs a checkpoint that can be read, and the columns that its network was trained with."""
        if options is None:
            return CHOOSE
        try:
            card = self.about(options)
        except LidarScopeError as error:
            return str(error)
        if card.no_classes:
            return f"The network of {options.checkpoint.name} {card.no_classes}, or choose another checkpoint."
        there = frame_columns(frame)
        lacking = [name for name in card.columns if name not in AXES and name not in there]
        if lacking:
            return f"The network of {options.checkpoint.name} needs '{lacking[0]}', which this frame lacks."
        return None

    def steps(self, given: Given, options: PredictOptions) -> Steps[Prediction]:
        """Load the network unless it is loaded, then a step for each vote."""
        key = ("predict", options.checkpoint, options.stamp, options.device)
        model = given.context.held_model(key)
        if model is None:
            loading = aside(lambda _stop: load_model(options.checkpoint, options.device))
            model = yield from _waiting(loading, f"load {options.checkpoint.name}")
            given.context.hold_model(key, model)
        predictor = Predictor(model, device=options.device, precision=options.precision)
        return (yield from predictor.steps(given.frame, votes=options.votes))

    def bytes(self, result: Prediction) -> int:
        """Mostly the features."""
        return result.nbytes

    def tell(self, result: Prediction, row: int) -> tuple[Fact, ...]:
        """Class, confidence, the most probable classes, entropy, and the checkpoint."""
        if not result.known[row]:
            return (Fact("Prediction", "unknown", "the point is not finite"),)
        shares = result.probabilities[row]
        names = result.card.classes
        best = np.argsort(-shares, kind="stable")[:TOP]
        listed = ", ".join(f"{names[i]} {100 * shares[i]:.1f} %" for i in best)
        about = result.source
        confidence, entropy = f"{100 * result.confidence[row]:.1f} %", float(result.entropy[row])
        undecided = f"{entropy:.3f} of {np.log(len(names)):.3f} nat"
        return (
            Fact("Prediction", names[best[0]], about, "prediction"),
            Fact("Confidence", confidence, f"greatest probability; {about}", "confidence"),
            Fact("Most probable", listed, f"probabilities, mean of the votes; {about}"),
            Fact("Entropy", undecided, f"of all classes; {about}", "entropy"),
            Fact("Checkpoint", result.file.name, about),
        )

    def report(self, result: Prediction, frame: Frame, label_set: LabelSet | None) -> PredictionReport:
        """Confusion with the frame's labels, and how long it took."""
        classes = label_set_of(result.card)
        names = tuple(classes.class_name(i) for i in range(len(result.card.classes) + 1))
        matrix, why = None, ""
        if frame.labels is None:
            why = "This frame has no labels."
        elif label_set is None or not same_classes(result.card, label_set):
            why = why_other(result.card, label_set)
        else:
            matrix = confusion(result.train_ids, label_set.train_ids(frame.labels), len(names))
        return PredictionReport(
            confusion=matrix,
            why=why,
            classes=names,
            card=result.card,
            file=result.file,
            identity=result.identity,
            votes=result.votes,
            seconds=result.seconds,
            precision=result.precision,
            device=result.device,
        )

    def example(self, folder: Path) -> Mapping[str, PredictOptions]:
        """A tiny network with random weights."""
        return {self.name: PredictOptions(write_tiny(folder / "tiny.safetensors"), device="cpu", precision="fp32")}


def write_tiny(path: Path, *, seed: int = 0) -> Path:
    """A checkpoint of the smallest MinkUNet for SemanticKITTI, untrained: for tests and examples."""
    import torch

    from app.core.label_sets import SEMANTIC_KITTI
    from app.core.model_card import build_network, classes_of
    from app.models import checkpoints

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network("minkunet", {"cr": 0.07})
        for name, values in network.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.uniform_(values, 0, 0.5)  # so few channels would else be zero at many points
    card = ModelCard(network="minkunet", fields={"cr": 0.07}, voxel_size=0.5, classes=classes_of(SEMANTIC_KITTI))
    checkpoints.save(path, network, "minkunet", metadata=card.metadata())
    return path


class _Cards:
    """The cards that were read last, or why there was none, by file and by its time and size."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[Path, str], ModelCard | str] = OrderedDict()

    def known(self, options: PredictOptions) -> bool:
        return (options.checkpoint, options.stamp) in self._held

    def read(self, options: PredictOptions) -> ModelCard | str:
        key = (options.checkpoint, options.stamp)
        if key not in self._held:
            self._held[key] = _card(options.checkpoint)
            while len(self._held) > CARDS:
                self._held.popitem(last=False)
        return self._held[key]


_cards = _Cards()


def _card(path: Path) -> ModelCard | str:
    from app.models import checkpoints

    try:
        return card_of(checkpoints.read(weights_of(path)))
    except (DataError, checkpoints.CheckpointError) as error:
        return str(error)


def _waiting(work: Generator[None, None, T], text: str) -> Steps[T]:
    """Progress without an end while work goes on beside."""
    try:
        while True:
            next(work)
            yield 0, 0, text
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        work.close()


ENTRY = Predict()
