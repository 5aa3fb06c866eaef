"""What methods know of one point, from results that are in memory."""

from __future__ import annotations

from app.core import methods as method_folder
from app.core.errors import UsageError
from app.core.methods.base import Chosen, Fact, Given, pinned
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source

PRIORITY = 0


def tell_point(
    context: Context, *, source: Source, index: int, row: int, methods: Chosen = ()
) -> TaskEvents[tuple[Fact, ...]]:
    """Facts about the point in ``row`` of frame ``index``. Nothing is computed for it: a method that has not worked
    on the frame, or whose result is no longer in memory, says nothing.

    Raises
    ------
    UsageError
        There is no such point.
    DataError
        The frame cannot be read.
    """
    yield Progress(0, 0, "look at a point")
    frame = context.frame(source, index)
    if not 0 <= row < len(frame):
        raise UsageError(f"Frame {index} has {len(frame)} points; there is no point {row}.")
    given = Given(context, source, frame, context.sequence(source).label_set, pinned(methods))
    facts: list[Fact] = []
    for name in given.options:
        result = given.held(name)
        if result is not None:
            facts += method_folder.find(name).tell(result, row)
    return tuple(facts)


ENTRY = tell_point
