"""NPY and NPZ without trust: no pickled objects, and never more memory than the bytes that are there.

NumPy's own reader reserves what the header claims before it looks at the data; this one looks first.
"""

from __future__ import annotations

import ast
import io
import lzma
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from app.core.datasets._files import explained, read_bytes
from app.core.errors import DataError

_MAX_HEADER = 64 << 10
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
MAX_MEMBER = 4 << 30
"""Bytes of the largest array that is unpacked from an NPZ; deflate can claim a thousand times its size."""


def parse_npy(data: bytes, name: str) -> np.ndarray:
    """The array of an NPY file's bytes, a read-only view of them.

    Raises
    ------
    DataError
        No NPY, pickled objects inside, or fewer data than the header claims; ``name`` opens the sentence.
    """
    shape, fortran, dtype, start = _header(data, name)
    count = _check(shape, dtype, len(data) - start, name)
    array = np.frombuffer(data, dtype, count, start)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)


def _check(shape: tuple[int, ...], dtype: np.dtype, size: int, name: str) -> int:
    """How many values a header claims; ``DataError`` where they are no numbers or ``size`` bytes are too few."""
    if dtype.hasobject:
        raise DataError(f"{name} holds pickled Python objects, which are never loaded; save plain numbers.")
    if not dtype.itemsize:
        raise DataError(f"{name} holds values of zero bytes; save plain numbers.")
    count = math.prod(shape)
    if count * dtype.itemsize > size:
        raise DataError(
            f"{name} has {size} bytes of data where its header claims {count} × {dtype.itemsize}; "
            "it was cut short or its header lies."
        )
    return count


def _header(data: bytes, name: str) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, Fortran order, dtype and where the data start."""
    if data[:6] != b"\x93NUMPY" or len(data) < 12 or data[6] not in (1, 2, 3):
        raise DataError(f"{name} is no NPY array (its first bytes say otherwise).")
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    if start > min(len(data), _MAX_HEADER):
        raise DataError(f"{name} has a broken NPY header; save it again.")
    try:
        fields = ast.literal_eval(data[8 + width : start].decode("utf-8" if data[6] == 3 else "latin1"))
        shape, fortran, descr = fields["shape"], fields["fortran_order"], fields["descr"]
        dtype = np.lib.format.descr_to_dtype(descr)
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError, IndexError):
        raise DataError(f"{name} has a broken NPY header; save it again.") from None
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape) or len(shape) > 32:
        raise DataError(f"{name} has a broken NPY header; save it again.")
    return shape, bool(fortran), dtype, start


def read_npy(path: Path) -> np.ndarray:
    """The array of an NPY file. ``DataError`` as :func:`parse_npy`."""
    return parse_npy(read_bytes(path), str(path))


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an NPZ file by key. ``DataError`` where it or one of them cannot be read."""
    data = read_bytes(path)
    arrays = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".npy"):
                    arrays[info.filename[:-4]] = parse_npy(_member(archive, info, path), f"{path}[{info.filename}]")
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OverflowError,
    ) as e:
        raise DataError(f"{path} is no whole NPZ archive ({e}); save it again.") from None
    return arrays


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    if info.file_size > MAX_MEMBER:
        raise DataError(f"{path}[{info.filename}] claims {info.file_size >> 20} MB; split it into smaller files.")
    with explained(path), archive.open(info) as member:
        return member.read()


def npy_header(path: Path) -> np.dtype:
    """The dtype of an NPY file, once its header and its size are found to agree. ``DataError`` if they do not."""
    with explained(path), path.open("rb") as file:
        head = file.read(_MAX_HEADER)
        size = file.seek(0, 2)
    shape, _, dtype, start = _header(head, str(path))
    _check(shape, dtype, size - start, str(path))
    return dtype


def npz_headers(path: Path) -> list[str]:
    """The names of the arrays in an NPZ file. ``DataError`` where it is no whole archive."""
    try:
        with explained(path), zipfile.ZipFile(path) as archive:
            return [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
    except _BROKEN_ZIP as error:
        raise DataError(f"{path} is no whole NPZ archive ({error}); save it again.") from None
