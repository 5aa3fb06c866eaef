"""Pseudo-labels for the frames of a sequence, as Affinity3D makes them, as files.

First the instances of every frame (crops, CLIP, equation 4), each frame kept in its sidecar; then, queue by queue,
the walk over their affinity, and labels. What is there already is not computed again, so a run that was cancelled
goes on where it stopped.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.core import methods as method_folder
from app.core.affinity import corrections as hands
from app.core.affinity import folder as folders
from app.core.affinity import sidecar as sidecars
from app.core.affinity.affinity import propagating
from app.core.affinity.corrections import Correction, Corrections
from app.core.affinity.embeddings import Embeddings, embeddings
from app.core.affinity.instances import NO_TRUTH, REGIONS, VISIBILITY, chosen, instances, missing
from app.core.affinity.labels import guarded, point_labels, seen_truth, truth_counts
from app.core.affinity.left_out import left_out
from app.core.affinity.options import ZERO_SHOT, PseudoLabelOptions, check, unseen_ids
from app.core.affinity.queues import queues
from app.core.affinity.report import Score
from app.core.affinity.sidecar import Sidecar
from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.geometry import superpoints, visibility
from app.core.label_sets import NO_NAMES, numbered
from app.core.labels import LabelSet
from app.core.language import class_words
from app.core.language.asking import as_progress
from app.core.language.feature_store import digest
from app.core.language.features import PointFeatures
from app.core.language.stored import fingerprint
from app.core.methods.base import Given, Steps, pinned
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.context import Context, Source

LANE = "background"


@dataclass(frozen=True)
class LabelledFrame:
    """Frame ``index`` has its files, with so many ``instances``."""

    index: int
    instances: int


@dataclass(frozen=True)
class WrittenPseudoLabels:
    """``frames`` labelled into ``folder``; ``computed``: whose crops were read now; ``report``: accuracy and flips
    (:meth:`app.core.affinity.report.Score.as_dict`); ``notes``, a sentence for frames that have no labels."""

    folder: Path
    frames: int
    computed: int
    report: Mapping[str, Any]
    notes: tuple[str, ...]
    seconds: float


def write_pseudo_labels(
    context: Context,
    *,
    source: Source,
    out: Path,
    options: PseudoLabelOptions,
    frames: tuple[int, int] | None = None,
    corrections: bool = False,
) -> TaskEvents[WrittenPseudoLabels]:
    """Write ``out/SETTING/sequences/NN`` (see :mod:`app.core.affinity.folder`), ``Partial(LabelledFrame)`` a frame.

    Parameters
    ----------
    source : the sequence
    out : a folder outside the recording
    options : the setting and the numbers of every step
    frames : first, and one more than the last; None: all
    corrections : put in what was said by hand of this recording (:mod:`app.core.affinity.corrections`)

    Raises
    ------
    UsageError
        Options that make no sense or do not fit the recording, no frame that has what it needs, or labels of
        other parameters in the folder.
    DataError
        The CLIP cannot be used, or a file cannot be read or written.
    """
    started = time.perf_counter()
    check(options)
    if out.resolve().is_relative_to(source.path.resolve()):
        raise UsageError(f"{out} lies inside the recording, which is never written to; choose another folder.")
    yield Progress(0, 0, "get ready")
    label_set = context.sequence(source).label_set
    if label_set is None or label_set.name == numbered().name:
        raise UsageError(NO_NAMES)
    ids = unseen_ids(options, label_set)
    span = span_of(frames, len(context.sequence(source)))
    held = pinned(tuple(sorted(chosen(options).items())))
    regions = method_folder.find(REGIONS)
    if not regions.prepared(held[REGIONS]):
        yield from as_progress(regions.prepare(held[REGIONS]))
    where = folders.folder_of(out, options.setting, source.sequence)
    run = _Run(context, source, label_set, options, ids, span, held, where, _said(source, wanted=corrections))
    why = run.why_nothing()
    if why is not None:
        raise UsageError(why)
    run.words = yield from as_progress(embeddings(context, options, ids, class_words.of_label_set(label_set)))
    about = folders.parameters(
        options,
        run.words,
        data=source.path,
        sequence=source.sequence,
        frames=span,
        label_set=label_set.name,
        corrections=corrections,
    )
    folders.begin(where, about)
    for done, index in enumerate(span):
        yield from _read(run, index, done)
    yield from _refine_all(run)
    report = {**run.score.as_dict(), **({"corrections": dict(run.corrected)} if corrections else {})}
    folders.write_report(where, {**report, "frames": len(run.contents), "notes": list(run.notes)})
    seconds = time.perf_counter() - started
    return WrittenPseudoLabels(where.root, len(run.contents), run.computed, report, run.notes, seconds)


@dataclass
class _Run:
    """What the steps of one run share; ``contents`` and ``counts`` of the frames that have instances' files;
    ``said`` by hand, and how often it was ``corrected``, by action."""

    context: Context
    source: Source
    label_set: LabelSet
    options: PseudoLabelOptions
    unseen: tuple[int, ...]
    span: range
    methods: Mapping[str, Hashable]
    folder: folders.Folder
    said: Corrections
    words: Embeddings | None = None
    contents: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    lacking: dict[int, str] = field(default_factory=dict)
    score: Score = field(default_factory=Score)
    computed: int = 0
    corrected: Counter[str] = field(default_factory=Counter)

    def given(self, index: int) -> Given:
        """What methods work on; ``DataError`` where the frame cannot be read."""
        frame = self.context.frame(self.source, index)
        return Given(self.context, self.source, frame, self.label_set, self.methods)

    def why_nothing(self) -> str | None:
        """Why no frame has instances: the first one's reason; None where one has what it needs."""
        if self.options.setting == ZERO_SHOT and not self.context.sequence(self.source).has_labels:
            return NO_TRUTH.format(f"No frame of {self.source.path} has")
        first: str | None = None
        for index in self.span:
            try:
                why = missing(self.given(index), self.options)
            except DataError as error:
                why = str(error)
            if why is None:
                return None
            first = first or why
        return first

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the frames without labels."""
        return left_out(self.lacking, "has no labels", "have no labels")


def _said(source: Source, *, wanted: bool) -> Corrections:
    """What was said by hand of the sequence; nothing where it is not wanted. ``DataError`` for a broken file."""
    if not wanted:
        return Corrections()
    found, problem = hands.load(source.path, source.sequence)
    if problem:
        raise DataError(problem)
    return found


def span_of(frames: tuple[int, int] | None, count: int) -> range:
    """Indices of the frames from the first to one before the last that is stated, of ``count``; None: all.

    ``UsageError`` where they are not in the sequence.
    """
    if frames is None:
        frames = (0, count)
    first, end = frames
    if not 0 <= first < end <= count:
        raise UsageError(
            f"The sequence has frames 0 to {count - 1}, so from 0:1 to 0:{count}; {first}:{end} was asked for."
        )
    return range(first, end)


def _read(run: _Run, index: int, done: int) -> TaskEvents[None]:
    """Instances of one frame into its sidecar, unless they are there; a frame that has none to give is noted."""
    total = 2 * len(run.span)
    yield Progress(done, total, f"frame {index}")
    found: Sidecar | None = None
    try:
        given = run.given(index)
        why = missing(given, run.options)
        if why is None:
            content = _content(given)
            path = run.folder.sidecar(given.frame.name)
            held = sidecars.header(path)
            if held is None or held.content != content:
                found = yield from _as_frame(_instances(run, given, content), done, total, index)
    except DataError as error:
        why = str(error)
    if why is not None:
        run.lacking[index] = why
        return
    if found is not None:
        sidecars.write(path, found)
        held = sidecars.Header(content, len(found), "")
        run.computed += 1
    assert held is not None
    run.contents[index], run.names[index], run.counts[index] = content, given.frame.name, held.instances
    run.sizes[index] = len(given.frame)


def _as_frame(steps: Steps[Sidecar], done: int, total: int, index: int) -> TaskEvents[Sidecar]:
    """The steps of one frame as progress over all of them."""
    try:
        while True:
            yield Progress(done, total, f"frame {index}, {next(steps)[2]}")
    except StopIteration as stop:
        found: Sidecar = stop.value
        return found
    finally:
        steps.close()


def _instances(run: _Run, given: Given, content: str) -> Steps[Sidecar]:
    """Crops, features, equation 4, and who gets the labels."""
    words, frame, options = run.words, given.frame, run.options
    assert words is not None
    found: PointFeatures = yield from instances(given, options, run.unseen)
    if found.clip != words.clip:
        raise UsageError("The crops were read by another CLIP than the words; run again.")
    visible = (yield from given.result(VISIBILITY)).visible if options.guard else None
    regions = found.regions
    assert regions is not None
    row = guarded(found.row, visible)
    no_truth = np.zeros((len(regions), 0), np.int32)
    truth = no_truth if frame.labels is None else truth_counts(frame.labels, row, len(regions), run.label_set)
    return Sidecar(
        content=content,
        row=row,
        feature=found.table,
        before=words.predictions(found.table),
        classes=words.ids,
        names=words.names,
        superpoint=regions.segment,
        camera=regions.camera,
        box=regions.box,
        center=regions.center,
        points=regions.points,
        truth=truth,
        cameras=regions.cameras,
        intrinsics=tuple(camera.intrinsics.tolist() for camera in frame.cameras),
        camera_from_sensor=tuple(camera.camera_from_sensor.tolist() for camera in frame.cameras),
        provenance={
            "clip": found.origin,
            "superpoints": superpoints.describe(options.grouping),
            "visibility": visibility.describe(options.rule),
            "frame": frame.name,
            "pictures": ", ".join(str(camera.image_path) for camera in frame.cameras),
        },
    )


def _refine_all(run: _Run) -> TaskEvents[None]:
    """The walk, queue by queue, and the labels that follow."""
    order = sorted(run.contents)
    size = run.options.queue if run.options.affinity else 1
    done = len(run.span)
    for number, places in enumerate(queues([run.counts[index] for index in order], size)):
        members = [order[place] for place in places]
        yield from _refine(run, number, members, done)
        done += len(members)


def _refine(run: _Run, number: int, members: list[int], done: int) -> TaskEvents[None]:
    """One queue: unless all its frames hold its result already, propagate, and write labels and sidecars."""
    total = 2 * len(run.span)
    paths = [run.folder.sidecar(run.names[index]) for index in members]
    by_hand = [run.said.of_frame(run.names[index], run.sizes[index]) for index in members]
    said = hands.content_digest(entry for entries in by_hand for entry in entries)
    content = digest(
        "\n".join([str(number), *(run.contents[index] for index in members), *([said] if said else [])])
    )
    complete = all(
        (head := sidecars.header(path)) is not None
        and head.queue_content == content
        and run.folder.label(run.names[index]).exists()
        for index, path in zip(members, paths, strict=True)
    )
    after = None
    if not complete:
        yield Progress(done, total, f"queue {number + 1}")
        after = yield from _propagated(run, paths, number, done)
    place = 0
    for offset, (index, path, entries) in enumerate(zip(members, paths, by_hand, strict=True)):
        yield Progress(done + offset, total, f"labels of frame {index}")
        found = sidecars.read(path)
        run.corrected.update(entry.action for entry in entries)
        if after is not None:
            provenance = hands.as_provenance(entries)
            found = found.refined(after[place : place + len(found)], number, place, content, provenance)
            _write_labels(run, index, found, entries)
            sidecars.write(path, found)  # after the labels: its digest says that they are there
        place += len(found)
        run.score.add(found)
        yield Partial(LabelledFrame(index, len(found)))


def _propagated(run: _Run, paths: list[Path], number: int, done: int) -> TaskEvents[np.ndarray]:
    """(n, C) float32 refined predictions of the instances of a queue, in order."""
    features, before = zip(*(sidecars.for_walk(path) for path in paths), strict=True)
    table, shares = np.concatenate(features), np.concatenate(before)
    assert run.words is not None
    walk = run.options.walk(run.words.logit_scale)
    if walk is None:
        return shares
    work = propagating(table, shares, walk)
    try:
        while True:
            tile, tiles = next(work)
            share = f"{100 * tile // tiles} %"
            yield Progress(done, 2 * len(run.span), f"queue {number + 1}, {len(table)} instances, {share}")
    except StopIteration as stop:
        after: np.ndarray = stop.value
        return after


def _write_labels(run: _Run, index: int, found: Sidecar, by_hand: tuple[Correction, ...]) -> None:
    seen = None
    if run.options.setting == ZERO_SHOT:
        raw = run.context.frame(run.source, index).labels
        assert raw is not None
        seen = seen_truth(raw, run.label_set, run.unseen)
    labels = point_labels(found.row, found.labels(), seen, run.label_set.ignore)
    labels, _touched = hands.applied(labels, by_hand, run.label_set)
    raw_ids = run.label_set.inverse[labels].astype("<u4")
    write_atomically(run.folder.label(run.names[index]), raw_ids.tobytes())


def _content(given: Given) -> str:
    """16 hex digits of what a frame's instances are computed from, beside the parameters."""
    labels = given.frame.labels
    truth = "" if labels is None else digest(np.ascontiguousarray(labels).tobytes().hex())
    return digest(f"{fingerprint(given.frame)}\n{truth}")


ENTRY = write_pseudo_labels
