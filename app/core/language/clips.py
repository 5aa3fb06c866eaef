"""CLIP models in the engine: what is known of one before it is loaded, and one copy held for all who ask it.

Reading what a CLIP is imports torch and goes through its weights once, which takes seconds; so it happens in a
thread beside, and methods that need it are not prepared before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from app.core.errors import DataError
from app.core.methods.base import Steps
from app.core.prediction.aside import aside
from app.core.tasks.context import Context
from app.models.clip.source import BUILT_IN, ClipSource

if TYPE_CHECKING:
    from app.models.clip.info import ClipInfo
    from app.models.clip.model import ClipModel

T = TypeVar("T")

CHOOSE = "Choose a CLIP in the Query panel."
SMALL = 30_000_000
"""Parameters of a CLIP below which torch reads in one thread. A few sentences take as long as with all (2 ms); 128
crops took 0.5 s instead of 1.6 s on two busy cores, and a third of the processor time."""

KNOWN = 8
"""Descriptions that are kept."""

_held: OrderedDict[ClipSource, ClipInfo | str] = OrderedDict()


def stamped(source: ClipSource) -> ClipSource:
    """The source with what its files are at this moment, so that changed weights are seen as new. Cheap."""
    if source.path is None:
        return source
    try:
        inside = sorted(source.path.iterdir()) if source.path.is_dir() else [source.path]
        states = [file.stat() for file in inside if file.is_file()]
    except OSError:
        return replace(source, stamp="gone")
    newest = max((state.st_mtime_ns for state in states), default=0)
    return replace(source, stamp=f"{newest}-{sum(state.st_size for state in states)}")


def known(source: ClipSource) -> bool:
    """Whether :func:`info_of` answers at once."""
    held = _held.get(source)
    if held is None or isinstance(held, str) or source.path is not None:
        return held is not None
    return held.downloaded == _is_here(source)


def reading(source: ClipSource) -> Steps[None]:
    """Find out what a CLIP is, in a thread beside; afterwards it is :func:`known`."""
    yield from waiting(aside(lambda _stop: _describe(source)), f"read {source.title}")


def forget(source: ClipSource) -> None:
    """Look at a CLIP anew the next time: what was known of it no longer holds."""
    _held.pop(source, None)


def info_of(source: ClipSource) -> ClipInfo:
    """What is known of a CLIP; ``DataError`` with one sentence where it cannot be used."""
    found = _describe(source)
    if isinstance(found, str):
        raise DataError(found)
    return found


def why_not(source: ClipSource) -> str | None:
    """Why pictures and words cannot be compared by a CLIP now, one sentence, or None."""
    found = _describe(source)
    if isinstance(found, str):
        return found
    return (
        None if found.downloaded else f"{source.title} is not on this machine yet; download it in the CLIP dialog."
    )


def loading(context: Context, source: ClipSource, device: str = "auto") -> Steps[ClipModel]:
    """The loaded model, from the context where it is held; ``DataError`` where it cannot be loaded."""
    key = ("clip", source, device)
    model: ClipModel | None = context.held_model(key)
    if model is None:
        model = yield from waiting(aside(lambda stop: _load(source, device, stop.is_set)), f"load {source.title}")
        context.hold_model(key, model)
    return model


def waiting(work: Generator[None, None, T], text: str, done: int = 0, total: int = 0) -> Steps[T]:
    """Progress that stands still while work goes on beside; closing it gives the work up."""
    try:
        while True:
            next(work)
            yield done, total, text
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        work.close()


def title_of(source: ClipSource) -> str:
    """What the inspector calls it; the built-in one says what it knows."""
    return f"{source.title}, which knows the demo world only" if source.path == BUILT_IN else source.title


@contextmanager
def sentences() -> Iterator[None]:
    """What a CLIP cannot do becomes a ``DataError``, with its sentence."""
    from app.models.clip.errors import ClipError

    try:
        yield
    except ClipError as error:
        raise DataError(str(error)) from None


def _describe(source: ClipSource) -> ClipInfo | str:
    if not known(source):
        from app.models.clip.errors import ClipError
        from app.models.clip.load import describe_clip

        try:
            _held[source] = describe_clip(source)
        except ClipError as error:
            _held[source] = str(error)
        while len(_held) > KNOWN:
            _held.popitem(last=False)
    return _held[source]


def _is_here(source: ClipSource) -> bool:
    """Whether published weights are on this machine now: they come and go while the program runs."""
    from app.models.clip import pretrained

    return bool(pretrained.files(source.model, source.pretrained))


def _load(source: ClipSource, device: str, stopped: Callable[[], bool]) -> ClipModel:
    from app.models.clip.load import load_clip

    with sentences():
        return load_clip(source, device=device, stopped=stopped)
