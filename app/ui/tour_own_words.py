"""For the tour: what CLIP gives by itself, worked out here point by point, to hold the window against."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import numpy as np

from app.core.language import asking, clips
from app.core.language.crops import cut
from app.core.language.features import PointFeatures
from app.core.language.prompts import text_features
from app.core.language.queries import QueryState
from app.core.session import Session
from app.core.tasks.context import Context, Source

T = TypeVar("T")


def drained(steps: Generator[Any, None, T]) -> T:
    """The result of work that goes step by step, done here and now."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result


class OwnAnswer:
    """CLIP and the features of frames, apart from the window's engine."""

    def __init__(self, session: Session, source: Source) -> None:
        self._session, self._source = session, source
        self.context = Context()
        clip = session.language.clip
        assert clip is not None
        self.model: Any = drained(clips.loading(self.context, clips.stamped(clip)))

    def features(self, index: int) -> PointFeatures:
        """The region features of a frame."""
        chosen = tuple(sorted(self._session.methods.items(), key=lambda item: item[0]))
        names = ("superpoints", "visibility", "regions")
        given = drained(asking.given_for(self.context, self._source, index, chosen, names))
        found: PointFeatures = drained(given.result("regions"))
        return found

    def words(self, texts: tuple[str, ...]) -> np.ndarray:
        """(P, D) float32 vectors of words, in the query's sentences."""
        return text_features(self.model, texts, self._session.language.query.templates)

    def picture(self, index: int, camera: str, box: tuple[int, int, int, int]) -> np.ndarray:
        """(D,) float32 vector of a piece of a recorded picture, cut out here."""
        image = self.context.image(self.context.frame(self._source, index).camera(camera))
        return np.asarray(self.model.encode_images([cut(image, np.array(box))])[0], np.float32)

    def cosines(self, features: PointFeatures, vectors: np.ndarray) -> np.ndarray:
        """(N, P) float32 cosine of each point with each vector, NaN where nothing is known."""
        return features.of_points(features.table.astype(np.float32) @ vectors.T)

    def relevancy(self, features: PointFeatures, query: QueryState) -> np.ndarray:
        """(N, P) float32 LERF's relevancy of words: the least share against any negative that counts."""
        texts = tuple(prompt.text for prompt in query.asked)
        rivals, allowed, _note = asking.rivals_of(
            query.asked, query.negatives, self.model.info, self._session.label_set
        )
        cosine = self.cosines(features, self.words(texts))
        against = self.cosines(features, self.words(rivals))
        scale = self.model.info.logit_scale
        found = np.full_like(cosine, np.nan)
        for place in range(len(texts)):
            counted = against[:, allowed[place]]
            shares = 1 / (1 + np.exp(scale * (counted - cosine[:, place : place + 1])))
            found[:, place] = shares.min(axis=1) if counted.shape[1] else 1
        found[~features.known] = np.nan
        return found
