"""LAS and LAZ tiles (ASPRS LAS 1.1 to 1.4), LAZ through lazrs."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.core.datasets._columns import Cloud, origin_of
from app.core.datasets._files import explained, read_records
from app.core.datasets._plain import PlainReader
from app.core.datasets.base import OpenOptions
from app.core.errors import DataError
from app.core.label_sets import ASPRS_LAS
from app.core.labels import LabelSet

_SHORTEST_HEADER = 227
_MAX_HEADER = 375
_STEP_BYTES = 64 << 20
_MOST_PER_BYTE = 1000
"""LAZ packs a million equal points into 10 kB, 94 a byte; a header that claims ten times that lies."""
_SMALLEST_CHUNK = 20
_KNOWN = {"x": "X", "y": "Y", "z": "Z"}
_COLORS = ("red", "green", "blue")
_PIECE = 1 << 15
"""Rows that are computed at once."""
_ON_REQUEST = frozenset(
    {
        *("return_number", "number_of_returns", "scan_direction_flag", "edge_of_flight_line", "synthetic"),
        *("key_point", "withheld", "overlap", "scanner_channel", "scan_angle_rank", "scan_angle", "user_data"),
        *("point_source_id", "gps_time", "nir", "wavepacket_index", "wavepacket_offset", "wavepacket_size"),
        *("return_point_wave_location", "x_t", "y_t", "z_t"),
    }
)
"""The standard's dimensions that no field of a frame takes: unpacked when someone asks for them."""


@dataclass(frozen=True)
class _Header:
    """What is checked before the library sees the file."""

    points: int
    record: int
    start: int
    is_compressed: bool
    scales: np.ndarray
    offsets: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def origin(self) -> np.ndarray:
        """(3,) whole metres in the middle of the header's bounds where they are far out, else zeros."""
        origin = origin_of(self.low, self.high)
        return np.zeros(3) if origin is None else origin


def _parse_header(head: bytes, size: int, path: Path) -> _Header:
    """Read and check the public header block; ``DataError`` where it lies or the format is unknown."""
    if not head.startswith(b"LASF") or len(head) < _SHORTEST_HEADER:
        raise DataError(f"{path} is no LAS or LAZ file (its first bytes say otherwise).")
    minor, header_size = head[25], struct.unpack_from("<H", head, 94)[0]
    start, num_vlrs, point_format, record, points = struct.unpack_from("<IIBHI", head, 96)
    if minor >= 4 and len(head) >= 255:
        points = struct.unpack_from("<Q", head, 247)[0]
    numbers = np.array(struct.unpack_from("<12d", head, 131))
    header = _Header(
        points,
        record,
        start,
        bool(point_format & 0xC0),
        numbers[:3],
        numbers[3:6],
        numbers[[7, 9, 11]],
        numbers[[6, 8, 10]],
    )
    if header_size > start or start > size or num_vlrs * 54 > start - header_size or not record:
        raise DataError(
            f"{path}: the sizes in its header do not fit a file of {size} bytes; it was cut short or lies."
        )
    room = (size - start) * _MOST_PER_BYTE if header.is_compressed else (size - start) // record
    if points > room:
        raise DataError(
            f"{path} claims {points} points in its header but has {size - start} bytes of data; "
            "it was cut short or its header lies."
        )
    if not np.isfinite(numbers[:6]).all() or (numbers[:3] == 0).any():
        raise DataError(f"{path}: the scales or offsets of its header are no usable numbers; save it again.")
    return header


def _check_chunks(data: np.ndarray, header: _Header, path: Path) -> None:
    """The table of a LAZ file's compressed chunks must lie in the file and name no more than fit in it."""
    broken = DataError(f"{path}: its table of compressed chunks is broken; it was cut short, fetch it again.")
    if len(data) < header.start + 16:
        raise broken
    (at,) = struct.unpack_from("<q", data.data, header.start)
    if at == -1:  # written by a program that could not go back: the offset is in the last bytes
        (at,) = struct.unpack_from("<q", data.data, len(data) - 8)
    if not header.start + 8 <= at <= len(data) - 8:
        raise broken
    version, chunks = struct.unpack_from("<II", data.data, at)
    if version != 0 or chunks > len(data) // _SMALLEST_CHUNK:
        raise broken


@contextmanager
def _library(path: Path) -> Iterator[None]:
    """laspy and lazrs raise a dozen types for broken files, and lazrs' Rust code can panic."""
    try:
        yield
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{path} does not fit into memory; split it into tiles.") from None
    except Exception as error:  # noqa: BLE001
        raise DataError(
            f"{path} is no whole LAS or LAZ file ({str(error)[:120] or type(error).__name__})."
        ) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"{path} is no whole LAZ file (its compressed data are broken); fetch it again.") from None


def read_las(data: np.ndarray, path: Path) -> Cloud:
    """The points of a LAS or LAZ file's bytes (B,) uint8. ``DataError`` where they cannot be read."""
    header = _parse_header(data[:_MAX_HEADER].tobytes(), len(data), path)
    if not header.points:
        return Cloud({name: np.zeros(0, np.float32) for name in "xyz"}, origin=header.origin)
    if header.is_compressed:
        _check_chunks(data, header, path)
    with _library(path):
        record = _record(data, header, path)
        columns, origin = _coordinates(record.array, header)
        makers: dict[str, Callable[[], np.ndarray]] = {}
        for name in record.point_format.dimension_names:
            if name in _ON_REQUEST:
                makers[name] = partial(_values, record, name)
            elif name not in _KNOWN.values():
                columns.update(_split(name, _values(record, name)))
    notes: list[str] = []
    _narrow_colors(columns, notes, path)
    return Cloud(columns, notes, origin, makers)


def _coordinates(rows: np.ndarray, header: _Header) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """x, y and z (N,) float32, metres from the origin (3,) float64 that is returned with them.

    The origin is the header's, and where its bounds lie the middle of what the points say. Computed in pieces
    that stay in the processor's cache, in float64, because map coordinates are too large for float32.
    """
    count = len(rows)
    raw = np.empty((3, count), np.int32)  # uninitialised on purpose: every row is written below
    points = np.empty((3, count), np.float32)
    ends = np.zeros((3, 2))
    pieces = [slice(first, first + _PIECE) for first in range(0, count, _PIECE)]
    for piece in pieces:
        for axis, name in enumerate(_KNOWN.values()):
            raw[axis, piece] = rows[name][piece]
    for axis in range(3):
        ends[axis] = raw[axis].min(), raw[axis].max()
    ends = ends * header.scales[:, None] + (header.offsets - header.origin)[:, None]
    further = origin_of(ends.min(axis=1), ends.max(axis=1))
    origin = header.origin if further is None else header.origin + further
    with np.errstate(over="ignore", invalid="ignore"):
        for axis in range(3):
            shift = header.offsets[axis] - origin[axis]
            for piece in pieces:
                points[axis, piece] = raw[axis, piece] * header.scales[axis] + shift
    return {name: points[axis] for axis, name in enumerate(_KNOWN)}, origin


def _values(record: Any, name: str) -> np.ndarray:
    """A view of the records where the field is a number of its own, else its bits or scaled values."""
    return np.asarray(record[name])


def _record(data: np.ndarray, header: _Header, path: Path) -> Any:
    """All point records: views of the file's bytes, or unpacked in steps so that a lying count reserves little."""
    import laspy

    seen = data if header.is_compressed else data[: header.start]  # the library need not copy what we view
    file = io.BytesIO(seen.tobytes())
    with laspy.open(file, laz_backend=laspy.LazBackend.LazrsParallel, read_evlrs=False) as reader:
        kind = reader.header.point_format
        if kind.size != header.record:
            raise DataError(
                f"{path}: its points are {header.record} bytes long, but what it says of their columns adds up to "
                f"{kind.size}; save it again."
            )
        if header.is_compressed:
            _check_items(reader, header, path)
            step = max(1, _STEP_BYTES // header.record)
            parts = [chunk.array for chunk in reader.chunk_iterator(step)]
            rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
        else:
            rows = np.frombuffer(data, kind.dtype(), header.points, header.start)
    if len(rows) != header.points:
        raise DataError(
            f"{path} claims {header.points} points in its header but has {len(rows)}; it was cut short."
        )
    return laspy.ScaleAwarePointRecord(rows, kind, header.scales, header.offsets)


def _check_items(reader: Any, header: _Header, path: Path) -> None:
    """The compressor's own description of a point must have the header's length: memory is reserved by it."""
    import lazrs

    vlrs = reader.header.vlrs
    described = lazrs.LazVlr(vlrs[vlrs.index("LasZipVlr")].record_data).item_size()
    if described != header.record:
        raise DataError(f"{path}: its header and its compressor disagree on the size of a point; fetch it again.")


def _split(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    if values.ndim == 1:
        return {name: values}
    return {f"{name}_{i}": values[:, i] for i in range(values.shape[1])}


def _narrow_colors(columns: dict[str, np.ndarray], notes: list[str], path: Path) -> None:
    """The standard wants colours of 16 bits; many programs write bytes, which are black when taken as such."""
    if not all(name in columns for name in _COLORS):
        return
    if max(int(columns[name].max(initial=0)) for name in _COLORS) < 256:
        if any(columns[name].any() for name in _COLORS):
            notes.append(f"{path} keeps colours as bytes where the standard has 16 bits; they are shown as bytes.")
        columns.update({name: columns[name].astype(np.uint8) for name in _COLORS})


class LasReader(PlainReader):
    """Opens one LAS or LAZ file or a folder of tiles.

    Coordinates of a map are too large for float32: the whole metres in the middle of the header's bounds
    become ``world_from_sensor`` and the points are kept relative to them.
    """

    format = "las"
    title = "LAS / LAZ"
    suffixes = (".las", ".laz")

    def load(self, path: Path, options: OpenOptions) -> Cloud:
        """See :meth:`PlainReader.load`."""
        return read_las(read_records(path, np.dtype(np.uint8), "a byte"), path)

    def probe(self, path: Path, options: OpenOptions) -> set[str]:
        """See :meth:`PlainReader.probe`."""
        self._header(path)
        return {"x", "y", "z", "intensity", "classification"}

    def origin(self, path: Path) -> np.ndarray:
        """See :meth:`PlainReader.origin`."""
        return self._header(path).origin

    def _header(self, path: Path) -> _Header:
        with explained(path), path.open("rb") as file:
            head = file.read(_MAX_HEADER)
            size = file.seek(0, 2)
        return _parse_header(head, size, path)

    def label_set(self) -> LabelSet:
        """The classes of the standard."""
        return ASPRS_LAS

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`: a LAS and a LAZ tile in the coordinates of a map."""
        import laspy

        header = laspy.LasHeader(point_format=7, version="1.4")
        header.scales, header.offsets = np.full(3, 0.001), np.array([500_000.0, 5_000_000.0, 0.0])
        for i, name in enumerate(("tile1.las", "tile2.laz")):
            tile = laspy.LasData(header)
            tile.x = np.array([500_010.125, 500_011.5, 500_012.0]) + 10 * i
            tile.y = np.array([5_000_001.0, 5_000_002.5, 5_000_003.0])
            tile.z = np.array([100.0, 101.0, 102.5])
            tile.intensity = np.array([10, 20, 30])
            tile.classification = np.array([2, 6, 5])
            tile.red = tile.green = tile.blue = np.array([0, 30_000, 65_535])
            tile.gps_time = np.array([1.0, 1.5, 2.0])
            tile.write(folder / name)
        return folder


ENTRY = LasReader()
