"""The data set's classes, found by nothing but their words: zero-shot segmentation."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from app.core.evaluation.confusion import confusion
from app.core.label_sets import NO_NAMES, numbered
from app.core.labels import UNKNOWN, LabelSet
from app.core.language import clips
from app.core.language.asking import features_of, texts_steps
from app.core.language.class_words import ClassWords, defaults
from app.core.language.word_method import WordMethod, WordOptions, example_features, model_steps
from app.core.language.zero_shot_result import ZeroShotReport, ZeroShotResult, classified, joined
from app.core.methods.base import Fact, Given, Steps
from app.core.types import Frame

OFF = "Switch known classes on in the Known classes panel."
NO_WORDS = "No class has any words to look for; give them some in the Query panel."


@dataclass(frozen=True)
class ZeroShotOptions(WordOptions):
    """Which classes, by which words (``words``, those of each class), and how they are found."""

    words: ClassWords


class ZeroShot(WordMethod[ZeroShotOptions, ZeroShotResult]):
    """For each point the class one of whose words is most like it."""

    name: ClassVar[str] = "zero_shot"
    title: ClassVar[str] = "Known classes in words"
    options_type = ZeroShotOptions

    def missing(self, frame: Frame, label_set: LabelSet | None, options: ZeroShotOptions | None) -> str | None:
        """Needs a label set, words, and a CLIP that can be used."""
        if options is None:
            return OFF
        if label_set is None or label_set.name == numbered().name:
            return NO_NAMES
        if options.words.name != label_set.name:
            return f"The words are for the classes of {options.words.name}, this data set has {label_set.name}."
        if not options.words.asked:
            return NO_WORDS
        return self.unusable(options)

    def steps(self, given: Given, options: ZeroShotOptions) -> Steps[ZeroShotResult]:
        """Features, the words of all classes, and the greatest cosine."""
        yield 0, 0, self.title
        found = yield from features_of(given, options.way)
        started = time.perf_counter()
        model = yield from model_steps(given, options, found)
        words = options.words.known_to(model.info.vocabulary)
        texts = tuple(word for _, word in words.asked)
        vectors = yield from texts_steps(model, texts, options.templates)
        yield 0, 0, "compare words and points"
        scale = float(model.info.logit_scale)
        rows = joined([classified(one, vectors, words, scale, options.denoise) for one in found])
        return ZeroShotResult(
            rows=rows,
            words=words,
            features=found,
            templates=options.templates,
            clip=f"{clips.title_of(options.clip)} ({model.info.identity})",
            identity=_identity(model.info.identity, options),
            seconds=time.perf_counter() - started,
        )

    def bytes(self, result: ZeroShotResult) -> int:
        """The scores of all words."""
        return result.nbytes

    def tell(self, result: ZeroShotResult, row: int) -> tuple[Fact, ...]:
        """The class, the word that drove it, its runners-up, and where the feature comes from."""
        return result.tell(row)

    def report(self, result: ZeroShotResult, frame: Frame, label_set: LabelSet | None) -> ZeroShotReport:
        """Confusion with the frame's labels over the points of which something is known."""
        if label_set is None:
            raise ValueError("without a label set there is no result")
        count = max(entry.id for entry in label_set.classes) + 1
        names = tuple(label_set.class_name(i) for i in range(count))
        matrix, why = None, ""
        if frame.labels is None:
            why = "This frame has no labels."
        else:
            known = result.known
            truth = label_set.train_ids(frame.labels[known])
            truth[truth == UNKNOWN] = label_set.ignore
            matrix = confusion(result.classes[known], truth, count)
        return ZeroShotReport(
            confusion=matrix,
            why=why,
            classes=names,
            identity=result.identity,
            clip=result.clip,
            origin=result.origin,
            known=int(result.known.sum()),
            points=len(frame),
            drove=result.drove(),
            seconds=result.seconds,
        )

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """SemanticKITTI's classes for a tiny CLIP with random weights."""
        from app.core.label_sets import SEMANTIC_KITTI

        clip, features = example_features(folder)
        words = defaults(SEMANTIC_KITTI)
        return {**features, self.name: ZeroShotOptions(clip, words, templates="plain", device="cpu")}


def _identity(clip: str, options: ZeroShotOptions) -> str:
    """Scores are added up as long as this stays the same."""
    said = repr((clip, options.words, options.way, options.templates, options.sentences, options.denoise))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


ENTRY = ZeroShot()
