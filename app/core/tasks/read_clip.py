"""What a CLIP says about itself, read without building its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.language import clips
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context
from app.models.clip.source import ClipSource

if TYPE_CHECKING:
    from app.models.clip import ClipInfo

PRIORITY = 0


def read_clip(context: Context, *, source: ClipSource) -> TaskEvents[ClipInfo]:
    """Facts of a CLIP: size, resolution, licence, the words it knows, whether its weights are here.

    Raises
    ------
    DataError
        It is not there, broken, or of an unknown kind; one sentence.
    """
    now = clips.stamped(source)
    for done, total, text in clips.reading(now):
        yield Progress(done, total, text)
    info = clips.info_of(now)
    if not info.downloaded:
        clips.forget(now)  # they may be the next time
    return info


ENTRY = read_clip
