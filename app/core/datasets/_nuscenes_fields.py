"""What a field of nuScenes' tables may hold: checked for one value and, much faster, for all rows at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

Check = Callable[[Any], bool]
_LATEST = 1 << 62
_FAR = 1e12
"""Larger numbers overflow when they are multiplied."""


def is_text(value: Any) -> bool:
    """A text."""
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def is_time(value: Any) -> bool:
    """Microseconds, a whole number."""
    return type(value) is int and 0 <= value < _LATEST


def is_number(value: Any) -> bool:
    """A number that a coordinate or a quaternion can be."""
    return type(value) in (int, float) and abs(value) < _FAR


def is_vector(value: Any) -> bool:
    """Three numbers."""
    return isinstance(value, list) and len(value) == 3 and all(map(is_number, value))


def is_quaternion(value: Any) -> bool:
    """Four numbers that are not all zero."""
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_number, value)):
        return False
    w, x, y, z = value
    return bool(w * w + x * x + y * y + z * z > 1e-12)


def is_inside(value: Any) -> bool:
    """A path within the data set: data must not name files elsewhere."""
    if not isinstance(value, str) or not value or value[0] == "/":
        return False
    return ".." not in value and "\\" not in value and "\0" not in value


def good_rows(rows: list[Any], fields: dict[str, Check]) -> list[dict[str, Any]]:
    """The rows that have all fields in usable form.

    A look at whole columns settles the usual case, that all rows are good; else every row is looked at.
    """
    if _all_good(rows, fields):
        return rows
    return [row for row in rows if _fits(row, fields)]


def _fits(row: Any, fields: dict[str, Check]) -> bool:
    if type(row) is not dict:
        return False
    return all(key in row and check(row[key]) for key, check in fields.items())


def _all_good(rows: list[Any], fields: dict[str, Check]) -> bool:
    if _types(rows) != {dict}:
        return False
    try:
        return all(_COLUMN_CHECKS[check](list(map(itemgetter(key), rows))) for key, check in fields.items())
    except (KeyError, OverflowError):  # a row lacks a field; a whole number too large for a float
        return False


def _types(values: list[Any]) -> set[type]:
    return set(map(type, values))


def _texts(values: list[Any]) -> bool:
    return _types(values) == {str}


def _flags(values: list[Any]) -> bool:
    return _types(values) == {bool}


def _times(values: list[Any]) -> bool:
    return _types(values) == {int} and min(values) >= 0 and max(values) < _LATEST


def _numbers(values: list[Any], width: int) -> np.ndarray | None:
    """(N, width) float64 of lists of usable numbers; None where one of them is none."""
    if _types(values) != {list} or set(map(len, values)) != {width}:
        return None
    flat = list(chain.from_iterable(values))
    if not _types(flat) <= {int, float}:
        return None
    array = np.array(flat, np.float64).reshape(-1, width)
    return array if np.abs(array).max() < _FAR else None


def _vectors(values: list[Any]) -> bool:
    return _numbers(values, 3) is not None


def _quaternions(values: list[Any]) -> bool:
    array = _numbers(values, 4)
    return array is not None and bool((np.einsum("ij,ij->i", array, array) > 1e-12).all())


def _insides(values: list[Any]) -> bool:
    if not _texts(values) or not all(values):
        return False
    together = "\n" + "\n".join(values)
    return not any(bad in together for bad in ("\n/", "..", "\\", "\0"))


_COLUMN_CHECKS: dict[Check, Callable[[list[Any]], bool]] = {
    is_text: _texts,
    is_flag: _flags,
    is_time: _times,
    is_vector: _vectors,
    is_quaternion: _quaternions,
    is_inside: _insides,
}
