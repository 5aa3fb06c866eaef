"""The columns of files that do not describe themselves, as the user states them; they are never guessed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from app.core.datasets._files import read_bytes
from app.core.datasets.base import OpenOptions
from app.core.errors import DataError, UsageError

COLUMNS_FILE = "columns.yaml"
_TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_ -]*")

HOW = (
    f"state them, as 'columns: [x, y, z, intensity]' in a {COLUMNS_FILE} beside it or when opening it "
    "(a name alone is float32; 'ring:uint16' states another type)"
)


def stated_columns(path: Path, options: OpenOptions) -> np.dtype | None:
    """One record of the file ``path`` as the options or the ``columns.yaml`` beside it state; None if neither does.

    Little-endian, packed. ``DataError`` (the file) or ``UsageError`` (the options) where it cannot be.
    """
    if options.columns is not None:
        return record(options.columns, None)
    beside = path.parent / COLUMNS_FILE
    if not beside.exists():
        return None
    return record(_load(beside), beside)


def record(columns: tuple[str, ...] | list[object], source: Path | None) -> np.dtype:
    """The record that a list of ``name`` or ``name:type`` describes; ``source`` is where it was stated."""
    fields = []
    for entry in columns:
        name, _, kind = str(entry).partition(":")
        name, kind = name.strip(), kind.strip() or "float32"
        if not isinstance(entry, str) or not _NAME.fullmatch(name) or kind not in _TYPES:
            raise _wrong(
                source, f"{str(entry)[:40]!r} is no column; write a name, or name:type with {', '.join(_TYPES)}."
            )
        fields.append((name, np.dtype(kind).newbyteorder("<")))
    names = [name for name, _ in fields]
    if len(set(names)) < len(names):
        raise _wrong(source, "a column is named twice; each needs its own name.")
    if not {"x", "y", "z"} <= set(names):
        raise _wrong(source, f"columns must name x, y and z; they are {', '.join(names)[:200] or 'none'}.")
    return np.dtype(fields)


def _wrong(source: Path | None, sentence: str) -> DataError | UsageError:
    return DataError(f"{source}: {sentence}") if source else UsageError(f"The stated columns: {sentence}")


def _load(path: Path) -> list[object]:
    import yaml

    try:
        content = yaml.safe_load(read_bytes(path, 1 << 20).decode("utf-8-sig"))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise DataError(f"{path} is no readable YAML; write 'columns: [x, y, z, intensity]'.") from None
    columns = content.get("columns") if isinstance(content, dict) else None
    if not isinstance(columns, list) or not 3 <= len(columns) <= 256:
        raise DataError(f"{path} states no columns; write 'columns: [x, y, z, intensity]'.")
    return columns
