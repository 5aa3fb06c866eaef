"""NumPy files: NPY arrays with named or stated columns, NPZ archives with one array for each thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.datasets._columns import Cloud, columns_of, native
from app.core.datasets._npy import npy_header, npz_headers, read_npy, read_npz
from app.core.datasets._plain import PlainReader
from app.core.datasets._stated import HOW, stated_columns
from app.core.datasets.base import OpenOptions
from app.core.errors import DataError

_POINTS = ("points", "xyz", "coords", "coord")
_COLORS = ("colors", "color", "rgb")
_MOST_VALUES = 256
"""Values of one point that an (N, K) array is split into."""


def _table(array: np.ndarray, path: Path, options: OpenOptions) -> dict[str, np.ndarray]:
    """The columns of an array of points: structured, (N, 3), or (N, K) with K stated names."""
    if array.dtype.names is not None:
        return _renamed(columns_of(array.reshape(-1)))
    if array.ndim != 2 or array.shape[1] < 3:
        raise DataError(f"{path} has an array of shape {array.shape} where (points, 3 or more) belongs.")
    stated = stated_columns(path, options)
    if stated is None and array.shape[1] != 3:
        raise DataError(f"{path} has {array.shape[1]} columns without names; {HOW}.")
    names = ("x", "y", "z") if stated is None else stated.names or ()
    if len(names) != array.shape[1]:
        raise DataError(f"{path} has {array.shape[1]} columns where {len(names)} are stated ({', '.join(names)}).")
    return {name: native(array[:, i]) for i, name in enumerate(names)}


def _renamed(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Vector fields of a structured array that hold a point or a colour get their usual names."""
    for field in _POINTS:
        if f"{field}_2" in columns and f"{field}_3" not in columns:
            columns.update(zip("xyz", (columns.pop(f"{field}_{i}") for i in range(3)), strict=True))
    for field in _COLORS:
        if f"{field}_2" in columns and f"{field}_3" not in columns:
            channels = (columns.pop(f"{field}_{i}") for i in range(3))
            columns.update(zip(("red", "green", "blue"), channels, strict=True))
    return columns


def _archive(arrays: dict[str, np.ndarray], path: Path, options: OpenOptions) -> Cloud:
    """The columns of an archive: one array of points and one array for each thing that is known of them."""
    key = next((name for name in _POINTS if name in arrays), None)
    if key is not None:
        columns = _table(arrays.pop(key), path, options)
    elif {"x", "y", "z"} <= set(arrays):
        columns = {}
    else:
        found = ", ".join(sorted(arrays)[:12]) or "none"
        raise DataError(f"{path} has no array named {', '.join(_POINTS)} (or x, y and z); its arrays are {found}.")
    count = len(next(iter(columns.values()))) if columns else arrays["x"].size
    notes = []
    for name, array in arrays.items():
        if array.ndim not in (1, 2) or len(array) != count or (array.ndim == 2 and array.shape[1] > _MOST_VALUES):
            notes.append(f"{path}: '{name}' has the shape {array.shape} for {count} points and is left out.")
        elif array.ndim == 1:
            columns[name] = native(array)
        else:
            columns.update({f"{name}_{i}": native(array[:, i]) for i in range(array.shape[1])})
    if "x" in arrays and columns.get("x") is None:
        raise DataError(f"{path}: x, y and z are no columns of one length; save them again.")
    return Cloud(_renamed(columns), notes)


class NpyReader(PlainReader):
    """Opens one NPY or NPZ file or a folder of them."""

    format = "npy"
    title = "NumPy (NPY, NPZ)"
    suffixes = (".npy", ".npz")
    takes_columns = True

    def load(self, path: Path, options: OpenOptions) -> Cloud:
        """See :meth:`PlainReader.load`."""
        if path.suffix.lower() == ".npz":
            return _archive(read_npz(path), path, options)
        return Cloud(_table(read_npy(path), path, options))

    def probe(self, path: Path, options: OpenOptions) -> set[str]:
        """See :meth:`PlainReader.probe`."""
        if path.suffix.lower() == ".npz":
            return set(npz_headers(path))
        dtype = npy_header(path)
        stated = stated_columns(path, options)
        return set(dtype.names or (stated.names if stated is not None else None) or ("x", "y", "z"))

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`: a structured NPY and an NPZ."""
        points = np.array([[1, 2, 0], [4, 5, 0], [7, 8, 1]], np.float32)
        labels = np.array([1, 2, 2], np.uint16)
        fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "<f4"), ("label", "<u2")]
        rows = np.array([(*p, 0.5, label) for p, label in zip(points, labels, strict=True)], fields)
        np.save(folder / "scan1.npy", rows)
        np.savez(folder / "scan2.npz", points=points, intensity=points[:, 0], labels=labels)
        return folder


ENTRY = NpyReader()
