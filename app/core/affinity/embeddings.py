"""EMB of the unseen classes (equations 2 and 3), and what CLIP says of instances (equation 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.core.affinity.options import PseudoLabelOptions
from app.core.errors import UsageError
from app.core.language import clips
from app.core.language.asking import texts_steps
from app.core.language.class_words import ClassWords
from app.core.language.comparing import softmax
from app.core.language.scoring import cosines
from app.core.methods.base import Steps
from app.core.tasks.context import Context


@dataclass(frozen=True)
class Embeddings:
    """One vector a class.

    ``ids`` (C,) uint8 train ids, ``names`` of them, ``words`` that each stands for; ``vectors`` (C, D) float32,
    unit length; ``clip`` identity of the CLIP that read them, ``logit_scale`` its own; ``sharpness`` of equation 4.
    """

    ids: np.ndarray
    names: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    vectors: np.ndarray
    clip: str
    logit_scale: float
    sharpness: float

    def predictions(self, features: np.ndarray) -> np.ndarray:
        """(K, C) float32 Y, equation 4: shares of the classes for (K, D) float16 unit features."""
        return softmax(cosines(features, self.vectors), self.sharpness)


def embeddings(
    context: Context, options: PseudoLabelOptions, ids: Sequence[int], words: ClassWords
) -> Steps[Embeddings]:
    """The mean over all sentences of a class, of all its words, at length one.

    ``UsageError`` where a class has no word; ``DataError`` where the CLIP cannot be used.
    """
    model = yield from clips.loading(context, options.clip, options.device)
    known = {entry.id: entry for entry in words.known_to(model.info.vocabulary).words}
    for number in ids:
        if number not in known or not known[number].synonyms:
            raise UsageError("A class has no words to look for; reset the words of classes, or give it one.")
    texts = tuple(dict.fromkeys(word for number in ids for word in known[number].synonyms))
    found = dict(zip(texts, (yield from texts_steps(model, texts, options.templates)), strict=True))
    mean = np.stack([np.mean([found[word] for word in known[number].synonyms], axis=0) for number in ids])
    return Embeddings(
        ids=np.array(ids, np.uint8),
        names=tuple(known[number].name for number in ids),
        words=tuple(known[number].synonyms for number in ids),
        vectors=(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)).astype(np.float32),
        clip=model.info.identity,
        logit_scale=float(model.info.logit_scale),
        sharpness=options.sharpness,
    )
