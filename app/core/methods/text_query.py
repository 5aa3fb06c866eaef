"""Where is what these words say? Words against the features of points, in CLIP's joint space."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from app.core.labels import LabelSet
from app.core.language import clips
from app.core.language.asking import Asked, asked_steps, features_of, plain
from app.core.language.comparing import Compared, compared, denoised, joined
from app.core.language.features import PointFeatures
from app.core.language.queries import (
    METHOD_OF,
    NEGATIVES,
    THRESHOLD,
    Prompt,
    QueryReport,
)
from app.core.language.query_result import QueryResult
from app.core.language.smoothing import smoothed_steps
from app.core.language.word_method import WordMethod, WordOptions, example_features, model_steps
from app.core.methods.base import Fact, Given, Steps
from app.core.methods.pixels import ENTRY as PIXELS
from app.core.types import Frame

EMPTY = "Type what to look for: the prompt is empty."
OFF = "Type what to look for in the Query panel, or name it with --text."


@dataclass(frozen=True)
class TextQueryOptions(WordOptions):
    """What is asked, and how the answer is found.

    Attributes
    ----------
    prompts : what is looked for, none of them empty
    active : place of the prompt whose scores the layers show
    negatives : what relevancy is measured against
    threshold : relevancy from which a point matches, None: ``THRESHOLD``
    smooth : pixels whose greatest share of the softmax over prompts and negatives is below this take over from
        pixels with like keys (MaskCLIP's key smoothing; way "pixels", pictures of the frame itself); 0: off
    """

    prompts: tuple[Prompt, ...]
    active: int = 0
    negatives: tuple[str, ...] = NEGATIVES
    threshold: float | None = None
    smooth: float = 0.0


class TextQuery(WordMethod[TextQueryOptions, QueryResult]):
    """Similarity, relevancy and winner of several prompts."""

    name: ClassVar[str] = "text_query"
    title: ClassVar[str] = "Text query"
    options_type = TextQueryOptions

    def missing(self, frame: Frame, label_set: LabelSet | None, options: TextQueryOptions | None) -> str | None:
        """Needs something to look for, and a CLIP that can be used."""
        if options is None:
            return OFF
        if not options.prompts or any(prompt.empty for prompt in options.prompts):
            return EMPTY
        return self.unusable(options)

    def steps(self, given: Given, options: TextQueryOptions) -> Steps[QueryResult]:
        """Features, words, and how alike they are; with a new threshold alone nothing is compared again."""
        yield 0, 0, self.title
        found = yield from features_of(given, options.way)
        started = time.perf_counter()
        rows = yield from _rows(given, options, found)
        return QueryResult(
            compared=rows.compared,
            prompts=options.prompts,
            active=min(max(options.active, 0), len(options.prompts) - 1),
            threshold=THRESHOLD if options.threshold is None else options.threshold,
            features=rows.features,
            asked=rows.asked,
            frame=given.frame.index,
            clip=f"{clips.title_of(options.clip)} ({rows.identity})",
            seconds=time.perf_counter() - started,
        )

    def bytes(self, result: QueryResult) -> int:
        """The scores; features are counted where they are kept."""
        return result.nbytes

    def tell(self, result: QueryResult, row: int) -> tuple[Fact, ...]:
        """Cosine and relevancy of each prompt, the negative that came closest, and the region they come from."""
        return result.tell(row)

    def report(self, result: QueryResult, frame: Frame, label_set: LabelSet | None) -> QueryReport:
        """How many points match each prompt, histograms and the best regions of the active one."""
        return result.report()

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """Two prompts for a tiny CLIP with random weights."""
        clip, features = example_features(folder)
        prompts = (Prompt("car"), Prompt("road", (79, 195, 247)))
        return {**features, self.name: TextQueryOptions(clip, prompts, device="cpu")}


@dataclass(frozen=True)
class _Rows:
    """What is worked out once for a question and a frame: thresholds and colours change nothing of it."""

    compared: Compared
    asked: Asked
    identity: str
    features: tuple[PointFeatures, ...]


def _rows(given: Given, options: TextQueryOptions, features: tuple[PointFeatures, ...]) -> Steps[_Rows]:
    question = replace(options, prompts=plain(options.prompts), active=0, threshold=None)
    key = (given.source, given.frame.index, question)
    held: _Rows | None = given.context.kept("query rows", key)
    if held is not None and all(a is b for a, b in zip(held.features, features, strict=True)):
        return held
    model = yield from model_steps(given, options, features)
    asked = yield from asked_steps(
        given, model, options.prompts, options.negatives, options.templates, METHOD_OF[options.way]
    )
    yield 0, 0, "compare words and points"
    found = joined([compared(one, asked) for one in features])
    if options.smooth > 0 and options.way == PIXELS.name:
        found = yield from smoothed_steps(given, model, features[0], asked, found, options.smooth)
    rows = _Rows(denoised(found, asked, options.denoise), asked, model.info.identity, features)
    given.context.keep("query rows", key, rows)
    return rows


ENTRY = TextQuery()
