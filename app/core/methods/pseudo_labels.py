"""Pseudo-labels of the frame in view, live: its queue of adjacent frames is refined whenever an option changes.

Frames whose features are not there yet are left out and told of; the task ``gather_queue`` reads them. So a look at
a frame costs CLIP on its own crops at most, once, and afterwards a walk over the queue (equations 4 to 8).
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from app.core.affinity import corrections
from app.core.affinity.affinity import AffinityOptions
from app.core.affinity.inspecting import METHOD, QueueOptions, QueueReport
from app.core.affinity.instances import REGIONS, chosen, missing, without_picture, without_truth
from app.core.affinity.labels import point_labels, seen_truth
from app.core.affinity.left_out import left_out
from app.core.affinity.options import ANNOTATION_FREE, PseudoLabelOptions, check, unseen_ids
from app.core.affinity.queue_frames import QueueFrame, inner, queue_frame, words_of
from app.core.affinity.queue_view import QueueView, report_of
from app.core.affinity.queue_walk import KEPT, blocks, walk
from app.core.errors import DataError, UsageError
from app.core.label_sets import NO_NAMES, numbered
from app.core.labels import LabelSet
from app.core.language import clips
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.methods.regions import ENTRY as REGION_METHOD
from app.core.methods.regions import region_facts
from app.core.methods.visibility import ENTRY as VISIBILITY_METHOD
from app.core.prediction.aside import aside
from app.core.tasks.context import ByteCache, Context
from app.core.types import Frame

OFF = "Switch the labels on in the Pseudo-labels panel; without a window use the command 'inspect-labels'."
OTHER_CLIP = "The crops of frame {} were read by another CLIP than the words; choose one CLIP for both."


class PseudoLabels(Method[QueueOptions, QueueView]):
    """Instances × affinity × visibility, for the queue around a frame."""

    name: ClassVar[str] = METHOD
    title: ClassVar[str] = "Pseudo-labels"
    options_type = QueueOptions

    def pinned(self, options: QueueOptions) -> QueueOptions:
        """With the CLIP's files as they are now."""
        labels = options.labels
        return replace(options, labels=replace(labels, clip=clips.stamped(labels.clip)))

    def prepared(self, options: QueueOptions) -> bool:
        """Whether the CLIP has been looked at."""
        return clips.known(options.labels.clip)

    def prepare(self, options: QueueOptions) -> Steps[None]:
        """Look at the CLIP, which imports torch."""
        yield from clips.reading(options.labels.clip)

    def missing(self, frame: Frame, label_set: LabelSet | None, options: QueueOptions | None) -> str | None:
        """Needs named classes, a camera, a CLIP, and in the zero-shot setting ground truth."""
        if options is None:
            return OFF
        if label_set is None or label_set.name == numbered().name:
            return NO_NAMES
        try:
            check(options.labels)
            unseen_ids(options.labels, label_set)
        except UsageError as error:
            return str(error)
        return _frame_lacks(frame, options.labels)

    def steps(self, given: Given, options: QueueOptions) -> Steps[QueueView]:
        """Words, the queue's features, equation 4, the walk, and the labels of this frame's points."""
        started = time.perf_counter()
        labels, label_set, context = options.labels, given.label_set, given.context
        if label_set is None:
            raise ValueError("missing must have said None")
        yield 0, 0, self.title
        ids = unseen_ids(labels, label_set)
        words = yield from words_of(context, labels, ids, label_set)
        queue = yield from gathered(inner(given, labels), options, ids)
        for one in queue.frames:
            if one.clip != words.clip:
                raise UsageError(OTHER_CLIP.format(one.index))
        before = words.predictions(np.concatenate([one.feature for one in queue.frames]))
        asked = time.perf_counter()
        numbers = labels.walk(words.logit_scale)
        after = before
        if numbers is not None:
            after = yield from _refined(context, queue.frames, before, numbers)
        walked = time.perf_counter() - asked
        view = QueueView(
            frames=queue.frames,
            place=queue.place,
            words=words,
            before=before,
            after=after,
            walk=numbers,
            labels=np.zeros((3, len(given.frame)), np.uint8),
            touched=np.zeros(len(given.frame), bool),
            ignore=label_set.ignore,
            options=options,
            center=queue.center,
            lacking=queue.lacking,
            notes=queue.notes,
            seconds=walked,
            total_seconds=0.0,
        )
        painted, touched = _painted(given, view, label_set, ids)
        return replace(view, labels=painted, touched=touched, total_seconds=time.perf_counter() - started)

    def bytes(self, result: QueueView) -> int:
        """Shares and labels; frames are kept for themselves."""
        return result.nbytes

    def tell(self, result: QueueView, row: int) -> tuple[Fact, ...]:
        """The label before and after, by how much, and the crop."""
        own, rows = result.own, result.own_rows
        place = int(own.row[row])
        if place < 0:
            return (Fact("Pseudo-label", "none", "no kept superpoint that a camera sees", "pseudo_after"),)
        name = dict(zip(result.words.ids.tolist(), result.words.names, strict=True))
        facts = []
        for what, shares, layer in (
            ("before", result.before, "pseudo_before"),
            ("after", result.after, "pseudo_after"),
        ):
            own_shares = shares[rows.start + place]
            best = int(own_shares.argmax())
            line = f"{name[int(result.words.ids[best])]} ({own_shares[best]:.2f})"
            facts.append(Fact(f"Pseudo-label {what}", line, result.origin, layer))
        return (*facts, *region_facts(own.regions, place, own.origin))

    def report(self, result: QueueView, frame: Frame, label_set: LabelSet | None) -> QueueReport:
        """Accuracy, flips, and a line for each instance."""
        return report_of(result)

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """A tiny CLIP with random weights, no annotation."""
        clip = REGION_METHOD.example(folder)[REGIONS].clip  # type: ignore[attr-defined]
        labels = PseudoLabelOptions(clip, setting=ANNOTATION_FREE, templates="plain", device="cpu")
        return {self.name: QueueOptions(labels, before=1, after=1)}


@dataclass(frozen=True)
class Queue:
    """Frames of a queue: ``frames`` in order, ``place`` of the one in view, ``center`` index of the one it is
    gathered around, ``lacking`` indices of frames in reach whose features are not there, ``notes`` on those that
    can have none."""

    frames: tuple[QueueFrame, ...]
    place: int
    center: int
    lacking: tuple[int, ...]
    notes: tuple[str, ...]


def gathered(given: Given, options: QueueOptions, ids: tuple[int, ...]) -> Steps[Queue]:
    """The frame that the queue is about and those around it, the nearest first, until the queue is full (§3.4) or
    ``before`` and ``after`` are reached. But for the frame in view only what is stored is taken."""
    labels, index = options.labels, given.frame.index
    center = center_of(index, options)
    held: dict[int, QueueFrame] = {}
    lacking: list[int] = []
    reasons: dict[int, str] = {}
    reached = False
    for other in (center, *nearest(center, options, len(given.context.sequence(given.source)))):
        if sum(map(len, held.values())) >= labels.queue:
            break
        reached = reached or other == index
        yield 0, 0, f"superpoints of frame {other}"
        found, why = yield from _frame_of(given, other, labels, ids)
        if why is not None:
            reasons[other] = why
        elif found is None:
            lacking.append(other)
        else:
            held[other] = found
    if not reached:  # the queue is full before it comes to the frame in view
        return (yield from gathered(given, replace(options, anchor=None), ids))
    order = sorted(held)
    notes = left_out(reasons, "is not in the queue", "are not in the queue")
    frames = tuple(held[one] for one in order)
    return Queue(frames, order.index(index), center, tuple(sorted(lacking)), notes)


def _frame_of(
    given: Given, index: int, labels: PseudoLabelOptions, ids: tuple[int, ...]
) -> Steps[tuple[QueueFrame | None, str | None]]:
    """A frame of the queue; None where its features are not there, or with the reason why it can have none."""
    if index == given.frame.index:
        return (yield from queue_frame(given, labels, ids, read=True)), None
    try:
        there = given.at(index)
        why = missing(there, labels)
        return (None if why is not None else (yield from queue_frame(there, labels, ids, read=False))), why
    except DataError as error:
        return None, str(error)


def center_of(index: int, options: QueueOptions) -> int:
    """The frame that the queue of frame ``index`` is gathered around."""
    anchor = options.anchor
    inside = anchor is not None and anchor - options.before <= index <= anchor + options.after
    return anchor if anchor is not None and inside else index


def nearest(index: int, options: QueueOptions, length: int) -> Iterator[int]:
    """Frames around ``index``, the nearest first, of two as near the earlier."""
    for away in range(1, max(options.before, options.after) + 1):
        if away <= options.before and index - away >= 0:
            yield index - away
        if away <= options.after and index + away < length:
            yield index + away


def cosine_cache(context: Context) -> ByteCache:
    """Where cosines between frames are kept."""
    held: ByteCache | None = context.kept("cosines", METHOD)
    if held is None:
        held = ByteCache(KEPT)
        context.keep("cosines", METHOD, held)
    return held


def _frame_lacks(frame: Frame, labels: PseudoLabelOptions) -> str | None:
    """Why a frame has no instances, one sentence, or None."""
    own = chosen(labels)
    return (
        without_truth(frame, labels)
        or without_picture(frame)
        or REGION_METHOD.missing(frame, None, own[REGIONS])  # type: ignore[arg-type]
        or VISIBILITY_METHOD.missing(frame, None, labels.rule)
    )


def _refined(
    context: Context, frames: tuple[QueueFrame, ...], before: np.ndarray, numbers: AffinityOptions
) -> Steps[np.ndarray]:
    """The walk, in a thread beside."""
    parts = blocks([one.feature for one in frames], [one.content for one in frames])
    cache = cosine_cache(context)
    work = aside(lambda stop: walk(parts, before, numbers, cache, stop.is_set), alone=False)
    return (yield from clips.waiting(work, f"affinity of {len(before)} superpoints"))


def _painted(
    given: Given, view: QueueView, label_set: LabelSet, ids: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """(3, N) uint8 labels of points before, after and with what was said by hand; (N,) bool, said by hand."""
    frame, own = given.frame, view.own
    seen = None
    if view.options.labels.setting != ANNOTATION_FREE and frame.labels is not None:
        seen = seen_truth(frame.labels, label_set, ids)
    both = [point_labels(own.row, view.own_classes(refined=now), seen, label_set.ignore) for now in (False, True)]
    said, _problem = corrections.load(given.source.path, given.source.sequence)
    by_hand, touched = corrections.applied(both[1], said.of_frame(frame.name, len(frame)), label_set)
    return np.stack([*both, by_hand]), touched


ENTRY = PseudoLabels()
