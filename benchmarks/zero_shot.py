"""Classes found by words alone on a demo street, mIoU over the points that the camera sees: each way from pixels to
points, fused over ten frames, by the distilled network, and by the ensemble.

The street is one that trained neither the demo CLIP nor the distilled network. Which points the camera sees is the
street's own exact truth; a point of which a way knows nothing counts as wrong.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import numpy as np

from app.core.datasets.base import OpenOptions
from app.core.demo.writer import default_drive_path, write_drive
from app.core.evaluation.confusion import Confusion
from app.core.language.class_words import defaults
from app.core.language.zero_shot_result import ZeroShotResult
from app.core.methods.base import Given, drain, pinned
from app.core.methods.network_features import NetworkFeatureOptions
from app.core.methods.pixels import PixelOptions
from app.core.methods.regions import RegionOptions
from app.core.methods.zero_shot import ZeroShotOptions
from app.core.model_card import DISTILLED, built_in
from app.core.tasks.base import run
from app.core.tasks.context import Context, Source
from app.models.clip.source import ClipSource
from app.models.clip.source import built_in as demo_clip
from benchmarks.rows import Row

SEED = 1
"""Street that the checkpoints in assets are measured on."""

FRAMES, EVERY = 40, 4
AROUND = 5
"""Frames before and after whose pictures are fused: ten besides the frame itself."""


def rows() -> list[Row]:
    """All ways on the same frames."""
    drive = default_drive_path(SEED)
    run(write_drive(drive, frames=FRAMES, seed=SEED))
    clip = demo_clip()
    network: dict[str, Hashable] = {"network_features": NetworkFeatureOptions(built_in(DISTILLED))}
    one: dict[str, Hashable] = {"pixels": PixelOptions(clip)}
    ten: dict[str, Hashable] = {"pixels": PixelOptions(clip, AROUND, AROUND)}
    found = {
        "regions": score(drive, clip, "regions", {"regions": RegionOptions(clip)}),
        "pixels": score(drive, clip, "pixels", one),
        "fused": score(drive, clip, "pixels", ten),
        "network": score(drive, clip, "network", network),
        "ensemble of network and one frame": score(drive, clip, "ensemble", {**one, **network}),
        "ensemble": score(drive, clip, "ensemble", {**ten, **network}),
    }
    miou = {name: 100 * counts.miou("present") for name, counts in found.items()}
    better = max(("fused", "network"), key=lambda name: miou[name])
    note = f"{len(range(0, FRAMES, EVERY))} frames of the demo street of seed {SEED}, visible points"
    return [
        Row("zero-shot mIoU by regions", "%", miou["regions"], note=note),
        Row("zero-shot mIoU by dense pixels", "%", miou["pixels"], note=_accuracy(found["pixels"])),
        Row("zero-shot mIoU fused over ten frames", "%", miou["fused"], "one frame", miou["pixels"]),
        Row("zero-shot mIoU by the 3D network", "%", miou["network"], note=_accuracy(found["network"])),
        Row("zero-shot mIoU by network and one frame", "%", miou["ensemble of network and one frame"],
            "one frame", miou["pixels"]),
        Row("zero-shot mIoU by network and ten frames", "%", miou["ensemble"], f"better part ({better})",
            miou[better], note=_accuracy(found["ensemble"])),
    ]  # fmt: skip


def score(
    drive: Path,
    clip: ClipSource,
    way: str,
    methods: dict[str, Hashable],
    frames: range = range(0, FRAMES, EVERY),
) -> Confusion:
    """Count classes found by words against labels over the points that the camera sees."""
    context = Context()
    source = Source(drive, context.dataset(drive, OpenOptions()).sequences[0].name)
    label_set = context.sequence(source).label_set
    assert label_set is not None
    options = pinned(tuple({**methods, "zero_shot": ZeroShotOptions(clip, defaults(label_set), way=way)}.items()))
    counts = Confusion.of(label_set)
    for index in frames:
        frame = context.frame(source, index)
        given = Given(context, source, frame, label_set, options)
        why = given.missing("zero_shot")
        if why is not None:
            raise RuntimeError(why)
        result: ZeroShotResult = drain(given.result("zero_shot"))
        with np.load(drive / "sequences" / source.sequence / "truth" / f"{frame.name}.npz") as truth:
            seen = truth["visible"] == 1
        assert frame.labels is not None
        guess = np.where(result.known, result.classes, 0)
        counts.add(guess[seen].astype(np.int64), label_set.train_ids(frame.labels)[seen].astype(np.int64))
    return counts


def _accuracy(counts: Confusion) -> str:
    return f"{100 * counts.accuracy:.1f} % of the points are right"
