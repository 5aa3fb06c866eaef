"""From what is asked to vectors: words through CLIP's text tower, examples from points and boxes, their rivals."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from app.core import methods as method_folder
from app.core.errors import DataError, UsageError
from app.core.labels import LabelSet
from app.core.language import clips
from app.core.language.crops import cut
from app.core.language.features import PointFeatures
from app.core.language.queries import METHOD_OF, Prompt
from app.core.language.templates import stamp as sentences_of
from app.core.methods.base import Chosen, Given, Steps, pinned
from app.core.prediction.aside import aside
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source

if TYPE_CHECKING:
    from app.core.language.class_words import ClassWords
    from app.core.language.text_cache import TextCache
    from app.models.clip import ClipInfo, ClipModel

T = TypeVar("T")

_SMALL_WORDS = frozenset({"a", "an", "the", "of", "on", "in", "at", "with", "and", "or", "to"})

WITHOUT_VOCABULARY = "This CLIP has never read the negatives {}; the names of classes are the rivals instead."


@dataclass(frozen=True)
class Asked:
    """What is asked, as vectors of D numbers.

    Attributes
    ----------
    vectors : (P, D) float32, unit length
    negatives : (Q, D) float32, unit length; ``rivals`` their words
    allowed : (P, Q) bool, the negatives that count for each prompt
    example : (P,) bool, prompts that are a point or a box: their rival is what the frame shows on average
    scale : CLIP's logit scale
    notes : sentences about the words
    seconds : time that reading the words took
    """

    vectors: np.ndarray
    negatives: np.ndarray
    rivals: tuple[str, ...]
    allowed: np.ndarray
    example: np.ndarray
    scale: float
    notes: tuple[str, ...]
    seconds: float


def given_for(
    context: Context, source: Source, index: int, methods: Chosen, names: tuple[str, ...]
) -> TaskEvents[Given]:
    """What methods work on, for a task that draws nothing: a frame, and the options of methods as they are on the
    disk now, those of ``names`` prepared. ``DataError`` where the frame cannot be read."""
    options = pinned(methods)
    for name in names:
        method = method_folder.find(name)
        if name in options and not method.prepared(options[name]):
            yield from as_progress(method.prepare(options[name]))
    return Given(context, source, context.frame(source, index), context.sequence(source).label_set, options)


def as_progress(steps: Steps[T]) -> TaskEvents[T]:
    """The steps of a method as those of a task."""
    try:
        while True:
            yield Progress(*next(steps))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def features_of(given: Given, way: str) -> Steps[tuple[PointFeatures, ...]]:
    """What the methods of a way give for the frame, in their order."""
    found: list[PointFeatures] = []
    for name in METHOD_OF[way]:
        features: PointFeatures = yield from given.result(name)
        found.append(features)
    return tuple(found)


def texts_steps(model: ClipModel, texts: tuple[str, ...], templates: str) -> Steps[np.ndarray]:
    """(P, D) float32 unit vectors of words in the sentences of a template set, in a thread beside."""
    from app.core.language.prompts import text_features
    from app.models.threads import one_thread

    def read(_stop: object) -> np.ndarray:
        with one_thread(model.info.parameters < clips.SMALL):
            return text_features(model, texts, templates, _cache())

    return (yield from clips.waiting(aside(read), "read the words"))


def asked_steps(
    given: Given, model: ClipModel, prompts: tuple[Prompt, ...], negatives: tuple[str, ...], templates: str,
    methods: tuple[str, ...],
) -> Steps[Asked]:  # fmt: skip
    """Vectors of prompts and of what they are measured against.

    ``methods``: those that give the features of the query's way; examples are looked up in them. ``UsageError``
    for a prompt that says nothing, or an example of which nothing is known.
    """
    from app.core.language.prompts import check_prompt
    from app.core.language.prompts import notes as notes_on

    started = time.perf_counter()
    notes: list[str] = []
    words = []
    for prompt in prompts:
        if prompt.point is None and prompt.box is None:
            words.append(check_prompt(prompt.text))
            notes += notes_on(prompt.text, model)
    rivals, allowed, note = rivals_of(prompts, negatives, model.info, given.label_set)
    found = yield from _vectors(given, model, (*words, *rivals), templates)
    texts = iter(found[: len(words)])
    vectors = []
    for prompt in prompts:
        if prompt.point is not None:
            vectors.append((yield from _point(given, prompt.point, methods)))
        elif prompt.box is not None:
            vectors.append((yield from _box(given, prompt.box, model)))
        else:
            vectors.append(next(texts))
    return Asked(
        vectors=np.stack(vectors).astype(np.float32),
        negatives=found[len(words) :],
        rivals=rivals,
        allowed=allowed,
        example=np.array([prompt.point is not None or prompt.box is not None for prompt in prompts]),
        scale=float(model.info.logit_scale),
        notes=(*dict.fromkeys(notes), *([note] if note else [])),
        seconds=time.perf_counter() - started,
    )


def _vectors(given: Given, model: ClipModel, texts: tuple[str, ...], templates: str) -> Steps[np.ndarray]:
    """As :func:`texts_steps`; accumulated frames that ask the same one after the other have it read once."""
    key = (model.info.identity, texts, templates, sentences_of(templates))
    held: np.ndarray | None = given.context.kept("words", key)
    if held is None:
        held = yield from texts_steps(model, texts, templates)
        given.context.keep("words", key, held)
    return held


def rivals_of(
    prompts: tuple[Prompt, ...], negatives: tuple[str, ...], info: ClipInfo, label_set: LabelSet | None
) -> tuple[tuple[str, ...], np.ndarray, str]:
    """Words that relevancy is measured against, (P, Q) bool which count for which prompt, and a note or "".

    Those of the ``negatives`` that the CLIP can have read count for every prompt of words. Where it can have read
    none of them (the demo CLIP states its vocabulary), the names of the data set's classes take their place, for
    each prompt those that share no word with it, synonyms included.
    """
    texts = np.array([prompt.point is None and prompt.box is None for prompt in prompts], bool)
    known = tuple(word for word in negatives if _read(word, info))
    if known or not negatives:
        return known, np.repeat(texts[:, None], len(known), axis=1), ""
    classes = _classes(label_set, info)
    rivals = tuple(name for name, _ in classes)
    allowed = np.zeros((len(prompts), len(rivals)), bool)
    for place in np.flatnonzero(texts):
        asked = _words(prompts[place].text)
        allowed[place] = [not asked & own for _, own in classes]
    return rivals, allowed, WITHOUT_VOCABULARY.format(", ".join(negatives)) if texts.any() else ""


def _classes(label_set: LabelSet | None, info: ClipInfo) -> tuple[tuple[str, frozenset[str]], ...]:
    """Names of classes that the CLIP can have read, each with all words that mean it."""
    from app.core.label_sets import SEMANTIC_KITTI
    from app.core.language import class_words

    return _known_classes(class_words.of_label_set(label_set or SEMANTIC_KITTI), info)


@lru_cache(maxsize=8)
def _known_classes(words: ClassWords, info: ClipInfo) -> tuple[tuple[str, frozenset[str]], ...]:
    found = []
    for entry in words.words:
        known = [word for word in entry.synonyms if _read(word, info)]
        if known:
            own = frozenset[str]().union(*(_words(name) for name in (entry.name, *entry.synonyms)))
            found.append((known[0], own))
    return tuple(found)


def _read(text: str, info: ClipInfo) -> bool:
    from app.core.language.prompts import unknown_words

    return not unknown_words(text, info)


def _words(text: str) -> frozenset[str]:
    """Words that carry a meaning."""
    return frozenset(re.findall(r"[^\W_]+", text.casefold())) - _SMALL_WORDS


def _point(given: Given, at: tuple[int, int], methods: tuple[str, ...]) -> Steps[np.ndarray]:
    """The feature of a point, which may be of another frame."""
    index, row = at
    there = given.at(index)
    if not 0 <= row < len(there.frame):
        raise UsageError(f"Frame {index} has {len(there.frame)} points; there is no point {row} to compare with.")
    for name in methods:
        why = there.missing(name)
        if why is not None:
            raise UsageError(f"Frame {index} gives no feature to compare with: {why}")
        features: PointFeatures = yield from there.result(name)
        place = int(features.row[row])
        if place >= 0:
            return np.asarray(features.table[place], np.float32)
    raise UsageError(
        f"Nothing is known of point {row} of frame {index}: no picture shows it; pick a point that one does."
    )


def _box(given: Given, box: tuple[int, str, int, int, int, int], model: ClipModel) -> Steps[np.ndarray]:
    """CLIP's feature of a piece of a picture, kept while the query is typed on."""
    index, name, *edges = box
    key = ("example", given.source, box, model.info.identity)
    held: np.ndarray | None = given.context.cache.get(key)
    if held is not None:
        return held
    there = given.at(index)
    try:
        camera = there.frame.camera(name)
    except KeyError as error:
        raise UsageError(f"Frame {index}: {error.args[0]}.") from None
    image = _image(given.context, camera)
    piece = cut(image, np.array(edges, np.int32))
    found = yield from clips.waiting(aside(lambda _stop: model.encode_images([piece])), "look at the box")
    vector = np.asarray(found[0], np.float32)
    given.context.cache.put(key, vector, vector.nbytes)
    return vector


def _image(context: Context, camera: object) -> np.ndarray:
    try:
        return context.image(camera)  # type: ignore[arg-type]
    except DataError as error:
        raise UsageError(f"The box cannot be looked at: {error}") from None


def plain(prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    """The prompts without their colours: they decide no number."""
    return tuple(replace(prompt, color=(0, 0, 0)) for prompt in prompts)


_caches: dict[Path, TextCache] = {}


def _cache() -> TextCache:
    """One cache for as long as the program runs: what is typed again is in memory."""
    from app.core.language.text_cache import TextCache, text_folder

    return _caches.setdefault(text_folder(), TextCache())
