"""A window of the affinity matrix of the queue in view."""

from __future__ import annotations

from app.core.affinity.inspecting import MatrixPicture, QueueOptions
from app.core.affinity.matrix import picture
from app.core.affinity.seen_queue import queue_in_view
from app.core.language.clips import waiting
from app.core.prediction.aside import aside
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source

PRIORITY = 1


def affinity_matrix(
    context: Context,
    *,
    source: Source,
    index: int,
    options: QueueOptions,
    order: str = "class",
    window: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
) -> TaskEvents[MatrixPicture]:
    """T of the queue of frame ``index``, in an order; ``window``: places of it, None: all;
    ``columns``: of those who give, None: the same.

    Raises
    ------
    UsageError
        There is no such order or window, or the frame has no labels.
    DataError
        The frame cannot be read.
    """
    _given, view = yield from queue_in_view(context, source, index, options)
    work = aside(lambda stop: picture(view, order, window, columns, stop.is_set), alone=False)
    steps = waiting(work, "affinity matrix")
    try:
        while True:
            yield Progress(*next(steps))
    except StopIteration as stop:
        found: MatrixPicture = stop.value
        return found
    finally:
        steps.close()


ENTRY = affinity_matrix
