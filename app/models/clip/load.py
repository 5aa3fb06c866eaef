"""From what is meant to a CLIP that is ready, or to what is known of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from app.models.clip import architecture, compat, huggingface, layouts, pretrained, recognise, towers, weights
from app.models.clip.architecture import Plan
from app.models.clip.errors import ClipError, ClipStopped
from app.models.clip.info import ClipInfo
from app.models.clip.model import ClipModel, device_named, precise
from app.models.clip.source import BUILT_IN, ClipSource

OnProgress = Callable[[int, int, str], None]

DEMO_NOTE = (
    "The demo CLIP knows the words and the pictures of the demo world only. For recorded drives choose a real one: "
    "by name (it is downloaded once) or from a file."
)


@dataclass(frozen=True)
class _Ready:
    """A CLIP whose weights are on this machine, and how it is to be built."""

    source: ClipSource
    plan: Plan
    found: layouts.Found
    licence: str

    @property
    def told(self) -> str:
        return str(self.source.path or self.source.title)


def fetch_clip(source: ClipSource) -> Generator[tuple[int, int, str], None, None]:
    """Bring the weights to this machine if they are not there; yields bytes done, bytes in all, what is done.

    It may be dropped between two yields: what has arrived is kept, and the next time goes on from there.
    ``ClipError`` where it cannot be had.
    """
    if source.path is None:
        yield from pretrained.fetch(source.model, source.pretrained)


def load_clip(
    source: ClipSource,
    *,
    device: str = "auto",
    precision: str = "auto",
    on_progress: OnProgress | None = None,
    stopped: Callable[[], bool] | None = None,
) -> ClipModel:
    """A CLIP that is ready, downloaded first where it has to be.

    Parameters
    ----------
    device : "auto" (a GPU where there is one), "cpu", "cuda:0" …
    precision : "auto" (float32 on a processor, float16 on a GPU), "float32", "float16" or "bfloat16"
    on_progress : told bytes done, bytes in all (0: unknown) and what is being done
    stopped : asked between blocks of a download and of a file

    Raises
    ------
    ClipError
        One sentence: no such model, offline, broken or foreign weights, no such device.
    ClipStopped
        ``stopped`` said so.
    """
    on = device_named(device)
    for done, total, text in fetch_clip(source):
        if stopped is not None and stopped():
            raise ClipStopped(f"The download of {source.title} was stopped; what has arrived is kept.")
        if on_progress is not None:
            on_progress(done, total, text)
    ready = _ready(source)
    missing = architecture.tokenizer_missing(ready.plan)
    if missing is not None:
        raise ClipError(missing)
    state = weights.read(ready.found.files)
    if ready.found.renamed:
        state = huggingface.renamed(state)
    network: Any = architecture.build(ready.plan)
    state, plan = architecture.adapt(state, network, ready.plan)
    architecture.fill(network, state, plan, ready.told)
    identity = weights.identity(ready.found.files, stopped)
    info = _info(dataclasses.replace(ready, plan=plan), network, identity, math.exp(network.logit_scale))
    prepare = _preparation(network, plan)
    return ClipModel(info, precise(network, precision, on), prepare, _tokenizer(plan), on)


def describe_clip(source: ClipSource) -> ClipInfo:
    """What is known of a CLIP without loading it; of one that is not downloaded yet, what open_clip's tables say.

    ``ClipError`` where there is none, its configuration cannot be read, or its weights are of something else.
    """
    if source.path is None and not pretrained.files(source.model, source.pretrained):
        plan, licence = (
            pretrained.plan(source.model, source.pretrained),
            pretrained.licence(source.pretrained, source.model),
        )
        ready = _Ready(source, plan.noting("It is not on this machine yet."), layouts.Found((), None), licence)
        return _info(ready, architecture.build(plan, "meta"), "", math.nan)
    ready = _ready(source)
    shapes, scale = weights.shapes(ready.found.files)
    network = architecture.build(ready.plan, "meta")
    _check_kind(shapes, ready.told)
    _check_fit(shapes, ready, network)
    return _info(ready, network, weights.identity(ready.found.files), math.exp(scale))


def _check_kind(shapes: weights.Shapes, told: str) -> None:
    if not huggingface.is_named_so(shapes) and not any(name.startswith("visual.") for name in shapes):
        raise ClipError(f"{told} is not a CLIP: none of its {len(shapes)} tensors is of an image tower.")


def _check_fit(shapes: weights.Shapes, ready: _Ready, network: Any) -> None:
    """``ClipError`` where tensors of these shapes cannot be put into the network, without reading them."""
    state = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    if ready.found.renamed:
        state = huggingface.renamed(state)
    state, plan = architecture.adapt(state, network, ready.plan)
    architecture.check_fit(network, state, plan, ready.told)


def _ready(source: ClipSource) -> _Ready:
    if source.path is None:
        found = layouts.Found(pretrained.files(source.model, source.pretrained), None)
        return _Ready(
            source,
            pretrained.plan(source.model, source.pretrained),
            found,
            pretrained.licence(source.pretrained, source.model),
        )
    found = layouts.find(Path(source.path))
    if source.model and found.plan is not None:
        raise ClipError(f"{source.path} has a configuration that says its architecture; state no model with it.")
    licence = str(found.card.get("licence", ""))
    return _Ready(source, found.plan or _bare_plan(source, found), found, licence)


def _bare_plan(source: ClipSource, found: layouts.Found) -> Plan:
    """Of a file with nothing beside it: the model that is stated, else the one that its shapes are of."""
    if source.model and source.pretrained:
        return pretrained.plan(source.model, source.pretrained)
    if source.model:
        return architecture.named(source.model)
    shapes, _ = weights.shapes(found.files)
    return recognise.recognise(shapes, str(source.path))


def _info(ready: _Ready, network: Any, identity: str, scale: float) -> ClipInfo:
    words = ready.found.card.get("words")
    notes = [str(note) for note in ready.found.card.get("notes", ())]
    if ready.source.path == BUILT_IN:
        notes.insert(0, DEMO_NOTE)
    tower = towers.kind(network.visual)
    if tower == "other":
        notes.append("Its image tower is neither ViT nor ResNet: it can be asked by regions, not by pixels.")
    return ClipInfo(
        title=ready.source.title,
        architecture=ready.plan.name,
        resolution=ready.plan.resolution,
        embed_dim=int(ready.plan.model["embed_dim"]),
        parameters=sum(value.numel() for value in network.parameters()),
        bytes=weights.size(ready.found.files),
        licence=ready.licence,
        identity=identity,
        tower=tower,
        notes=(*notes, *ready.plan.notes),
        vocabulary=None if words is None else frozenset(str(word).lower() for word in words),
        logit_scale=scale,
        dense_side=_side(ready.found),
    )


def _side(found: layouts.Found) -> int:
    """The shorter side for features of pixels that a card states, or 0."""
    stated = found.card.get("dense_side", 0)
    return stated if isinstance(stated, int) and stated > 0 else 0


def _preparation(network: Any, plan: Plan) -> Any:
    """open_clip's own preparation of a picture, which the network also carries, as open_clip's loader has it."""
    compat.open_clip()
    from open_clip.model import set_model_preprocess_cfg
    from open_clip.transform import PreprocessCfg, image_transform_v2

    width, height = plan.resolution
    size = width if width == height else (height, width)
    try:
        config = PreprocessCfg(**{**plan.preprocess, "size": size})
        prepare = image_transform_v2(config, is_train=False)
    except (AssertionError, TypeError, ValueError) as error:
        raise ClipError(f"The preparation of pictures for {plan.name} cannot be read ({error}).") from error
    set_model_preprocess_cfg(network, dataclasses.asdict(config))
    return prepare


def _tokenizer(plan: Plan) -> Any:
    """Texts in, (n, length) tokens out."""
    library = compat.open_clip()
    text = plan.model["text_cfg"]
    length = int(text.get("context_length", 77))
    if text.get("hf_tokenizer_name") or "siglip" in plan.name.lower():
        if plan.folder is not None:
            return library.get_tokenizer(f"local-dir:{plan.folder}")
        return library.get_tokenizer(plan.name)
    extra = text.get("tokenizer_kwargs") or {}
    if not extra:
        return partial(library.tokenize, context_length=length)
    return library.SimpleTokenizer(context_length=length, **extra)
