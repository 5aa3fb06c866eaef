"""Keep a network that tells surfaces, with the scores that the kept weights reach on a street they never saw."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import torch

from app.core.datasets import open_dataset
from app.core.errors import LidarScopeError
from app.core.model_card import ModelCard
from app.core.surface.measures import MeasureOptions
from app.core.surface.result import SurfaceOptions
from app.core.surface_model import SurfaceModel, head_tensors, load_surface_model
from app.core.tasks.base import run as run_task
from app.core.tasks.context import Context, Source
from app.core.tasks.make_surface import make_surface
from app.core.training.occupancy_validation import occupancy_of
from app.core.training.recipes import recipe_of
from app.core.training.samples import Samples
from app.models import checkpoints

MAKERS = ("", "poisson", "tsdf")
"""The network, and the baselines it is told beside."""

STEP = 0.2
TOLD, MEASURED = 10, 3
"""Frames whose queries are told, and whose surfaces are measured, evenly chosen."""

KNOWS = "Pretrained without labels on demo worlds alone: it imagines demo streets and knows no real one."

_CM = 100


def keep_surface_model(weights: Path, card: ModelCard, test: Path, out: Path, limit: int) -> None:
    """Write weights and head in half precision with their scores on the demo drive ``test``, and print these.

    ``weights``: a run's folder or a checkpoint. ``LidarScopeError`` where the file has more than ``limit`` bytes.
    """
    model = load_surface_model(weights, "cpu")
    card = dataclasses.replace(card, scores={}, notes=(KNOWS,))
    _write(out, model, card, limit)
    frames = len(open_dataset(test).sequences[0])
    told = _occupancy(out, test)
    print(f"occupancy: {told}", file=sys.stderr)
    surfaces = {maker: _surface(out, maker, test, frames) for maker in MAKERS}
    ours = surfaces[""]
    scores = {
        **{name: told[name] for name in ("accuracy", "iou/empty", "iou/full", "miou")},
        **{name: ours[name] for name in ours if name.startswith(("f_score", "unseen"))},
    }
    chamfer = ", ".join(f"{maker or 'network'} {_CM * one['chamfer']:.1f}" for maker, one in surfaces.items())
    notes = (
        KNOWS,
        f"Scores: the demo world of seed 1, in float32; occupancy of queries in {TOLD} frames, surfaces at "
        f"{STEP:g} m in {MEASURED} against the exact one. Chamfer distance in cm: {chamfer}.",
    )
    _write(out, model, dataclasses.replace(card, scores=scores, notes=notes), limit)
    print(json.dumps({"path": str(out), "bytes": out.stat().st_size, "occupancy": told, "surfaces": surfaces}))


def _write(path: Path, model: SurfaceModel, card: ModelCard, limit: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {name: value.half() for name, value in head_tensors(model.head).items()}
    checkpoints.save(path, model.network, card.network, metadata=card.metadata(), extra=head, half=True)
    if path.stat().st_size > limit:
        raise LidarScopeError(f"{path} has {path.stat().st_size} bytes; at most {limit} may ship.")


def _occupancy(path: Path, test: Path) -> dict[str, float]:
    """Queries of all frames, told against true labels of their lines of sight."""
    model = load_surface_model(path, "cpu")
    card, about = model.card, model.card.occupancy
    told = {"voxel_size": card.voxel_size, "train_sequences": "", **{k: about[k] for k in ("delta", "radius")}}
    told["neighbours"] = about["neighbours"]
    samples = Samples(test, recipe_of("demo_also", {name: str(value) for name, value in told.items()})[1])
    scans = samples.split.train
    torch.set_num_threads(1)  # a core that something else keeps busy would hold up the other one
    counts = occupancy_of(
        model.network, model.head, samples, tuple(scans[k] for k in _chosen(len(scans), TOLD)),
        precision=contextlib.nullcontext, device=torch.device("cpu"),
    )  # fmt: skip
    by_class = counts.by_class(counts.iou("present"))
    empty, full = float(by_class["empty"] or 0), float(by_class["full"] or 0)
    scores = {"iou/empty": empty, "iou/full": full, "miou": (empty + full) / 2}
    return {"accuracy": counts.accuracy, **scores}


def _surface(path: Path, maker: str, test: Path, frames: int) -> dict[str, float]:
    """Means over frames of what a surface measures against the exact one."""
    options = SurfaceOptions(None if maker else path, maker, STEP, device="cpu", precision="fp32")
    source = Source(test, open_dataset(test).sequences[0].name)
    asked: dict[str, Any] = {"source": source, "options": options, "measured": MeasureOptions()}
    found: list[dict[str, float]] = []
    context = Context()
    for index in _chosen(frames, MEASURED):
        made = run_task(make_surface(context, index=index, **asked))
        measures = made.measures
        assert measures is not None
        print(f"frame {index} by {maker or 'the network'}: {measures.chamfer:.3f} m", file=sys.stderr)
        within = {f"f_score_{_CM * d:.0f}cm": value for d, value in measures.f_score.items()}
        found.append({"chamfer": measures.chamfer, **within, "unseen_found": measures.unseen_found})
    return {name: statistics.mean(one[name] for one in found) for name in found[0]}


def _chosen(count: int, most: int) -> list[int]:
    """At most ``most`` of ``count`` rows, evenly."""
    most = min(count, most)
    return [k * count // most for k in range(most)]
