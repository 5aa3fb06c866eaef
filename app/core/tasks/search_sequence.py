"""A query over all indexed frames of a sequence."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from app.core.errors import UsageError
from app.core.language import clips, scoring
from app.core.language.asking import Asked, as_progress, asked_steps, given_for
from app.core.language.indexing import find_index
from app.core.language.queries import ENSEMBLE, METHOD_OF, Hit, SearchResults
from app.core.language.sequence_index import SequenceIndex
from app.core.methods.base import Chosen, pinned
from app.core.methods.text_query import TextQueryOptions
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source

PRIORITY = 0
QUERY = "text_query"
TOP = 48
PER_FRAME = 3
"""Regions of one frame among the best of a prompt: neighbouring frames show the same things."""


def search_sequence(
    context: Context, *, source: Source, methods: Chosen, way: str | None = None, top: int = TOP
) -> TaskEvents[SearchResults]:
    """The best score of each prompt in each frame, and the best regions of all.

    Parameters
    ----------
    methods : those that are on, the query among them
    way : whose index is searched; None: the query's (the ensemble's is that of the pixels)
    top : regions told of each prompt

    Raises
    ------
    UsageError
        Nothing is asked, or its features cannot be had here.
    DataError
        The recording cannot be read, or the index is damaged.
    """
    yield Progress(0, 0, "open the index")
    options = pinned(methods).get(QUERY)
    if not isinstance(options, TextQueryOptions):
        raise UsageError("Type what to look for first, then search the sequence.")
    given = yield from given_for(context, source, 0, methods, (*METHOD_OF[options.way], QUERY))
    why = given.missing(QUERY)
    if why is not None:
        raise UsageError(f"The sequence cannot be searched: {why}")
    wanted = way or ("pixels" if options.way == ENSEMBLE else options.way)
    frames = len(context.sequence(source))
    prompts = tuple(prompt.title for prompt in options.prompts)
    model = yield from as_progress(clips.loading(context, options.clip, options.device))
    started = time.perf_counter()
    words = (options.prompts, options.negatives, options.templates, METHOD_OF[options.way])
    asked = yield from as_progress(asked_steps(given, model, *words))
    index = find_index(context, source, methods, wanted)
    if index is None:
        nothing = np.full((len(prompts), frames), np.nan, np.float32)
        return SearchResults(prompts, nothing, nothing, (), 0, time.perf_counter() - started, asked.notes)
    yield Progress(0, 0, "compare")
    scores, relevant, order = _compared(index, asked)
    best = np.stack([index.best_of_frames(column, frames) for column in scores.T])
    best_relevant = np.stack([index.best_of_frames(column, frames) for column in relevant.T])
    best_relevant[best_relevant < 0] = np.nan
    best[best <= -1] = np.nan
    hits = [hit for place in range(len(prompts)) for hit in _top(index, scores, relevant, order, place, top)]
    hits.sort(key=lambda hit: -hit.score)
    there = sum(number < frames for number in index.indexed)
    seconds = time.perf_counter() - started
    return SearchResults(prompts, best, best_relevant, tuple(hits), there, seconds, asked.notes)


def _compared(index: SequenceIndex, asked: Asked) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(M, P) float32 cosines, relevancy, and what regions are ranked by; rows that do not count: −1, −1, −inf."""
    prompts = len(asked.vectors)
    mean = [_mean(index)[None]] if asked.example.any() else []
    every = index.scores(np.concatenate([asked.vectors, asked.negatives, *mean]))
    scores = np.ascontiguousarray(every[:, :prompts])
    rival = scoring.rivals(every[:, prompts : prompts + len(asked.negatives)], asked.allowed)
    if mean:
        rival[:, asked.example] = every[:, -1:]
    relevant = scoring.relevancy(scores, rival, asked.scale)
    relevant[~index.live] = -1
    order = np.where(index.live[:, None], scores, -np.inf)
    return scores, relevant, order


def _mean(index: SequenceIndex) -> np.ndarray:
    """(D,) float32 unit mean of the regions: the rival of examples."""
    total = np.zeros(index.size, np.float32)
    live = index.live.astype(np.float32)
    for start in range(0, len(index), scoring.CHUNK):
        total += live[start : start + scoring.CHUNK] @ index.features[start : start + scoring.CHUNK].astype(
            np.float32
        )
    length = float(np.linalg.norm(total))
    return total / length if length > 0 else total


def _top(
    index: SequenceIndex, scores: np.ndarray, relevant: np.ndarray, order: np.ndarray, place: int, top: int
) -> list[Hit]:
    """The best regions of a prompt, at most ``PER_FRAME`` of one frame."""
    count = min(len(order), top * 16)
    if not count:
        return []
    rows = np.argpartition(-order[:, place], count - 1)[:count]
    rows = rows[np.argsort(-order[rows, place], kind="stable")]
    hits: list[Hit] = []
    seen: dict[int, int] = {}
    for row in rows:
        frame = int(index.frame[row])
        if not np.isfinite(order[row, place]) or seen.get(frame, 0) >= PER_FRAME:
            continue
        seen[frame] = seen.get(frame, 0) + 1
        found = _hit(index, int(row), place, float(scores[row, place]), float(relevant[row, place]))
        hits.append(found)
        if len(hits) == top:
            break
    return hits


def _hit(index: SequenceIndex, row: int, place: int, score: float, relevant: float) -> Hit:
    camera = int(index.camera[row])
    box: Any = tuple(int(edge) for edge in index.box[row])
    center: Any = tuple(float(value) for value in index.center[row])
    return Hit(
        frame=int(index.frame[row]),
        camera=index.cameras[camera] if 0 <= camera < len(index.cameras) else "",
        box=box,
        score=score,
        relevancy=relevant,
        center=center,
        segment=int(index.segment[row]),
        prompt=place,
        points=int(index.points[row]),
    )


ENTRY = search_sequence
