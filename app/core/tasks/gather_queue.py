"""Read the superpoints of a queue's frames with CLIP, so that its labels can be made at once afterwards.

What is stored is not read again, so a run that is cancelled goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.affinity.inspecting import METHOD, QueueOptions
from app.core.affinity.instances import missing
from app.core.affinity.options import check, unseen_ids
from app.core.affinity.queue_frames import inner, queue_frame
from app.core.errors import DataError, UsageError
from app.core.label_sets import NO_NAMES
from app.core.language.asking import given_for
from app.core.language.feature_store import FeatureStore
from app.core.methods.base import Given
from app.core.methods.pseudo_labels import center_of, nearest
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.context import Context, Source

LANE = "background"

NO_ROOM = "Nothing may be stored: raise 'Stored features' in the preferences, so that a queue can be gathered."


@dataclass(frozen=True)
class GatheredQueue:
    """``frames`` that have their features now, ``instances`` in them, and ``notes`` on those that have none."""

    frames: tuple[int, ...]
    instances: int
    notes: tuple[str, ...]


def gather_queue(
    context: Context, *, source: Source, index: int, options: QueueOptions
) -> TaskEvents[GatheredQueue]:
    """Features of frame ``index`` and of those around it, the nearest first, until the queue is full or its reach
    is; a ``Partial(Progress)`` a frame.

    Raises
    ------
    UsageError
        Options that make no sense, no class names, nothing may be stored, or the frame itself has no instances.
    DataError
        The CLIP cannot be used, or the frame cannot be read.
    """
    labels = options.labels
    check(labels)
    if not FeatureStore().limit:
        raise UsageError(NO_ROOM)
    given = yield from given_for(context, source, index, ((METHOD, options),), (METHOD,))
    if given.label_set is None:
        raise UsageError(NO_NAMES)
    ids = unseen_ids(labels, given.label_set)
    work = inner(given, labels)
    why = missing(work, labels)
    if why is not None:
        raise UsageError(f"Frame {index} has no superpoints to label: {why}")
    center = center_of(index, options)
    order = [center, *nearest(center, options, len(context.sequence(source)))]
    frames: list[int] = []
    notes: list[str] = []
    count = 0
    for done, number in enumerate(order):
        if count >= labels.queue:
            break
        yield Partial(Progress(done, len(order), f"frame {number}"))
        found, why = yield from _frame(work, number, options, ids, (done, len(order)))
        if why is not None:
            notes.append(f"Frame {number} has no superpoints: {why}")
            continue
        frames.append(number)
        count += found
    yield Partial(Progress(len(order), len(order), "done"))
    return GatheredQueue(tuple(sorted(frames)), count, tuple(notes))


def _frame(
    given: Given, index: int, options: QueueOptions, ids: tuple[int, ...], at: tuple[int, int]
) -> TaskEvents[tuple[int, str | None]]:
    """Instances of one frame, and why it has none."""
    yield Progress(*at, f"frame {index}")
    try:
        there = given.at(index)
        why = missing(there, options.labels)
        if why is not None:
            return 0, why
        steps = queue_frame(there, options.labels, ids, read=True)
    except DataError as error:
        return 0, str(error)
    try:
        while True:
            yield Progress(*at, f"frame {index}, {next(steps)[2]}")
    except StopIteration as stop:
        return len(stop.value), None
    except DataError as error:
        return 0, str(error)
    finally:
        steps.close()


ENTRY = gather_queue
