"""Named columns of a file of points → a ``Frame``: which name means what, and nothing else is assumed.

docs/data_formats.md lists the names. A column with another name, or with values that its name does not allow,
stays what it is and goes to ``Frame.extra``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from app.core.errors import DataError
from app.core.types import Frame

_NAMES: dict[str, tuple[str, ...]] = {
    "intensity": ("intensity", "reflectance", "remission"),
    "ring": ("ring", "laser_id"),
    "time": ("time", "t", "timestamp"),
    "labels": ("label", "labels", "class", "classification", "semantic", "semantic_label", "sem_label"),
    "instances": ("instance", "instances", "instance_id", "instance_label", "inst"),
}
_COLORS = (("red", "green", "blue"), ("r", "g", "b"))
_XYZ = ("x", "y", "z")

FAR = 10_000.0
"""Metres from the origin beyond which float32 is coarser than a millimetre."""
_COARSE = 100_000.0


@dataclass
class Cloud:
    """The columns of one file, each (N,), in the file's order, and what was odd about the file.

    ``origin`` (3,) whole metres that were already subtracted from the coordinates, or None. ``more``: columns of
    numbers that are made when someone asks for them; their names must mean nothing to a frame.
    """

    columns: dict[str, np.ndarray]
    notes: list[str] = field(default_factory=list)
    origin: np.ndarray | None = None
    more: Mapping[str, Callable[[], np.ndarray]] = field(default_factory=dict)


class Columns(Mapping[str, np.ndarray]):
    """Columns (N,) by name, some of which are made when they are first asked for. Pickled, all are made."""

    def __init__(self, ready: dict[str, np.ndarray], makers: Mapping[str, Callable[[], np.ndarray]]) -> None:
        self._ready = dict(ready)
        self._makers = {name: make for name, make in makers.items() if name not in ready}

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self._makers:
            self._ready[name] = self._makers[name]()
            del self._makers[name]
        return self._ready[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._ready, *self._makers])

    def __len__(self) -> int:
        return len(self._ready) + len(self._makers)

    def __reduce__(self) -> tuple[type[dict[str, np.ndarray]], tuple[dict[str, np.ndarray]]]:
        return dict, (dict(self),)


def plain_name(name: str) -> str:
    """A column's name without CloudCompare's ``scalar_`` and in lower case."""
    return name.lower().removeprefix("scalar_")


def has_labels(names: set[str]) -> bool:
    """Whether one of the columns holds labels."""
    return any(plain_name(name) in _NAMES["labels"] for name in names)


def origin_of(low: np.ndarray, high: np.ndarray) -> np.ndarray | None:
    """(3,) whole metres in the middle of the bounds (3,) and (3,); None where float32 is fine as it is."""
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    if max(np.abs(low).max(), np.abs(high).max()) <= FAR:
        return None
    return np.floor((low + high) / 2)


def to_frame(cloud: Cloud, index: int, name: str, path: str, pose: np.ndarray | None) -> Frame:
    """A frame from the columns of a file.

    Parameters
    ----------
    pose : (4, 4) ``world_from_sensor`` stated beside the file, or None

    Raises
    ------
    DataError
        There are no columns x, y and z of numbers.
    """
    left = dict(cloud.columns)
    notes = list(cloud.notes)
    by_plain = {plain_name(key): key for key in reversed(left)}
    points, origin = _points(left, by_plain, path)
    if cloud.origin is not None:
        origin = cloud.origin if origin is None else cloud.origin + origin
    taken: dict[str, np.ndarray | None] = {}
    for meaning, convert in _CONVERT.items():
        taken[meaning] = None
        key = next((by_plain[n] for n in _NAMES[meaning] if n in by_plain and by_plain[n] in left), None)
        if key is not None:
            taken[meaning] = convert(left[key])
            if taken[meaning] is None:
                notes.append(
                    f"{path}: column '{key}' holds values that are no {meaning}; it is kept under its name."
                )
            else:
                del left[key]
    colors = _colors(left, by_plain, path, notes)
    extra = {plain_name(key): column for key, column in left.items() if column.dtype.kind in "biuf"}
    reach = _reach(points)
    if reach > _COARSE:
        step = float(np.spacing(np.float32(reach)))
        notes.append(f"{path}: coordinates reach {reach:.3g} m, where float32 keeps them to within {step:.2g} m.")
    return Frame(
        index=index,
        name=name,
        points=points,
        intensity=taken["intensity"],
        ring=taken["ring"],
        time=taken["time"],
        labels=taken["labels"],
        instances=taken["instances"],
        colors=colors,
        extra=Columns(extra, cloud.more) if cloud.more else extra,
        world_from_sensor=_placed(pose, origin),
        notes=tuple(notes) if len(points) else (*notes, f"{path} holds no points."),
    )


def _points(
    left: dict[str, np.ndarray], by_plain: dict[str, str], path: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Take x, y and z out of ``left``: (N, 3) float32, and the whole metres that had to be subtracted or None."""
    if not all(axis in by_plain and left[by_plain[axis]].dtype.kind in "iuf" for axis in _XYZ):
        raise DataError(f"{path} has no numbers named x, y and z; its columns are {_listed(list(left))}.")
    columns = [left.pop(by_plain[axis]) for axis in _XYZ]
    origin = None
    if any(column.dtype.itemsize > 4 or column.dtype.kind != "f" for column in columns) and len(columns[0]):
        with np.errstate(all="ignore"):
            bounds = [_bounds(column) for column in columns]
        origin = origin_of(np.array([b[0] for b in bounds]), np.array([b[1] for b in bounds]))
    points = np.zeros((len(columns[0]), 3), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for axis, column in enumerate(columns):
            points[:, axis] = column if origin is None else column - origin[axis]
    return points, origin


def _reach(points: np.ndarray) -> float:
    """Greatest finite absolute coordinate; 0 without any."""
    low, high = (float(found) for found in (points.min(initial=0.0), points.max(initial=0.0)))
    if np.isfinite(low) and np.isfinite(high):  # the usual case, without a copy of all points
        return max(-low, high)
    return float(np.abs(points, where=np.isfinite(points), out=np.zeros_like(points)).max(initial=0.0))


def _bounds(column: np.ndarray) -> tuple[float, float]:
    finite = column[np.isfinite(column)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def _placed(pose: np.ndarray | None, origin: np.ndarray | None) -> np.ndarray | None:
    """The pose of the shifted points."""
    if origin is None:
        return pose
    shift = np.eye(4)
    shift[:3, 3] = origin
    return shift if pose is None else pose @ shift


def _as_float(column: np.ndarray) -> np.ndarray | None:
    if column.dtype.kind not in "biuf":
        return None
    with np.errstate(over="ignore"):
        return column.astype(np.float32)


def _as_time(column: np.ndarray) -> np.ndarray | None:
    """Seconds since the first; whole numbers are of an unknown unit and are no time."""
    if column.dtype.kind != "f":
        return None
    finite = column[np.isfinite(column)]
    first = finite.min() if len(finite) else 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        return (column - first).astype(np.float32)


def _whole(column: np.ndarray, low: int, high: int) -> bool:
    """Whether all values are whole numbers from ``low`` to ``high``."""
    if column.dtype.kind not in "biuf":
        return False
    if not len(column):
        return True
    if column.dtype.kind == "u" and low <= 0 and np.iinfo(column.dtype).max <= high:
        return True
    with np.errstate(invalid="ignore"):
        if column.dtype.kind == "f" and not (np.isfinite(column).all() and (column == np.floor(column)).all()):
            return False
    return bool(column.min() >= low and column.max() <= high)


def _as_labels(column: np.ndarray) -> np.ndarray | None:
    return column.astype(np.uint16) if _whole(column, 0, 0xFFFF) else None


def _as_instances(column: np.ndarray) -> np.ndarray | None:
    return column.astype(np.uint32) if _whole(column, 0, 0xFFFFFFFF) else None


def _as_ring(column: np.ndarray) -> np.ndarray | None:
    return column.astype(np.int16) if _whole(column, -0x8000, 0x7FFF) else None


_CONVERT = {
    "intensity": _as_float,
    "ring": _as_ring,
    "time": _as_time,
    "labels": _as_labels,
    "instances": _as_instances,
}


def _colors(
    left: dict[str, np.ndarray], by_plain: dict[str, str], path: str, notes: list[str]
) -> np.ndarray | None:
    """Take three colour columns out of ``left``: (N, 3) uint8 from bytes, 16 bits, or floats from 0 to 1."""
    for names in _COLORS:
        keys = [by_plain[name] for name in names if name in by_plain and by_plain[name] in left]
        if len(keys) < 3:
            continue
        colors = _as_bytes([left[key] for key in keys])
        if colors is None:
            listed = ", ".join(keys)
            notes.append(
                f"{path}: {listed} are neither bytes, 16 bits nor 0 to 1; they are kept under their names."
            )
            return None
        for key in keys:
            del left[key]
        return colors
    return None


def _as_bytes(channels: list[np.ndarray]) -> np.ndarray | None:
    if all(channel.dtype == np.uint16 for channel in channels):
        narrow = np.empty((len(channels[0]), 3), np.uint8)  # uninitialised on purpose: all of it is written next
        for i, channel in enumerate(channels):
            np.right_shift(channel, 8, out=narrow[:, i], casting="unsafe")
        return narrow
    colors = np.stack(channels, axis=1)
    if colors.dtype == np.uint8:
        return colors
    if colors.dtype.kind == "f":
        inside = np.isfinite(colors).all() and colors.min(initial=0) >= 0 and colors.max(initial=0) <= 1
        return np.round(colors * 255).astype(np.uint8) if inside else None
    return colors.astype(np.uint8) if _whole(colors, 0, 255) else None


def columns_of(array: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of a structured (N,) array; a field of k values a row becomes ``name_0`` … ``name_k-1``."""
    columns: dict[str, np.ndarray] = {}
    for name in array.dtype.names or ():
        field_ = array[name]
        if field_.ndim == 1:
            columns[name] = native(field_)
        else:
            flat = field_.reshape(len(array), -1)
            columns.update({f"{name}_{i}": native(flat[:, i]) for i in range(flat.shape[1])})
    return columns


def native(column: np.ndarray) -> np.ndarray:
    """A column in this machine's byte order."""
    return column if column.dtype.isnative else column.astype(column.dtype.newbyteorder("="))


def _listed(names: list[str]) -> str:
    return ", ".join(str(name)[:40] for name in names[:12]) + (" …" if len(names) > 12 else "") if names else "none"
