"""Rows of numbers in text, for PLY and PCD."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np

from app.core.errors import DataError


def read_rows(text: bytes, skip: int, count: int, columns: int, path: Path) -> np.ndarray:
    """(count, columns) float64 from the lines of a text after the first ``skip``.

    ``DataError`` where a line holds something else or there are fewer lines.
    """
    if not count:
        return np.zeros((0, columns))
    lines = text.count(b"\n") + 1
    if lines < skip + count:  # before anything is reserved or skipped
        raise DataError(
            f"{path} claims {skip + count} lines of data in its header but has {lines}; it was cut short."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "input contained no data": said below
            rows = np.loadtxt(
                io.BytesIO(text),
                np.float64,
                comments=None,
                skiprows=skip,
                max_rows=count,
                ndmin=2,
                encoding="latin1",
            )
    except ValueError as error:
        raise DataError(
            f"{path} holds a line that is no row of numbers ({str(error)[:120]}); save it again."
        ) from None
    if len(rows) < count:
        raise DataError(f"{path} claims {count} points in its header but has {len(rows)} lines; it was cut short.")
    if rows.shape[1] != columns:
        raise DataError(
            f"{path} has {rows.shape[1]} numbers a line where its header names {columns}; save it again."
        )
    return rows


def typed(values: np.ndarray, dtype: np.dtype, name: str, path: Path) -> np.ndarray:
    """(N,) numbers from text as the type that a header states; ``DataError`` where one does not fit it."""
    with np.errstate(over="ignore", invalid="ignore"):
        column = values.astype(dtype)
        if dtype.kind in "iu" and not np.array_equal(column.astype(np.float64), values):
            raise DataError(
                f"{path}: '{name}' holds values that are no {dtype.name} as its header states; save it again."
            )
    return column
