"""Writing files so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from app.core.errors import DataError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """An open file beside ``path`` that is moved over it when the block ends well; missing folders are made.

    ``DataError`` where the disk refuses. Whatever ends the block early, the old file is untouched and nothing
    is left beside it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path} cannot be written ({reason}); choose another folder.") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def write_atomically(path: Path, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write ``path`` through :func:`replacing`.

    ``content`` is the bytes, or a function that writes them to an open file. ``DataError`` where the disk
    refuses.
    """
    with replacing(path) as file:
        if callable(content):
            content(file)
        else:
            file.write(content)


def lock(descriptor: int) -> bool:
    """Lock an open file for this process alone, without waiting; False where another holds it.

    The lock ends when the file is closed or the process ends, however it ends.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
