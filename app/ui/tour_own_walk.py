"""For the tour: the random walk written out once more, densely, in double precision, to hold the window against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.affinity.inspecting import METHOD, QueueOptions
from app.core.affinity.queue_view import QueueView
from app.core.affinity.seen_queue import queue_in_view
from app.core.session import Session
from app.core.tasks.context import Context, Source
from app.ui.tour_own_words import drained


@dataclass(frozen=True)
class OwnWalk:
    """Of n instances and C classes, in the order of the queue in view.

    ``weights`` T (n, n), ``before`` Y and ``after`` Y' (n, C), all float64; ``classes`` (C,) train ids.
    """

    weights: np.ndarray
    before: np.ndarray
    after: np.ndarray
    classes: np.ndarray

    def labels(self, *, refined: bool) -> np.ndarray:
        """(n,) train ids of the greatest shares."""
        shares = self.after if refined else self.before
        return np.asarray(self.classes[shares.argmax(axis=1)])


def own_walk(session: Session, source: Source) -> OwnWalk:
    """Equations 4 to 8 for the queue in view, from its features as they lie on the disk."""
    options = session.methods[METHOD]
    assert isinstance(options, QueueOptions)
    _given, view = drained(queue_in_view(Context(), source, session.index, options))
    return walk_of(view)


def walk_of(view: QueueView) -> OwnWalk:
    """W = softmax(scale · F Fᵀ), T = D⁻¹ W^β, Y' = T Y, as the paper writes them."""
    features = np.concatenate([frame.feature for frame in view.frames]).astype(np.float64)
    before = _softmax(view.options.labels.sharpness * features @ view.words.vectors.T.astype(np.float64))
    numbers = view.walk
    if numbers is None:
        return OwnWalk(np.eye(len(features)), before, before, view.words.ids)
    raised = _softmax(numbers.scale * features @ features.T) ** numbers.beta
    weights = raised / raised.sum(axis=1, keepdims=True)
    after = before
    for _walk in range(numbers.walks):
        after = weights @ after
    return OwnWalk(weights, before, after, view.words.ids)


def _softmax(values: np.ndarray) -> np.ndarray:
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
