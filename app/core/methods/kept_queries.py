"""Queries that are kept: each is asked on every frame, as a layer of its own or as one of "My classes"."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from app.core.labels import ClassInfo, LabelSet
from app.core.language import scoring
from app.core.language.queries import KEPT_CLASSES, KEPT_PREFIX, Color, Prompt
from app.core.language.query_result import ELSE_COLOR, UNKNOWN_COLOR, QueryResult
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.methods.text_query import ENTRY as QUERY
from app.core.methods.text_query import TextQueryOptions
from app.core.types import Frame

OFF = "Keep a query in the Query panel first."


@dataclass(frozen=True)
class Kept:
    """A query of one prompt under a ``name``; ``as_class``: one of "My classes", else a layer of its own."""

    name: str
    color: Color
    as_class: bool
    query: TextQueryOptions


@dataclass(frozen=True)
class KeptOptions:
    """What is kept, oldest first."""

    kept: tuple[Kept, ...]


@dataclass(frozen=True)
class KeptResult:
    """The answer to each kept query on one frame, in their order."""

    kept: tuple[Kept, ...]
    answers: tuple[QueryResult, ...]

    def answer(self, name: str) -> QueryResult | None:
        """The answer to the kept query of that name."""
        return next((a for k, a in zip(self.kept, self.answers, strict=True) if k.name == name), None)

    @property
    def classes(self) -> tuple[np.ndarray, LabelSet]:
        """(N,) uint8 kept class that each point matches with the greatest relevancy, and the classes.

        0 nothing is known, 1 … in their order, then none of them.
        """
        pairs = [(k, a) for k, a in zip(self.kept, self.answers, strict=True) if k.as_class]
        entries = [ClassInfo(scoring.UNKNOWN_ID, "nothing known", UNKNOWN_COLOR, (scoring.UNKNOWN_ID,))]
        entries += [ClassInfo(i, k.name, k.color, (i,)) for i, (k, _) in enumerate(pairs, start=1)]
        last = len(pairs) + 1
        entries.append(ClassInfo(last, "something else", ELSE_COLOR, (last,)))
        label_set = LabelSet(name="my classes", classes=tuple(entries))
        count = len(self.answers[0].compared.row)
        best, values = np.zeros(count, np.float32), np.zeros(count, np.uint8)
        for number, (_, answer) in enumerate(pairs, start=1):
            relevancy = answer.of_prompt(answer.compared.relevancy, 0)
            values[np.isfinite(relevancy) & (values == 0)] = last
            better = (relevancy >= answer.threshold) & (relevancy > best)
            values[better], best[better] = number, relevancy[better]
        return values, label_set


class KeptQueries(Method[KeptOptions, KeptResult]):
    """Kept queries, asked as they were when they were kept."""

    name: ClassVar[str] = "kept_queries"
    title: ClassVar[str] = "Kept queries"
    options_type = KeptOptions
    uses: ClassVar[tuple[str, ...]] = QUERY.uses
    alternatives: ClassVar[bool] = True

    def needs(self, options: KeptOptions) -> tuple[str, ...]:
        """The methods of all their ways."""
        return tuple(dict.fromkeys(name for kept in options.kept for name in QUERY.needs(kept.query)))

    def pinned(self, options: KeptOptions) -> KeptOptions:
        """With the files of their CLIPs as they are now."""
        return KeptOptions(tuple(replace(kept, query=QUERY.pinned(kept.query)) for kept in options.kept))

    def prepared(self, options: KeptOptions) -> bool:
        """Whether their CLIPs have been looked at."""
        return all(QUERY.prepared(kept.query) for kept in options.kept)

    def prepare(self, options: KeptOptions) -> Steps[None]:
        """Look at their CLIPs, which imports torch."""
        for kept in options.kept:
            if not QUERY.prepared(kept.query):
                yield from QUERY.prepare(kept.query)

    def own_layers(self, options: KeptOptions) -> tuple[str, ...]:
        """A layer for each query that is not one of the classes."""
        return tuple(layer_of(kept) for kept in options.kept if not kept.as_class)

    def missing(self, frame: Frame, label_set: LabelSet | None, options: KeptOptions | None) -> str | None:
        """Needs kept queries, and their CLIPs."""
        if options is None or not options.kept:
            return OFF
        for kept in options.kept:
            why = QUERY.missing(frame, label_set, kept.query)
            if why is not None:
                return f"“{kept.name}”: {why}"
        return None

    def steps(self, given: Given, options: KeptOptions) -> Steps[KeptResult]:
        """One query after the other."""
        answers = []
        for done, kept in enumerate(options.kept):
            yield done, len(options.kept), f"look for “{kept.name}”"
            answer = yield from QUERY.steps(given, kept.query)
            answers.append(answer)
        return KeptResult(options.kept, tuple(answers))

    def bytes(self, result: KeptResult) -> int:
        """The scores of all of them."""
        return sum(answer.nbytes for answer in result.answers) + 1

    def tell(self, result: KeptResult, row: int) -> tuple[Fact, ...]:
        """Whether the point matches, and by how much."""
        facts = []
        for kept, answer in zip(result.kept, result.answers, strict=True):
            first = answer.tell(row)[0]
            facts.append(Fact(kept.name, first.value, first.origin, layer_of(kept) if kept.as_class else ""))
        return tuple(facts)

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """One layer and two classes for a tiny CLIP with random weights."""
        others = dict(QUERY.example(folder))
        query = others.pop(QUERY.name)
        if not isinstance(query, TextQueryOptions):
            raise TypeError("the example of text_query has other options")
        one = replace(query, prompts=(Prompt("car"),))
        two = replace(query, prompts=(Prompt("road"),), threshold=0.2)
        red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
        kept = (Kept("cars", red, False, one), Kept("a", green, True, one), Kept("b", blue, True, two))
        return {**others, self.name: KeptOptions(kept)}


def layer_of(kept: Kept) -> str:
    """Name of the layer that shows a kept query."""
    return KEPT_CLASSES if kept.as_class else f"{KEPT_PREFIX}{kept.name}"


ENTRY = KeptQueries()
