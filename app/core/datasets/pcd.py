"""PCD clouds of the Point Cloud Library: ascii, binary and binary_compressed, with padding and repeated fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.datasets._columns import Cloud, columns_of
from app.core.datasets._files import explained, read_bytes
from app.core.datasets._lzf import decompress
from app.core.datasets._plain import PlainReader
from app.core.datasets._text import read_rows, typed
from app.core.datasets.base import OpenOptions
from app.core.errors import DataError

_TYPES = {
    ("F", 4): "<f4",
    ("F", 8): "<f8",
    **{("I", size): f"<i{size}" for size in (1, 2, 4, 8)},
    **{("U", size): f"<u{size}" for size in (1, 2, 4, 8)},
}
_MAX_HEADER = 64 << 10
_LONGEST_RECORD = 1 << 14
"""Bytes of one point; a longer record is a broken header."""
_PADDING = "_"
_NO_VIEWPOINT = "0 0 0 1 0 0 0"


@dataclass
class _Field:
    name: str
    dtype: np.dtype
    count: int

    @property
    def is_padding(self) -> bool:
        return self.name == _PADDING

    @property
    def size(self) -> int:
        return self.dtype.itemsize * self.count


@dataclass
class _Header:
    fields: list[_Field]
    points: int
    kind: str
    size: int
    """Bytes before the data."""
    notes: list[str]

    @property
    def record(self) -> np.dtype:
        """One point of ``binary``; the padding is left out by offsets."""
        offsets = np.cumsum([0, *(f.size for f in self.fields)])
        kept = [(f, int(at)) for f, at in zip(self.fields, offsets[:-1], strict=True) if not f.is_padding]
        return np.dtype(
            {
                "names": [f.name for f, _ in kept],
                "formats": [(f.dtype, (f.count,)) if f.count > 1 else f.dtype for f, _ in kept],
                "offsets": [at for _, at in kept],
                "itemsize": int(offsets[-1]),
            }
        )


def _parse_header(data: bytes, path: Path) -> _Header:
    words: dict[str, list[str]] = {}
    at = 0
    while "DATA" not in words:
        end = data.find(b"\n", at)
        if end < 0:
            raise DataError(f"{path} is no PCD file, or its header has no DATA line within {_MAX_HEADER >> 10} KB.")
        line = data[at:end].decode("latin1").split()
        at = end + 1
        if line and not line[0].startswith("#"):
            words.setdefault(line[0], line[1:])
    kind = " ".join(words["DATA"])
    if kind not in ("ascii", "binary", "binary_compressed"):
        raise DataError(
            f"{path} has data of the unknown kind '{kind[:40]}'; known: ascii, binary, binary_compressed."
        )
    fields = _fields(words, path)
    notes = []
    viewpoint = " ".join(words.get("VIEWPOINT", []))
    if viewpoint not in ("", _NO_VIEWPOINT):
        notes.append(f"{path} states the viewpoint {viewpoint[:80]}; points are shown as recorded, without it.")
    return _Header(fields, _count(words, path), kind, at, notes)


def _fields(words: dict[str, list[str]], path: Path) -> list[_Field]:
    names = words.get("FIELDS", words.get("COLUMNS", []))
    counts = words.get("COUNT", ["1"] * len(names))
    rows = (words.get("SIZE", []), words.get("TYPE", []), counts)
    if not names or any(len(row) != len(names) for row in rows):
        raise DataError(f"{path}: FIELDS, SIZE, TYPE and COUNT of its header do not agree; save it again.")
    fields: list[_Field] = []
    for name, size, kind, count in zip(names, *rows, strict=True):
        if not (_is_number(size) and _is_number(count)) or (kind, int(size)) not in _TYPES or int(count) < 1:
            raise DataError(
                f"{path}: field '{name[:40]}' has the unknown type {kind[:8]} of {size[:8]} bytes, "
                f"{count[:8]} times; known: F of 4 or 8, I and U of 1, 2, 4 or 8 bytes."
            )
        if name != _PADDING and any(name == field.name for field in fields):
            raise DataError(f"{path}: its header names the field '{name[:40]}' twice; save it again.")
        fields.append(_Field(name, np.dtype(_TYPES[kind, int(size)]), int(count)))
    if sum(field.size for field in fields) > _LONGEST_RECORD:
        raise DataError(f"{path}: its header claims points of more than {_LONGEST_RECORD} bytes; it lies.")
    return fields


def _count(words: dict[str, list[str]], path: Path) -> int:
    """Points of the header: POINTS, else WIDTH × HEIGHT."""
    stated = {key: words[key][0] for key in ("POINTS", "WIDTH", "HEIGHT") if words.get(key)}
    if not all(map(_is_number, stated.values())) or ("POINTS" not in stated and len(stated) < 2):
        raise DataError(f"{path}: POINTS, WIDTH and HEIGHT of its header are no counts; save it again.")
    product = int(stated["WIDTH"]) * int(stated["HEIGHT"]) if {"WIDTH", "HEIGHT"} <= set(stated) else None
    points = int(stated["POINTS"]) if "POINTS" in stated else product or 0
    if product is not None and product != points:
        raise DataError(
            f"{path} claims {points} points but {stated['WIDTH']} × {stated['HEIGHT']}; its header lies."
        )
    return points


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 16


def _check_size(header: _Header, data: bytes, size: int, path: Path) -> None:
    """``DataError`` where the header claims more than ``size`` bytes of data; ``data`` are the first of them."""
    width = header.record.itemsize
    if header.kind == "binary":
        wanted = header.points * width
    elif header.kind == "ascii":
        wanted = header.points * (2 * sum(field.count for field in header.fields)) - 1
    else:
        packed, unpacked = (int.from_bytes(data[i : i + 4], "little") for i in (0, 4))
        wanted = 8 + packed
        if size >= 8 and unpacked != header.points * width:
            raise DataError(
                f"{path} claims {header.points} points of {width} bytes but {unpacked} bytes unpacked; "
                "its header lies."
            )
    if wanted > size:
        raise DataError(
            f"{path} claims {header.points} points in its header but has {size} bytes of data where "
            f"{wanted} belong; it was cut short or its header lies."
        )


def read_pcd(data: bytes, path: Path) -> Cloud:
    """The points of a PCD file's bytes. ``DataError`` where they cannot be read."""
    header = _parse_header(data[:_MAX_HEADER], path)
    body = data[header.size :]
    _check_size(header, body[:8], len(body), path)
    if header.kind == "ascii":
        columns = _from_text(header, body, path)
    elif header.kind == "binary":
        columns = columns_of(np.frombuffer(body, header.record, header.points))
    else:
        columns = _from_packed(header, body, path)
    return Cloud(_unpack_colors(columns, header), header.notes)


def _from_text(header: _Header, body: bytes, path: Path) -> dict[str, np.ndarray]:
    rows = read_rows(body, 0, header.points, sum(field.count for field in header.fields), path)
    columns: dict[str, np.ndarray] = {}
    at = 0
    for field in header.fields:
        for i in range(field.count):
            name = f"{field.name}_{i}" if field.count > 1 else field.name
            if not field.is_padding:
                columns[name] = typed(rows[:, at + i], field.dtype, name, path)
        at += field.count
    return columns


def _from_packed(header: _Header, body: bytes, path: Path) -> dict[str, np.ndarray]:
    """``binary_compressed`` keeps each field of all points together."""
    packed, unpacked = (int.from_bytes(body[i : i + 4], "little") for i in (0, 4))
    data = decompress(body[8 : 8 + packed], unpacked, str(path))
    columns: dict[str, np.ndarray] = {}
    at = 0
    for field in header.fields:
        values = np.frombuffer(data, field.dtype, header.points * field.count, at).reshape(header.points, -1)
        at += field.size * header.points
        if not field.is_padding:
            named = {f"{field.name}_{i}": values[:, i] for i in range(field.count)}
            columns.update(named if field.count > 1 else {field.name: values[:, 0]})
    return columns


def _unpack_colors(columns: dict[str, np.ndarray], header: _Header) -> dict[str, np.ndarray]:
    """PCL packs a colour into the four bytes of ``rgb`` or ``rgba``: blue, green, red, alpha."""
    for field in header.fields:
        if field.name in ("rgb", "rgba") and field.size == 4 and field.count == 1 and "red" not in columns:
            packed = np.ascontiguousarray(columns.pop(field.name)).view(np.uint8).reshape(-1, 4)
            columns.update(red=packed[:, 2], green=packed[:, 1], blue=packed[:, 0])
    return columns


class PcdReader(PlainReader):
    """Opens one PCD file or a folder of them."""

    format = "pcd"
    title = "PCD"
    suffixes = (".pcd",)

    def load(self, path: Path, options: OpenOptions) -> Cloud:
        """See :meth:`PlainReader.load`."""
        return read_pcd(read_bytes(path), path)

    def probe(self, path: Path, options: OpenOptions) -> set[str]:
        """See :meth:`PlainReader.probe`."""
        with explained(path), path.open("rb") as file:
            head = file.read(_MAX_HEADER)
            header = _parse_header(head, path)
            size = file.seek(0, 2) - header.size
            file.seek(header.size)
            _check_size(header, file.read(8), size, path)
        return {field.name for field in header.fields}

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`: one ASCII and one binary file, the second with padding."""
        head = "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z _ intensity label\nSIZE 4 4 4 1 4 2\nTYPE F F F U F U\n"
        size = "WIDTH 3\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 3\n"
        rows = "1 2 0 0 0.5 1\n4 5 0 0 0.25 2\n7 8 1 0 0.75 2\n"
        (folder / "scan1.pcd").write_text(f"{head}COUNT 1 1 1 1 1 1\n{size}DATA ascii\n{rows}")
        fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("pad", "V4"), ("i", "<f4"), ("label", "<u2")]
        data = np.zeros(3, fields)
        for i, (x, y, z, _, intensity, label) in enumerate(row.split() for row in rows.splitlines()):
            data[i] = (x, y, z, b"", intensity, label)
        binary = f"{head}COUNT 1 1 1 4 1 1\n{size}DATA binary\n".encode() + data.tobytes()
        (folder / "scan2.pcd").write_bytes(binary)
        return folder


ENTRY = PcdReader()
