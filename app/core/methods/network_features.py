"""Features of a network that was distilled from a CLIP (OpenScene): from points alone, asked in the same words."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from app.core.cores import network_threads
from app.core.errors import DataError, LidarScopeError
from app.core.labels import LabelSet
from app.core.language.clips import waiting
from app.core.language.features import PointFeatures
from app.core.language.stored import kept, key_of, looked_up
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.methods.predict import ENTRY as PREDICT
from app.core.methods.predict import PredictOptions
from app.core.model_card import LoadedModel, ModelCard, device_of, load_model
from app.core.network_inputs import AXES, frame_columns, frame_input
from app.core.prediction.aside import Stoppable, aside
from app.core.prediction.predictor import precision_of, told_of_memory
from app.core.types import Frame

if TYPE_CHECKING:
    import torch

CHOOSE = "Choose a distilled network in the Query panel."


@dataclass(frozen=True)
class NetworkFeatureOptions:
    """Which network, and how it runs.

    Attributes
    ----------
    checkpoint : a checkpoint of a distilled network, or the folder of its training run
    device : "auto", "cpu", "cuda:0" …
    precision : "auto", "fp32" or "bf16"
    stamp : time and size of the file at the start of a task; filled in by ``pinned``, never by hand
    """

    checkpoint: Path
    device: str = "auto"
    precision: str = "auto"
    stamp: str = ""


class NetworkFeatures(Method[NetworkFeatureOptions, PointFeatures]):
    """One feature for each voxel of the network; works without any camera."""

    name: ClassVar[str] = "network_features"
    title: ClassVar[str] = "Features of a distilled network"
    options_type = NetworkFeatureOptions

    def pinned(self, options: NetworkFeatureOptions) -> NetworkFeatureOptions:
        """The file that a run's folder means now, and its time and size."""
        now = PREDICT.pinned(_as_prediction(options))
        return replace(options, checkpoint=now.checkpoint, stamp=now.stamp)

    def prepared(self, options: NetworkFeatureOptions) -> bool:
        """Whether the network's card has been read."""
        return PREDICT.prepared(_as_prediction(options))

    def prepare(self, options: NetworkFeatureOptions) -> Steps[None]:
        """Import torch and read the card."""
        yield from PREDICT.prepare(_as_prediction(options))

    def about(self, options: NetworkFeatureOptions) -> ModelCard:
        """The network's card, which names its CLIP; ``DataError`` where there is none to be had."""
        card = PREDICT.about(_as_prediction(options))
        if not card.distilled:
            raise DataError(
                f"{options.checkpoint.name} was not distilled from a CLIP, so its features cannot be compared with "
                "words; choose a checkpoint of the recipe distill."
            )
        return card

    def missing(
        self, frame: Frame, label_set: LabelSet | None, options: NetworkFeatureOptions | None
    ) -> str | None:
        """Needs a distilled network and the columns it was trained with."""
        if options is None:
            return CHOOSE
        try:
            card = self.about(options)
        except LidarScopeError as error:
            return str(error)
        there = frame_columns(frame)
        for name in card.columns:
            if name not in AXES and name not in there:
                return f"The network of {options.checkpoint.name} needs '{name}', which this frame lacks."
        return None

    def steps(self, given: Given, options: NetworkFeatureOptions) -> Steps[PointFeatures]:
        """One pass of the network."""
        card = self.about(options)
        plain = replace(options, device="")
        key = key_of(given, self.name, card.clip, [plain])
        stored = yield from looked_up(key)
        if stored is not None:
            return stored
        held = ("network_features", options.checkpoint, options.stamp, options.device)
        model: LoadedModel | None = given.context.held_model(held)
        if model is None:
            loading = aside(lambda _stop: load_model(options.checkpoint, options.device))
            model = yield from waiting(loading, f"load {options.checkpoint.name}")
            given.context.hold_model(held, model)
        loaded = model
        work = aside(lambda stop: _run(loaded, given.frame, options, stop))
        table, row = yield from waiting(work, "network")
        features = PointFeatures(
            table=table,
            row=row,
            views=np.ones(len(table), np.float32),
            way="network",
            clip=card.clip,
            origin=f"{options.checkpoint.name} ({loaded.identity}), distilled from CLIP {card.clip}; points alone",
        )
        return (yield from kept(key, features))

    def bytes(self, result: PointFeatures) -> int:
        """Mostly the table."""
        return result.nbytes

    def tell(self, result: PointFeatures, row: int) -> tuple[Fact, ...]:
        """Which network said it."""
        known = "known" if result.row[row] >= 0 else "unknown"
        return (Fact("Network feature", known, result.origin),)

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """A tiny network with random weights, as if distilled."""
        path = write_tiny_distilled(folder / "tiny_distilled.safetensors", clip="0" * 12, size=16)
        return {self.name: NetworkFeatureOptions(path, device="cpu", precision="fp32")}


def write_tiny_distilled(path: Path, *, clip: str, size: int, seed: int = 0) -> Path:
    """A checkpoint of the smallest MinkUNet giving ``size`` values a point, untrained: for tests and examples."""
    import torch

    from app.core.model_card import build_network
    from app.models import checkpoints

    fields = {"cr": 0.07, "num_classes": size}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network("minkunet", fields)
        for name, values in network.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.uniform_(values, 0, 0.5)
    card = ModelCard(network="minkunet", fields=fields, voxel_size=0.5, label_set="", clip=clip, clip_dim=size)
    checkpoints.save(path, network, "minkunet", metadata=card.metadata())
    return path


def _as_prediction(options: NetworkFeatureOptions) -> PredictOptions:
    """The same file as prediction sees it: cards are read and held in one place."""
    return PredictOptions(options.checkpoint, stamp=options.stamp)


def _run(
    model: LoadedModel, frame: Frame, options: NetworkFeatureOptions, stop: threading.Event
) -> tuple[np.ndarray, np.ndarray]:
    """(V, D) float16 unit features of voxels, and (N,) int32 voxel of each point, −1 where it is not finite."""
    import torch

    device = device_of(options.device)
    precision = precision_of(options.precision, device)
    given = frame_input(frame, model.card)
    row = given.inverse.astype(np.int32)
    if not len(given.coords):
        return np.zeros((0, model.card.clip_dim), np.float16), row
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
    try:
        with torch.inference_mode(), autocast, network_threads(), Stoppable(model.network, stop):
            coords = torch.from_numpy(given.coords).to(device)
            found = model.network.to(device)(coords, torch.from_numpy(given.feats).to(device)).float()
    except (MemoryError, RuntimeError) as error:
        raise told_of_memory(error, len(given.coords), device.type) from None
    return _unit(found, model).to(torch.float16).cpu().numpy(), row


def _unit(features: torch.Tensor, model: LoadedModel) -> torch.Tensor:
    """(V, D) at length one; ``DataError`` where they are no numbers."""
    import torch

    if not torch.isfinite(features).all():
        raise DataError(
            f"{model.path} gives features that are not numbers: its training has diverged. "
            "Choose an earlier checkpoint."
        )
    return torch.nn.functional.normalize(features, dim=1)


ENTRY = NetworkFeatures()
