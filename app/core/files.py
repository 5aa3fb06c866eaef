"""Writing files so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from app.core.errors import DataError


def write_atomically(path: Path, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write beside ``path`` and move over it; missing folders are made.

    ``content`` is the bytes, or a function that writes them to an open file. ``DataError`` where the
    disk refuses; the old file is then untouched and nothing is left beside it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
        beside.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path} cannot be written ({reason}); choose another folder.") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
