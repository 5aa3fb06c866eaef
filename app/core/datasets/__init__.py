"""Readers of recorded drives, one file each, found by listing the folder."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from app.core.datasets._files import explained, sample_of
from app.core.datasets.base import Dataset, Opening, OpenOptions, Reader, Sequence, finished
from app.core.errors import DataError, UsageError
from app.discovery import load, module_names

__all__ = ["Dataset", "OpenOptions", "Reader", "Sequence", "open_dataset", "opening", "readers"]

_NOT_READERS = {"report"}


@cache
def readers() -> dict[str, Reader]:
    """All readers by the name of their format."""
    found = (load(__name__, name).ENTRY for name in module_names(__name__) if name not in _NOT_READERS)
    return {reader.format: reader for reader in found}


def open_dataset(path: Path | str, options: OpenOptions | None = None) -> Dataset:
    """:func:`opening`, to the end here and now."""
    return finished(opening(path, options))


def opening(path: Path | str, options: OpenOptions | None = None) -> Opening:
    """Open a folder or file with the reader that recognises it best, in steps. Lazy: no sweep is read.

    Raises
    ------
    DataError
        It does not exist, is empty, may not be read, or is of no format that is known; one sentence.
    UsageError
        Columns were stated for a format that states its own.
    """
    path = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() would follow links
    options = options or OpenOptions()
    _check_there(path)
    reader = _best_reader(path, options)
    if options.columns is not None and not reader.takes_columns:
        raise UsageError(
            f"Columns were stated, but {path} is {reader.title}, which states its own; open it without."
        )
    return (yield from reader.opening(path, options))


def _best_reader(path: Path, options: OpenOptions) -> Reader:
    """The surest reader; where columns are stated, the surest of those that take them, if one can."""
    scores = {name: reader.recognise(path) for name, reader in readers().items()}
    stated = {name: score for name, score in scores.items() if score and readers()[name].takes_columns}
    if options.columns is not None and stated:
        scores = stated
    best = max(scores, key=lambda name: scores[name])
    if not scores[best]:
        raise DataError(f"{path} is of no known format; {_found_in(path)}; expected one of: {_known()}.")
    return readers()[best]


def _check_there(path: Path) -> None:
    with explained(path):
        if not path.exists():
            raise DataError(f"{path} does not exist; check its spelling and that its disk is connected.")
        if path.is_dir():
            with os.scandir(path) as entries:
                if next(entries, None) is None:
                    raise DataError(f"{path} is an empty folder; open the folder that holds the recording.")
        elif not path.is_file():
            raise DataError(f"{path} is neither a file nor a folder; open a recording.")


def _found_in(path: Path) -> str:
    if path.is_file():
        return f"it is a '{path.suffix}' file" if path.suffix else "its name has no suffix"
    return f"the folder holds {sample_of(sorted(entry.name for entry in path.iterdir()), 4)}"


def _known() -> str:
    return ", ".join(sorted(reader.title for reader in readers().values()))
