"""Language features of all frames of a sequence, stored and packed into the index that is searched.

What is there already is not computed again, so a cancelled or killed indexing goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from app.core import methods as method_folder
from app.core.errors import DataError, UsageError
from app.core.language.feature_store import FeatureStore
from app.core.language.features import PointFeatures, Regions
from app.core.language.indexing import METHOD_OF, content_of, index_key, index_rows
from app.core.language.sequence_index import IndexWriter, writing
from app.core.methods.base import Chosen, Given, Steps, pinned
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.context import Context, Source

LANE = "background"

TOLD = 3
"""Frames without features that are named, and reasons for it."""


@dataclass(frozen=True)
class IndexedFrame:
    """Frame ``index`` is in the index now, with so many ``regions``."""

    index: int
    regions: int


@dataclass(frozen=True)
class IndexedSequence:
    """``frames`` that are indexed, ``regions`` in them, ``computed`` frames that were not there before, and
    ``notes``, a sentence for each reason why frames have no features."""

    frames: int
    regions: int
    computed: int
    notes: tuple[str, ...]


def index_sequence(
    context: Context, *, source: Source, way: str, methods: Chosen, first: int = 0
) -> TaskEvents[IndexedSequence]:
    """Index every frame, from frame ``first`` on and then those before it; a ``Partial(IndexedFrame)`` a frame.

    Parameters
    ----------
    source : the sequence
    way : "regions", "pixels" or "network"
    methods : those that are switched on; the way's own among them
    first : where to begin: near what the user looks at

    Raises
    ------
    UsageError
        There is no such way, its method is not switched on, no frame has what it needs, the index does not fit the
        size that the settings allow, or another program is indexing the sequence.
    DataError
        The CLIP or network cannot be used, or the index cannot be written.
    """
    if way not in METHOD_OF:
        raise UsageError(f"There is no way '{way}'; there are: {', '.join(METHOD_OF)}.")
    if not FeatureStore().limit:
        raise UsageError(
            "Nothing may be stored: raise 'Stored features' in the preferences, so that there is room."
        )
    yield Progress(0, 0, "get ready")
    options = pinned(methods)
    yield from _prepare(METHOD_OF[way], options)
    count = len(context.sequence(source))
    order = [*range(first, count), *range(min(first, count))]
    run = _Run(context, source, way, options)
    start, why = _first_usable(run, order)
    if start is None:
        raise UsageError(why)
    with writing(index_key(start, way), tuple(camera.name for camera in start.frame.cameras)) as writer:
        for done, index in enumerate(order):
            yield Progress(done, count, f"frame {index}")
            yield from _indexed(run, writer, index, (done, count))
    return IndexedSequence(len(run.regions), sum(run.regions.values()), run.computed, _notes(run.lacking))


class _Run:
    """What the steps of one indexing share."""

    def __init__(self, context: Context, source: Source, way: str, options: Mapping[str, Hashable]) -> None:
        self.context, self.source, self.way, self.options = context, source, way, options
        self.regions: dict[int, int] = {}
        self.lacking: dict[int, str] = {}
        self.computed = 0

    def given(self, index: int) -> Given:
        """What methods work on; ``DataError`` where the frame cannot be read."""
        label_set = self.context.sequence(self.source).label_set
        return Given(self.context, self.source, self.context.frame(self.source, index), label_set, self.options)


def _prepare(name: str, options: Mapping[str, Hashable]) -> TaskEvents[None]:
    method = method_folder.find(name)
    if name not in options:
        raise UsageError(f"The method '{name}' is not switched on, so there are no features to index.")
    for needed in (*method.needs(options[name]), name):
        if needed in options and not method_folder.find(needed).prepared(options[needed]):
            for done, total, text in method_folder.find(needed).prepare(options[needed]):
                yield Progress(done, total, text)


def _first_usable(run: _Run, order: list[int]) -> tuple[Given | None, str]:
    """The first frame that has what the way needs, or None and why the first one has it not."""
    why = "The sequence has no frames."
    for index in order:
        try:
            given = run.given(index)
            found = given.missing(METHOD_OF[run.way])
        except DataError as error:
            found = str(error)
        if found is None:
            return given, ""
        why = found if index == order[0] else why
    return None, why


def _indexed(run: _Run, writer: IndexWriter, index: int, at: tuple[int, int]) -> TaskEvents[None]:
    """Put one frame into the index unless it is there; one that has no features is noted."""
    try:
        given = run.given(index)
        why = given.missing(METHOD_OF[run.way])
        content = content_of(given, run.way)
        new = (
            None if why is not None or writer.indexed.get(index) == content else (yield from _rows(run, given, at))
        )
    except DataError as error:
        why = str(error)
    if why is not None:
        run.lacking[index] = why
        return
    if new is not None:
        _make_room(writer, len(new[0]))
        writer.add(index, content, *new)
        run.computed += 1
    run.regions[index] = writer.counts[index]
    yield Partial(IndexedFrame(index, writer.counts[index]))


def _rows(run: _Run, given: Given, at: tuple[int, int]) -> TaskEvents[tuple[np.ndarray, Regions]]:
    """Features of one frame's regions, the steps of its methods as progress."""
    steps = _features_and_rows(given, run.way)
    try:
        while True:
            text = next(steps)[2]
            yield Progress(*at, f"frame {given.frame.index}, {text}")
    except StopIteration as stop:
        found: tuple[np.ndarray, Regions] = stop.value
        return found
    finally:
        steps.close()


def _features_and_rows(given: Given, way: str) -> Steps[tuple[np.ndarray, Regions]]:
    features: PointFeatures = yield from given.result(METHOD_OF[way])
    return (yield from index_rows(given, way, features))


def _make_room(writer: IndexWriter, regions: int) -> None:
    """Let go of stored frames that were not used for longest; ``UsageError`` where the index alone is too large."""
    store = FeatureStore()
    size = regions * writer.row_bytes
    if writer.bytes + size > store.limit:
        raise UsageError(
            f"The index of the sequence takes more than the {store.limit >> 20} MB that may be stored; raise "
            "'Stored features' in the preferences and index again: what is there is kept."
        )
    store.make_room(size)


def _notes(lacking: Mapping[int, str]) -> tuple[str, ...]:
    """A sentence for each reason why frames have no features, with the first of them."""
    frames: dict[str, list[int]] = {}
    for index, why in sorted(lacking.items()):
        frames.setdefault(why, []).append(index)
    named = [f"{_listed(found)} no features: {why}" for why, found in list(frames.items())[:TOLD]]
    more = len(frames) - len(named)
    return (*named, *([f"Frames without features for {more} more reasons are not named."] if more > 0 else []))


def _listed(frames: list[int]) -> str:
    """One frame, or the first few and how many more, with the verb."""
    if len(frames) == 1:
        return f"Frame {frames[0]} has"
    more = f" and {len(frames) - TOLD} more" if len(frames) > TOLD else ""
    return f"Frames {', '.join(map(str, frames[:TOLD]))}{more} have"


ENTRY = index_sequence
