"""The answer to a query on one frame, told and written to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core import layers as layer_folder
from app.core.errors import UsageError
from app.core.language.asking import given_for
from app.core.language.queries import LAYER_OF, Hit, QueryReport
from app.core.language.query_files import check_suffix, write_answer
from app.core.language.query_result import QueryResult
from app.core.layers.base import MethodLayer
from app.core.methods.base import Chosen
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.cloud_layers import result_steps
from app.core.tasks.context import Context, Source

QUERY = "text_query"


@dataclass(frozen=True)
class Answered:
    """``path`` that was written, None without one; the ``report`` of the query; the best regions of each prompt."""

    path: Path | None
    report: QueryReport
    hits: tuple[tuple[Hit, ...], ...]


def export_query(
    context: Context,
    *,
    source: Source,
    index: int,
    methods: Chosen,
    out: Path | None = None,
    mode: str = "winner",
    hits: int = 5,
) -> TaskEvents[Answered]:
    """Ask the query among ``methods`` on a frame; with ``out`` its scores are written there.

    ``mode``: one of ``MODES``, what colours a PLY; ``hits``: regions told of each prompt.

    Raises
    ------
    UsageError
        A suffix that is not there, nothing is asked, or the frame gives no features.
    DataError
        The frame cannot be read, a method cannot work, or the file cannot be written.
    """
    if out is not None:
        check_suffix(out)
    names = tuple(name for name, _ in methods)
    given = yield from given_for(context, source, index, methods, names)
    why = given.missing(QUERY)
    if why is not None:
        raise UsageError(f"The query cannot be answered for frame {index}: {why}")
    result: QueryResult = yield from result_steps(given, QUERY)
    if out is not None:
        yield Progress(0, 0, f"write {out.name}")
        shown = layer_folder.find(LAYER_OF[mode])
        if not isinstance(shown, MethodLayer):
            raise TypeError(f"layer '{shown.name}' shows no method")
        write_answer(out, given.frame.points, result, shown.view(result, given.frame, given.label_set))
    best = tuple(result.hits(place, hits) for place in range(len(result.prompts)))
    return Answered(out, result.report(), best)


ENTRY = export_query
