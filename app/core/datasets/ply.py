"""PLY clouds and meshes' vertices: ASCII and binary of both byte orders, read strictly.

Turk, "The PLY Polygon File Format", 1994.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from app.core.datasets._columns import Cloud, columns_of
from app.core.datasets._files import explained, read_bytes
from app.core.datasets._plain import PlainReader
from app.core.datasets._text import read_rows, typed
from app.core.datasets.base import OpenOptions
from app.core.errors import DataError

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_Order = Literal["=", "<", ">"]
_ORDERS: dict[str, _Order] = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}
_MAX_HEADER = 64 << 10


@dataclass
class _Element:
    """One element of a header; ``dtype`` of a row, None where it holds lists."""

    name: str
    count: int
    fields: list[tuple[str, str]]
    has_list: bool = False

    def dtype(self, order: _Order) -> np.dtype:
        return np.dtype([(name, np.dtype(kind).newbyteorder(order)) for name, kind in self.fields])


@dataclass
class _Header:
    order: _Order
    is_text: bool
    elements: list[_Element]
    size: int
    """Bytes before the data."""

    def vertices(self, path: Path) -> tuple[_Element, int]:
        """The vertex element, and the bytes (binary) or lines (text) before it."""
        before = 0
        for element in self.elements:
            if element.name == "vertex":
                if element.has_list:
                    raise DataError(
                        f"{path} keeps lists in its vertices, which no cloud needs; save it without them."
                    )
                return element, before
            if element.has_list and not self.is_text:
                raise DataError(
                    f"{path} has '{element.name}' before its vertices; save it with the vertices first."
                )
            before += element.count * (1 if self.is_text else element.dtype(self.order).itemsize)
        raise DataError(f"{path} has no vertices in its header; it is no point cloud.")


def _parse_header(data: bytes, path: Path) -> _Header:
    end = data.find(b"end_header")
    newline = data.find(b"\n", end)
    if not data.startswith(b"ply") or end < 0 or newline < 0:
        raise DataError(f"{path} is no PLY file, or its header has no end within {_MAX_HEADER >> 10} KB.")
    order = None
    elements: list[_Element] = []
    for number, line in enumerate(data[:end].decode("latin1").splitlines()[1:], 2):
        words = line.split()
        if not words or words[0] in ("comment", "obj_info"):
            continue
        if words[0] == "format" and len(words) == 3 and words[1] in _ORDERS:
            order = words[1]
        elif (
            words[0] == "element"
            and len(words) == 3
            and words[2].isascii()
            and words[2].isdecimal()
            and len(words[2]) < 16
        ):
            elements.append(_Element(words[1], int(words[2]), []))
        elif words[0] == "property" and elements:
            _add_property(elements[-1], words, path, number)
        else:
            raise DataError(
                f"{path}: line {number} of the header is '{line[:60]}', which is no PLY; save it again."
            )
    if order is None:
        raise DataError(f"{path} states none of the formats {', '.join(_ORDERS)}; save it again.")
    return _Header(_ORDERS[order], order == "ascii", elements, newline + 1)


def _add_property(element: _Element, words: list[str], path: Path, number: int) -> None:
    is_list = len(words) == 5 and words[1] == "list"
    kinds, name = (words[2:4], words[4]) if is_list else (words[1:2], words[-1])
    if not (is_list or len(words) == 3) or any(kind not in _TYPES for kind in kinds):
        known = ", ".join(kind for kind in _TYPES if not kind[-1].isdigit())
        raise DataError(
            f"{path}: line {number} of the header has an unknown type '{' '.join(words)[:60]}'; known: {known}."
        )
    if any(name == known for known, _ in element.fields):
        raise DataError(f"{path}: line {number} of the header names '{name[:40]}' twice; save it again.")
    element.has_list |= is_list
    element.fields.append((name, _TYPES[kinds[-1]]))


def _check_size(header: _Header, size: int, path: Path) -> None:
    """``DataError`` where the header claims more than the file's ``size`` bytes can hold."""
    element, before = header.vertices(path)
    if header.is_text:
        smallest = 2 * len(element.fields) * element.count  # a digit and a separator for each value
        wanted = smallest - 1 if smallest else 0
    else:
        wanted = before + element.count * element.dtype(header.order).itemsize
    if header.size + wanted > size:
        raise DataError(
            f"{path} claims {element.count} vertices in its header but has {size - header.size} bytes of data; "
            "it was cut short or its header lies."
        )


def read_ply(data: bytes, path: Path) -> Cloud:
    """The vertices of a PLY file's bytes. ``DataError`` where they cannot be read."""
    header = _parse_header(data[:_MAX_HEADER], path)
    element, before = header.vertices(path)
    _check_size(header, len(data), path)
    dtype = element.dtype(header.order)
    if not element.fields:
        return Cloud({})
    if not header.is_text:
        return Cloud(columns_of(np.frombuffer(data, dtype, element.count, header.size + before)))
    rows = read_rows(data[header.size :], before, element.count, len(element.fields), path)
    return Cloud({name: typed(rows[:, i], dtype[name], name, path) for i, name in enumerate(dtype.names or ())})


class PlyReader(PlainReader):
    """Opens one PLY file or a folder of them."""

    format = "ply"
    title = "PLY"
    suffixes = (".ply",)

    def load(self, path: Path, options: OpenOptions) -> Cloud:
        """See :meth:`PlainReader.load`."""
        return read_ply(read_bytes(path), path)

    def probe(self, path: Path, options: OpenOptions) -> set[str]:
        """See :meth:`PlainReader.probe`."""
        with explained(path), path.open("rb") as file:
            header = _parse_header(file.read(_MAX_HEADER), path)
            size = file.seek(0, 2)
        _check_size(header, size, path)
        return {name for name, _ in header.vertices(path)[0].fields}

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`: one ASCII and one binary file with labels and colours."""
        head = (
            "element vertex 3\nproperty float x\nproperty float y\nproperty float z\nproperty float intensity\n"
            "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty ushort label\nend_header\n"
        )
        rows = "1 2 0 0.5 255 0 0 1\n4 5 0 0.25 0 255 0 2\n7 8 1 0.75 0 0 255 2\n"
        (folder / "scan1.ply").write_text(f"ply\nformat ascii 1.0\ncomment an example\n{head}{rows}")
        dtype = np.dtype([(n, "<f4") for n in "xyzi"] + [(n, "u1") for n in "rgb"] + [("label", "<u2")])
        data = np.array(
            [(1, 2, 0, 0.5, 255, 0, 0, 1), (4, 5, 0, 0.25, 0, 255, 0, 2), (7, 8, 1, 0.75, 0, 0, 255, 2)], dtype
        )
        binary = f"ply\nformat binary_little_endian 1.0\n{head}".encode() + data.tobytes()
        (folder / "scan2.ply").write_bytes(binary)
        return folder


ENTRY = PlyReader()
