"""A network as a function of frames: numpy in, numpy out, a step a vote."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from app.core.cores import network_threads
from app.core.errors import DataError, UsageError
from app.core.model_card import LoadedModel, device_of
from app.core.network_inputs import frame_columns, network_input
from app.core.prediction.aside import Stoppable, aside
from app.core.prediction.result import Prediction
from app.core.prediction.votes import MOST, turned
from app.core.types import Frame

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16")

Columns = Mapping[str, np.ndarray]
Vote = tuple[np.ndarray, np.ndarray, np.ndarray | None, float]
"""Logits (N, C) and probabilities (N, C) float32, features (N, D) float16 or None, seconds."""


class Predictor:
    """Predicts with one network on one device.

    Parameters
    ----------
    model : the network and its card
    device : "auto" is the first GPU where there is one, else the processor
    precision : "fp32", "bf16" (matrix products in bfloat16), or "auto": bf16 where the hardware is fast in it
    """

    def __init__(self, model: LoadedModel, *, device: str = "auto", precision: str = "auto") -> None:
        """``UsageError`` for a device or precision that is not there, or a network that predicts no classes."""
        if model.card.no_classes:
            raise UsageError(f"{model.path} {model.card.no_classes}, or name another checkpoint.")
        self.model = model
        self.device = device_of(device)
        self.precision = precision_of(precision, self.device)
        model.network.to(self.device)

    def predict(
        self, frame: Frame | np.ndarray, columns: Columns | None = None, *, votes: int = 1, seed: int = 0
    ) -> Prediction:
        """The whole prediction, here and now; see :meth:`steps`."""
        steps = self.steps(frame, columns, votes=votes, seed=seed)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                result: Prediction = stop.value
                return result

    def steps(
        self, frame: Frame | np.ndarray, columns: Columns | None = None, *, votes: int = 1, seed: int = 0
    ) -> Generator[tuple[int, int, str], None, Prediction]:
        """Predict a step at a time; closing the generator stops the network at its next layer.

        Parameters
        ----------
        frame : a frame, or its points (N, 3) float32 metres with ``columns`` (N,) by name
        votes : 1 to 64; the first one is the frame as it is, the others are turned (``votes.py``)
        seed : of the votes' turns

        Raises
        ------
        DataError
            A column that the network needs is missing; its scores are not numbers; memory does not suffice.
        UsageError
            A number of votes that cannot be.
        """
        if not 1 <= votes <= MOST:
            raise UsageError(f"The number of votes is between 1 and {MOST}; {votes} was asked for.")
        points = frame.points if isinstance(frame, Frame) else frame
        values = frame_columns(frame) if isinstance(frame, Frame) else (columns or {})
        classes = len(self.model.card.classes)
        logits = np.zeros((len(points), classes), np.float32)
        probabilities = np.zeros_like(logits)
        features: np.ndarray | None = None
        seconds = 0.0
        for vote in range(votes):
            text = "predict" if votes == 1 else f"vote {vote + 1} of {votes}"
            yield vote, votes, text
            work = aside(partial(self._vote, points, values, vote, seed))
            scores, shares, found, took = yield from _telling(work, (vote, votes, text))
            logits += scores
            probabilities += shares
            features = found if found is not None else features
            seconds += took
        if features is None:
            raise ValueError("the first vote gives the features")
        logits /= votes
        probabilities /= votes
        return self._prediction(probabilities, logits, features, seconds, votes)

    def _vote(self, points: np.ndarray, values: Columns, vote: int, seed: int, stop: threading.Event) -> Vote:
        """One pass of the network, rows of points that are not finite NaN."""
        import torch

        started = time.perf_counter()
        card, network = self.model.card, self.model.network
        given = network_input(turned(points, vote, seed), values, card.columns, card.voxel_size)
        if not len(given.coords):
            empty = np.full((len(points), len(card.classes)), np.nan, np.float32)
            return empty, empty, np.full((len(points), network.feature_channels), np.nan, np.float16), 0.0
        kind = self.device.type
        autocast = torch.autocast(kind, torch.bfloat16, enabled=self.precision == "bf16")
        try:
            with torch.inference_mode(), autocast, network_threads(), Stoppable(network, stop):
                coords = torch.from_numpy(given.coords).to(self.device)
                embedded = network.embed(coords, torch.from_numpy(given.feats).to(self.device))
                logits = network.classify(embedded).float()
                shares = torch.softmax(logits, 1)
        except (MemoryError, RuntimeError) as error:
            raise told_of_memory(error, len(given.coords), kind) from None
        scores = logits.cpu().numpy()
        self._check(scores)
        features = embedded.to(torch.float16).cpu().numpy() if vote == 0 else None
        back = given.inverse
        spread = (_spread(scores, back), _spread(shares.cpu().numpy(), back))
        found = None if features is None else _spread(features, back)
        return *spread, found, time.perf_counter() - started

    def _check(self, scores: np.ndarray) -> None:
        card = self.model.card
        if scores.shape[1] != len(card.classes):
            raise DataError(
                f"{self.model.path} describes {len(card.classes)} classes but its network gives {scores.shape[1]}; "
                "export it again."
            )
        if not np.isfinite(scores).all():
            raise DataError(
                f"{self.model.path} gives scores that are not numbers: its training has diverged. "
                "Choose an earlier checkpoint."
            )

    def _prediction(
        self, probabilities: np.ndarray, logits: np.ndarray, features: np.ndarray, seconds: float, votes: int
    ) -> Prediction:
        known = np.isfinite(probabilities[:, 0]) if probabilities.shape[1] else np.zeros(len(probabilities), bool)
        train_ids = np.zeros(len(probabilities), np.uint8)
        train_ids[known] = probabilities[known].argmax(axis=1) + 1
        entropy = -(probabilities * np.log(np.maximum(probabilities, np.float32(1e-12)))).sum(axis=1)
        return Prediction(
            probabilities=probabilities,
            logits=logits,
            train_ids=train_ids,
            confidence=probabilities.max(axis=1),
            entropy=np.maximum(entropy, 0),
            features=features,
            card=self.model.card,
            file=self.model.path,
            identity=self.model.identity,
            seconds=seconds,
            votes=votes,
            precision=self.precision,
            device=str(self.device),
        )


def _telling(
    work: Generator[None, None, Vote], progress: tuple[int, int, str]
) -> Generator[tuple[int, int, str], None, Vote]:
    """The work's own pauses as progress."""
    try:
        while True:
            next(work)
            yield progress
    except StopIteration as stop:
        result: Vote = stop.value
        return result
    finally:
        work.close()


def _spread(values: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """(V, C) values of voxels to the (N, C) of their points; NaN for points without a voxel."""
    spread = values.take(np.maximum(inverse, 0), axis=0)
    spread[inverse < 0] = np.nan
    return spread


def precision_of(wanted: str, device: torch.device) -> str:
    """The numbers a network computes in: "fp32" or "bf16"; "auto" is bf16 where the hardware is fast in it.

    ``UsageError`` for another name.
    """
    import torch

    if wanted not in PRECISIONS:
        raise UsageError(f"There is no precision '{wanted}'; there are: {', '.join(PRECISIONS)}.")
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    fast = able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16")
    return "bf16" if device.type == "cpu" and fast else "fp32"


def told_of_memory(error: MemoryError | RuntimeError, voxels: int, kind: str) -> Exception:
    """What to raise of an error inside a network: one sentence where memory was short, else the error itself."""
    if isinstance(error, RuntimeError) and not _is_memory(error):
        return error
    return DataError(_no_room(voxels, kind))


def _is_memory(error: RuntimeError) -> bool:
    """Whether torch says that memory is short: only on a GPU has that an error type of its own."""
    return type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)


def _no_room(voxels: int, kind: str) -> str:
    where = "The GPU" if kind == "cuda" else "The machine"
    return f"{where} has too little memory for a frame of {voxels} voxels; choose another device or network."
