"""A cloud and its layers as a file: PLY for other viewers, NPZ for numpy."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.core.errors import UsageError
from app.core.files import write_atomically
from app.core.layers.base import Kind, LayerData

SUFFIXES = (".ply", ".npz")

_PLY_TYPES = {
    "f4": "float",
    "f8": "double",
    "u1": "uchar",
    "u2": "ushort",
    "u4": "uint",
    "i1": "char",
    "i2": "short",
}
_PLY_TYPES |= {"i4": "int"}


def write_cloud(
    path: Path, points: np.ndarray, layers: Mapping[str, LayerData], colors: np.ndarray | None = None
) -> None:
    """Write a cloud; the suffix of ``path`` chooses the format. The file appears whole or not at all.

    Parameters
    ----------
    path : ``.ply`` or ``.npz``
    points : (N, 3) float32 metres
    layers : values by name, one per point, in the order of the points
    colors : (N, 3) uint8 drawn colours; PLY only, where viewers expect them

    Raises
    ------
    UsageError
        Another suffix.
    DataError
        The file cannot be written.
    """
    check_suffix(path)
    if path.suffix.lower() == ".npz":
        _write_npz(path, points, layers)
    else:
        write_atomically(path, _ply(points, layers, colors))


def check_suffix(path: Path) -> None:
    """``UsageError`` for a suffix that is not of ``SUFFIXES``."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} must end in {' or '.join(SUFFIXES)}; that chooses the format.")


def _write_npz(path: Path, points: np.ndarray, layers: Mapping[str, LayerData]) -> None:
    arrays = {"points": points}
    for name, data in layers.items():
        arrays[name] = data.values
        if data.known is not None:
            arrays[f"{name}_known"] = data.known
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


def _ply(points: np.ndarray, layers: Mapping[str, LayerData], colors: np.ndarray | None) -> bytes:
    columns: dict[str, np.ndarray] = {axis: points[:, i] for i, axis in enumerate("xyz")}
    if colors is not None:
        columns |= {channel: colors[:, i] for i, channel in enumerate(("red", "green", "blue"))}
    for name, data in layers.items():
        columns |= _ply_columns(name, data)
    little = {key: _little(values) for key, values in columns.items()}
    table = np.empty(len(points), [(key, values.dtype) for key, values in little.items()])
    for key, values in little.items():
        table[key] = values
    out = io.BytesIO()
    properties = "".join(f"property {_PLY_TYPES[v.dtype.str[1:]]} {key}\n" for key, v in little.items())
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n{properties}end_header\n"
    out.write(header.encode("ascii"))
    out.write(table.tobytes())
    return out.getvalue()


def _ply_columns(name: str, data: LayerData) -> dict[str, np.ndarray]:
    if data.kind is Kind.VECTOR and name == "normals":
        return {key: data.values[:, i] for i, key in enumerate(("nx", "ny", "nz"))}
    if data.kind is Kind.VECTOR:
        return {f"{name}_{axis}": data.values[:, i] for i, axis in enumerate("xyz")}
    if data.kind is Kind.COLOR:
        return {f"{name}_{channel}": data.values[:, i] for i, channel in enumerate("rgb")}
    return {name: data.values}


def _little(values: np.ndarray) -> np.ndarray:
    """The column in a type that PLY knows, little-endian: 64-bit integers and truth values do not exist there."""
    if values.dtype == bool:
        return values.astype("u1")
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8:
        return values.astype("<f8")
    return values.astype(values.dtype.newbyteorder("<"), copy=False)
