"""A long JSON list of objects, read piece by piece: the caller can tell how far it is, and give up."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

from app.core.datasets._files import explained
from app.core.errors import DataError

_PIECE = 8 << 20
_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
_BOM = b"\xef\xbb\xbf"
_TAIL = 4096
"""Bytes before the end of a piece in which a row is expected to end; a longer row waits for the next piece."""


def read_rows(path: Path) -> Generator[int, None, list[Any]]:
    """The rows of a JSON list; yields the bytes read so far after each piece.

    A piece ends between two objects. Such a place may also lie inside a row (in a text, or in a list of objects),
    but then the piece is no JSON by itself, because what is before a place decides what it is; the rest of the file
    is then read in one.

    Raises
    ------
    DataError
        It cannot be read, or is no JSON list; one sentence.
    """
    rows: list[Any] = []
    with explained(path), path.open("rb", buffering=0) as file:
        rest = file.read(_PIECE).removeprefix(_BOM).lstrip()
        if not rest.startswith(b"["):
            _parsed(rest + file.read(), path)
            raise DataError(f"{path} holds no list of rows; unpack it again.")
        rest = rest[1:]
        while more := file.read(_PIECE):
            rest += more
            cut = _last_end(rest)
            if not cut:
                continue
            try:
                piece = json.loads((b"[" + rest[:cut] + b"]").decode("utf-8"))
            except (ValueError, RecursionError):
                rest += file.read()
                break
            rows += piece
            rest = rest[_BETWEEN.match(rest, cut - 1).end() :]  # type: ignore[union-attr]  # found there before
            yield file.tell()
        return rows + _parsed(b"[" + rest, path)


def _last_end(data: bytes) -> int:
    """Where the last object that another one follows ends; 0 where there is none near the end."""
    start = max(0, len(data) - _TAIL)
    ends = [found.start() + 1 for found in _BETWEEN.finditer(data, start)]
    return ends[-1] if ends else 0


def _parsed(data: bytes, path: Path) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise DataError(f"{path} is no readable JSON; it was probably cut short, unpack it again.") from None
