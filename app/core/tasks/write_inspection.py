"""The report on pseudo-labels: a folder with tables, plots, and the most instructive flips as pictures.

OUT/report.md              what was found, with the plots
OUT/summary.json           the numbers, and all that decides them
OUT/classes.csv, pairs.csv, flips.csv, scales.csv, betas.csv
OUT/plots/*.png            accuracy by class, along scale and β, the affinity matrix of the first queue
OUT/flips/NN_*.png         one sheet a flip
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.affinity import folder as folders
from app.core.affinity.embeddings import Embeddings
from app.core.affinity.inspecting import METHOD, QueueOptions
from app.core.affinity.inspection import Inspection
from app.core.affinity.inspection_files import Sweep, write_all
from app.core.affinity.instances import missing
from app.core.affinity.left_out import left_out
from app.core.affinity.options import PseudoLabelOptions, check, unseen_ids
from app.core.affinity.queue_frames import QueueFrame, inner, queue_frame, words_of
from app.core.affinity.queue_view import QueueView, accuracy_of, table_of
from app.core.affinity.queue_walk import KEPT, Block, blocks, walk
from app.core.affinity.queues import queues
from app.core.errors import DataError, UsageError
from app.core.label_sets import NO_NAMES, numbered
from app.core.labels import LabelSet
from app.core.language.asking import as_progress, given_for
from app.core.methods.base import Given
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import ByteCache, Context, Source
from app.core.tasks.write_pseudo_labels import span_of

LANE = "background"

SHARES = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
"""Scales and β that are tried, as multiples of the chosen ones."""

MOST_SWEPT = 12_000
"""Instances of a queue up to which other scales and β are tried."""


@dataclass(frozen=True)
class WrittenInspection:
    """``frames`` looked at, the report in ``folder``; ``summary`` as in its summary.json; ``notes``, sentences on
    frames that are not in it."""

    folder: Path
    frames: int
    summary: Mapping[str, Any]
    notes: tuple[str, ...]
    seconds: float


@dataclass
class _Run:
    """What the steps share."""

    given: Given
    options: PseudoLabelOptions
    label_set: LabelSet
    words: Embeddings
    unseen: tuple[int, ...]
    frames: list[QueueFrame] = field(default_factory=list)
    lacking: dict[int, str] = field(default_factory=dict)
    cache: ByteCache = field(default_factory=lambda: ByteCache(KEPT))


def write_inspection(
    context: Context,
    *,
    source: Source,
    out: Path,
    options: PseudoLabelOptions,
    frames: tuple[int, int] | None = None,
) -> TaskEvents[WrittenInspection]:
    """Write the report on the labels of a sequence's frames, in the queues in which they are written.

    Crops that were read before are not read again, so a run that was cancelled goes on where it stopped.

    Parameters
    ----------
    source : the sequence
    out : a folder outside the recording
    options : how labels are made
    frames : first, and one more than the last; None: all

    Raises
    ------
    UsageError
        Options that make no sense or do not fit the recording, or no frame that has what it needs.
    DataError
        The CLIP cannot be used, or a file cannot be read or written.
    """
    started = time.perf_counter()
    check(options)
    if out.resolve().is_relative_to(source.path.resolve()):
        raise UsageError(f"{out} lies inside the recording, which is never written to; choose another folder.")
    span = span_of(frames, len(context.sequence(source)))
    run = yield from _prepared(context, source, options, span.start)
    total = 2 * len(span)
    for done, index in enumerate(span):
        yield from _read(run, index, (done, total))
    notes = left_out(run.lacking, "is not in the report", "are not in the report")
    if not run.frames:
        raise UsageError(notes[0])
    inspection = Inspection(dict(zip(run.words.ids.tolist(), run.words.names, strict=True)))
    for entry in run.label_set.classes:
        inspection.names.setdefault(entry.id, entry.name)
    sweep = Sweep()
    views: list[QueueView] = []
    for number, members in enumerate(queues([len(frame) for frame in run.frames], options.queue)):
        yield Progress(len(span), total, f"queue {number + 1}")
        part = tuple(run.frames[place] for place in members)
        if sum(map(len, part)):
            views.append(_refined(run, part))
            inspection.add(len(views) - 1, views[-1])
            yield from _swept(run, views[-1], sweep, (len(span), total))
    if not views:
        raise UsageError("No superpoint of these frames is seen by a camera, so there is nothing to report on.")
    about = _about(run, source, span)
    work = write_all(out, run.given, views, inspection, sweep, about, notes, run.label_set)
    yield from _told(work, (len(span), total))
    summary = {**about, **inspection.summary()}
    return WrittenInspection(out, len(run.frames), summary, notes, time.perf_counter() - started)


def _prepared(context: Context, source: Source, options: PseudoLabelOptions, index: int) -> TaskEvents[_Run]:
    label_set = context.sequence(source).label_set
    if label_set is None or label_set.name == numbered().name:
        raise UsageError(NO_NAMES)
    ids = unseen_ids(options, label_set)
    given = yield from given_for(context, source, index, ((METHOD, QueueOptions(options)),), (METHOD,))
    work = inner(given, options)
    words = yield from as_progress(words_of(context, options, ids, label_set))
    return _Run(work, options, label_set, words, ids)


def _read(run: _Run, index: int, at: tuple[int, int]) -> TaskEvents[None]:
    """The superpoints of one frame; one that has none is noted."""
    yield Progress(*at, f"frame {index}")
    try:
        there = run.given.at(index)
        why = missing(there, run.options)
        if why is None:
            steps = queue_frame(there, run.options, run.unseen, read=True)
            found = yield from _told(as_progress(steps), at, f"frame {index}, ")
            assert found is not None
            run.frames.append(found)
    except DataError as error:
        why = str(error)
    if why is not None:
        run.lacking[index] = why


def _told(work: TaskEvents[Any], at: tuple[int, int], before: str = "") -> TaskEvents[Any]:
    """Steps as progress over all of them."""
    try:
        while True:
            event = next(work)
            yield Progress(*at, before + event.text) if isinstance(event, Progress) else event
    except StopIteration as stop:
        return stop.value
    finally:
        work.close()


def _parts(frames: tuple[QueueFrame, ...]) -> list[Block]:
    return blocks([frame.feature for frame in frames], [frame.content for frame in frames])


def _refined(run: _Run, frames: tuple[QueueFrame, ...]) -> QueueView:
    """A queue after its walk; points of no frame are painted."""
    started = time.perf_counter()
    before = run.words.predictions(np.concatenate([frame.feature for frame in frames]))
    numbers = run.options.walk(run.words.logit_scale)
    after = before if numbers is None else walk(_parts(frames), before, numbers, run.cache)
    seconds = time.perf_counter() - started
    return QueueView(
        frames=frames,
        place=0,
        words=run.words,
        before=before,
        after=after,
        walk=numbers,
        labels=np.zeros((3, 0), np.uint8),
        touched=np.zeros(0, bool),
        ignore=run.label_set.ignore,
        options=QueueOptions(run.options),
        center=frames[0].index,
        lacking=(),
        notes=(),
        seconds=seconds,
        total_seconds=seconds,
    )


def _swept(run: _Run, view: QueueView, sweep: Sweep, at: tuple[int, int]) -> TaskEvents[None]:
    """Accuracy under other scales and other β: the same walks, since T depends on their product alone."""
    numbers = view.walk
    truth = table_of(view).truth
    if numbers is None or not (truth >= 0).any() or len(view.before) > MOST_SWEPT:
        return
    parts = _parts(view.frames)
    for share in SHARES:
        scale, beta = numbers.scale * share, numbers.beta * share
        yield Progress(*at, f"scale {scale:.3g}")
        after = walk(parts, view.before, replace(numbers, scale=scale), run.cache)
        found = accuracy_of(view, view.classes_of(after), truth)
        for name, value in (("scale", scale), ("beta", beta)):
            sweep.add(name, value, found.instances_right, found.instances)


def _about(run: _Run, source: Source, span: range) -> dict[str, Any]:
    """All that decides the numbers, as plain JSON values."""
    return folders.parameters(
        run.options,
        run.words,
        data=source.path,
        sequence=source.sequence,
        frames=span,
        label_set=run.label_set.name,
    )


ENTRY = write_inspection
