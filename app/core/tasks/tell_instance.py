"""Why a superpoint of the queue in view has its label."""

from __future__ import annotations

from app.core.affinity.inspecting import InstanceStory, QueueOptions
from app.core.affinity.seen_queue import queue_in_view
from app.core.affinity.stories import row_of_point
from app.core.affinity.telling import story_of
from app.core.errors import UsageError
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source

PRIORITY = 0


def tell_instance(
    context: Context,
    *,
    source: Source,
    index: int,
    options: QueueOptions,
    row: int | None = None,
    point: tuple[int, int] | None = None,
) -> TaskEvents[InstanceStory]:
    """The story of an instance of the queue of frame ``index``: its ``row``, or that of a ``point`` (frame, row
    there).

    Raises
    ------
    UsageError
        There is no such row, the point gets no label, or the frame has no labels at all.
    DataError
        A frame cannot be read.
    """
    yield Progress(0, 0, "look at a superpoint")
    given, view = yield from queue_in_view(context, source, index, options)
    if row is None:
        if point is None:
            raise UsageError("Name a superpoint or a point.")
        row = row_of_point(view, *point)
    if not 0 <= row < len(view.before):
        raise UsageError(f"The queue in view has {len(view.before)} superpoints; there is no number {row}.")
    return (yield from story_of(given, view, row))


ENTRY = tell_instance
