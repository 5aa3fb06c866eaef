"""One frame of the queue in view: its instances with their features, and who gets their labels."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from app.core.affinity.embeddings import Embeddings, embeddings
from app.core.affinity.instances import VISIBILITY, chosen, instances, stored_instances
from app.core.affinity.labels import guarded, truth_counts
from app.core.affinity.options import PseudoLabelOptions
from app.core.labels import LabelSet
from app.core.language import class_words
from app.core.language.feature_store import digest
from app.core.language.features import PointFeatures, Regions
from app.core.methods.base import Given, Steps, pinned
from app.core.tasks.context import Context


@dataclass(frozen=True, eq=False)
class QueueFrame:
    """A frame of N points with K instances.

    Attributes
    ----------
    index, name : of the frame; ``size`` N
    feature : (K, D) float16, unit length
    regions : crops, middles and superpoints of the instances
    row : (N,) int32 instance whose label a point gets, −1 none
    truth : (K, T) int32 points that get the label, by train id of their ground truth; T = 0 without any
    clip : identity of the CLIP that read the crops; ``origin`` in words
    world_from_sensor : (4, 4) float64, or None
    content : differs as soon as features do
    """

    index: int
    name: str
    size: int
    feature: np.ndarray
    regions: Regions
    row: np.ndarray
    truth: np.ndarray
    clip: str
    origin: str
    world_from_sensor: np.ndarray | None
    content: str

    def __len__(self) -> int:
        return len(self.feature)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, nearly."""
        return self.feature.nbytes + self.row.nbytes + self.truth.nbytes + 40 * len(self)

    @property
    def true_class(self) -> np.ndarray:
        """(K,) int16 train id of most of an instance's points; −1 where none carries ground truth."""
        found = np.full(len(self), -1, np.int16)
        if self.truth.shape[1]:
            known = self.truth.any(axis=1)
            found[known] = self.truth[known].argmax(axis=1)
        return found


def inner(given: Given, options: PseudoLabelOptions) -> Given:
    """What the methods work on that instances are made by, under the options of pseudo-labels: those of the layers
    of the same names stay as they are."""
    own = pinned(tuple(sorted(chosen(options).items())))
    return replace(given, options={**given.options, **own})


def queue_frame(
    given: Given, options: PseudoLabelOptions, unseen: tuple[int, ...], *, read: bool
) -> Steps[QueueFrame | None]:
    """The frame of ``given`` (:func:`inner`), from memory or from stored features.

    ``read``: where there are none, CLIP reads the crops; without it the answer is None. ``unseen``: train ids.
    """
    context = given.context
    key = _key(given, options, unseen)
    held: QueueFrame | None = context.cache.get(key)
    if held is not None:
        return held
    found: PointFeatures | None = yield from stored_instances(given, options, unseen)
    if found is None:
        if not read:
            return None
        found = yield from instances(given, options, unseen)
    frame = yield from _counted(given, options, found)
    context.cache.put(key, frame, frame.nbytes)
    return frame


def _counted(given: Given, options: PseudoLabelOptions, found: PointFeatures) -> Steps[QueueFrame]:
    visible = (yield from given.result(VISIBILITY)).visible if options.guard else None
    regions, frame = found.regions, given.frame
    assert regions is not None
    row = guarded(found.row, visible)
    truth = np.zeros((len(regions), 0), np.int32)
    if frame.labels is not None and given.label_set is not None:
        truth = truth_counts(frame.labels, row, len(regions), given.label_set)
    return QueueFrame(
        index=frame.index,
        name=frame.name,
        size=len(frame),
        feature=found.table,
        regions=regions,
        row=row,
        truth=truth,
        clip=found.clip,
        origin=found.origin,
        world_from_sensor=frame.world_from_sensor,
        content=digest(f"{found.clip} {np.ascontiguousarray(found.table).tobytes().hex()}"),
    )


def words_of(
    context: Context, options: PseudoLabelOptions, ids: tuple[int, ...], label_set: LabelSet
) -> Steps[Embeddings]:
    """EMB of the classes, kept in memory until words, sentences or CLIP are others."""
    words = class_words.of_label_set(label_set)
    key = (options.clip, options.device, options.templates, options.sharpness, ids, words)
    held: Embeddings | None = context.kept("label words", key)
    if held is None:
        held = yield from embeddings(context, options, ids, words)
        context.keep("label words", key, held)
    return held


def _key(given: Given, options: PseudoLabelOptions, unseen: tuple[int, ...]) -> Hashable:
    methods = tuple(given.options[name] for name in chosen(options))
    return ("queue frame", given.source, given.frame.index, options.setting, options.guard, unseen, methods)
