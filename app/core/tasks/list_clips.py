"""The CLIPs that open_clip knows by name, to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.prediction.aside import aside
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context

PRIORITY = 0


@dataclass(frozen=True)
class NamedClip:
    """``model`` and ``pretrained`` as open_clip names them; ``licence`` of the weights, "" where none is stated."""

    model: str
    pretrained: str
    licence: str


def list_clips(context: Context) -> TaskEvents[tuple[NamedClip, ...]]:
    """All of them, in open_clip's order. Importing open_clip takes seconds: the work is done in a thread beside.

    Raises
    ------
    DataError
        open_clip cannot be used here; one sentence.
    """
    work = aside(lambda _stop: _listed())
    try:
        while True:
            try:
                next(work)
            except StopIteration as stop:
                found: tuple[NamedClip, ...] = stop.value
                return found
            yield Progress(0, 0, "look up the names that open_clip knows")
    finally:
        work.close()


def _listed() -> tuple[NamedClip, ...]:
    from app.core.errors import DataError
    from app.models.clip import pretrained
    from app.models.clip.errors import ClipError

    try:
        return tuple(NamedClip(model, tag, pretrained.licence(tag, model)) for model, tag in pretrained.listed())
    except ClipError as error:
        raise DataError(str(error)) from None


ENTRY = list_clips
