"""The refined queue around a frame, for tasks that tell of it: from memory where it was made lately."""

from __future__ import annotations

from app.core.affinity.inspecting import METHOD, QueueOptions
from app.core.affinity.queue_view import QueueView
from app.core.errors import UsageError
from app.core.language.asking import as_progress, given_for
from app.core.methods.base import Given
from app.core.tasks.base import TaskEvents
from app.core.tasks.context import Context, Source


def queue_in_view(
    context: Context, source: Source, index: int, options: QueueOptions
) -> TaskEvents[tuple[Given, QueueView]]:
    """What the method ``pseudo_labels`` makes of frame ``index``, and what it worked on.

    ``UsageError`` with the reason where it makes nothing; ``DataError`` where the frame cannot be read.
    """
    given = yield from given_for(context, source, index, ((METHOD, options),), (METHOD,))
    why = given.missing(METHOD)
    if why is not None:
        raise UsageError(why)
    view: QueueView = yield from as_progress(given.result(METHOD))
    return given, view
