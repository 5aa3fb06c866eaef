"""The data set's classes, found by nothing but their words: zero-shot segmentation."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from app.core.evaluation.confusion import confusion
from app.core.label_sets import numbered
from app.core.labels import UNKNOWN, LabelSet
from app.core.language import clips
from app.core.language.asking import features_of, texts_steps
from app.core.language.class_words import ClassWords, defaults
from app.core.language.comparing import check_same_clip
from app.core.language.queries import METHOD_OF, TEMPLATES, WAYS_OF_QUERIES
from app.core.language.zero_shot_result import ZeroShotReport, ZeroShotResult, classified, joined
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.methods.network_features import ENTRY as NETWORK
from app.core.methods.pixels import ENTRY as PIXELS
from app.core.methods.regions import ENTRY as REGIONS
from app.core.types import Frame
from app.models.clip.source import ClipSource

OFF = "Switch known classes on in the Known classes panel; without a window use the command 'classes'."
NO_NAMES = "No label map says what the classes are called; name one, or ask in words of your own."
NO_WORDS = "No class has any words to look for; give them some in the Query panel."


@dataclass(frozen=True)
class ZeroShotOptions:
    """Which classes, by which words, and how they are found.

    Attributes
    ----------
    clip : which CLIP reads the words; the features have to be made with the same
    words : the words of each class
    way : one of ``WAYS_OF_QUERIES``
    templates : name of a template set
    denoise : words whose best share of the softmax over all words, anywhere in the frame, is below this are found
        nowhere (MaskCLIP's prompt denoising); 0: off
    device : where the text tower runs
    """

    clip: ClipSource
    words: ClassWords
    way: str = "regions"
    templates: str = TEMPLATES
    denoise: float = 0.0
    device: str = "auto"


class ZeroShot(Method[ZeroShotOptions, ZeroShotResult]):
    """For each point the class one of whose words is most like it."""

    name: ClassVar[str] = "zero_shot"
    title: ClassVar[str] = "Known classes in words"
    options_type = ZeroShotOptions
    uses: ClassVar[tuple[str, ...]] = (REGIONS.name, PIXELS.name, NETWORK.name)
    alternatives: ClassVar[bool] = True

    def needs(self, options: ZeroShotOptions) -> tuple[str, ...]:
        """The methods of the way."""
        return METHOD_OF.get(options.way, ())

    def pinned(self, options: ZeroShotOptions) -> ZeroShotOptions:
        """With the CLIP's files as they are now."""
        return replace(options, clip=clips.stamped(options.clip))

    def prepared(self, options: ZeroShotOptions) -> bool:
        """Whether the CLIP has been looked at."""
        return clips.known(options.clip)

    def prepare(self, options: ZeroShotOptions) -> Steps[None]:
        """Look at the CLIP, which imports torch."""
        yield from clips.reading(options.clip)

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
        if options.way not in WAYS_OF_QUERIES:
            return f"There is no way '{options.way}'; there are: {', '.join(WAYS_OF_QUERIES)}."
        return clips.why_not(options.clip)

    def steps(self, given: Given, options: ZeroShotOptions) -> Steps[ZeroShotResult]:
        """Features, the words of all classes, and the greatest cosine."""
        yield 0, 0, self.title
        found = yield from features_of(given, options.way)
        started = time.perf_counter()
        model = yield from clips.loading(given.context, options.clip, options.device)
        for one in found:
            check_same_clip(one, model.info)
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

        regions = REGIONS.example(folder)[REGIONS.name]
        clip = regions.clip  # type: ignore[attr-defined]
        return {
            REGIONS.name: regions,
            PIXELS.name: PIXELS.example(folder)[PIXELS.name],
            NETWORK.name: NETWORK.example(folder)[NETWORK.name],
            self.name: ZeroShotOptions(clip, defaults(SEMANTIC_KITTI), templates="plain", device="cpu"),
        }


def _identity(clip: str, options: ZeroShotOptions) -> str:
    """Scores are added up as long as this stays the same."""
    said = repr((clip, options.words, options.way, options.templates, options.denoise))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


ENTRY = ZeroShot()
