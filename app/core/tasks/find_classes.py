"""The data set's classes found by their words on one frame, told and written to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.errors import UsageError
from app.core.files import write_atomically
from app.core.label_sets import NO_NAMES
from app.core.labels import LabelSet
from app.core.language.asking import given_for
from app.core.language.class_words import of_label_set
from app.core.language.queries import TEMPLATES
from app.core.language.zero_shot_result import ZeroShotReport, ZeroShotResult
from app.core.methods.base import Chosen
from app.core.methods.zero_shot import ENTRY as ZERO_SHOT
from app.core.methods.zero_shot import ZeroShotOptions
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.cloud_layers import result_steps
from app.core.tasks.context import Context, Source
from app.models.clip.source import ClipSource

SUFFIXES = (".label", ".npz")


@dataclass(frozen=True)
class Found:
    """``path`` that was written, None without one; the ``report`` of the classes; their ``label_set``."""

    path: Path | None
    report: ZeroShotReport
    label_set: LabelSet


def find_classes(
    context: Context,
    *,
    source: Source,
    index: int,
    clip: ClipSource,
    methods: Chosen,
    way: str = "regions",
    templates: str = TEMPLATES,
    denoise: float = 0.0,
    out: Path | None = None,
) -> TaskEvents[Found]:
    """Find the classes of a frame's points by their words; the user's own where there are any.

    ``methods``: those that give the features. ``out``: .label gets raw ids (N,) uint32, .npz ``train_ids`` (N,)
    uint8, ``confidence`` (N,) float32 and ``word`` (N,) int16, a place among ``words``.

    Raises
    ------
    UsageError
        There is no label set, another suffix, or the frame gives no features.
    DataError
        The frame or the user's words cannot be read, a method cannot work, or the file cannot be written.
    """
    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{out} must end in .label or .npz; that chooses the format.")
    label_set = context.sequence(source).label_set
    if label_set is None:
        raise UsageError(NO_NAMES)
    options = ZeroShotOptions(clip, of_label_set(label_set), way=way, templates=templates, denoise=denoise)
    chosen = (*methods, (ZERO_SHOT.name, options))
    given = yield from given_for(context, source, index, chosen, tuple(name for name, _ in chosen))
    why = given.missing(ZERO_SHOT.name)
    if why is not None:
        raise UsageError(f"The classes of frame {index} cannot be found: {why}")
    result: ZeroShotResult = yield from result_steps(given, ZERO_SHOT.name)
    if out is not None:
        yield Progress(0, 0, f"write {out.name}")
        _write(out, result, label_set)
    return Found(out, ZERO_SHOT.report(result, given.frame, label_set), label_set)


def _write(out: Path, result: ZeroShotResult, label_set: LabelSet) -> None:
    if out.suffix.lower() == ".label":
        write_atomically(out, label_set.inverse[result.classes].astype("<u4").tobytes())
        return
    arrays = {
        "train_ids": result.classes,
        "confidence": result.confidence,
        "word": result.word,
        "words": np.array([word for _, word in result.words.asked]),
    }
    write_atomically(out, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


ENTRY = find_classes
