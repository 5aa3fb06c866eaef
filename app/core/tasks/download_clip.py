"""The weights of a CLIP that open_clip names, from where they are published; goes on where it was stopped."""

from __future__ import annotations

from app.core.errors import DataError, UsageError
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context
from app.models.clip.source import ClipSource

LANE = "background"
MEGABYTE = 1 << 20


def download_clip(context: Context, *, source: ClipSource) -> TaskEvents[ClipSource]:
    """Download ``source`` (a model and the tag of its weights), unless it is here; returns it.

    Cancelled, it keeps what has come, and goes on from there the next time.

    Raises
    ------
    UsageError
        It names no model that could be downloaded.
    DataError
        There is no such model, no connection, no room on the disk, or what came is broken; one sentence.
    """
    from app.models.clip import ClipError, fetch_clip

    if source.path is not None or not source.model:
        raise UsageError(f"{source.title} is a file of this machine; there is nothing to download.")
    yield Progress(0, 0, f"ask for {source.title}")
    try:
        for done, total, text in fetch_clip(source):
            yield Progress(done // MEGABYTE, -(-total // MEGABYTE), text)
    except ClipError as error:
        raise DataError(str(error)) from None
    return source


ENTRY = download_clip
