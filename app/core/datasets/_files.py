"""Reading files for the readers: every failure becomes one sentence, memory follows the file's real size."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.core.errors import DataError

TEXT_LIMIT = 64 << 20
"""Bytes of the largest text file (calibration, poses, times) that is read; KITTI's longest has 1 MB."""


@contextmanager
def explained(path: Path | str) -> Iterator[None]:
    """Turn an operating-system error about ``path`` into a ``DataError``."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path} is missing; it was moved or deleted, or never there.") from None
    except PermissionError:
        raise DataError(f"{path} may not be read; check its permissions.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder where a file was expected.") from None
    except NotADirectoryError:
        raise DataError(f"{path} is a file where a folder was expected.") from None
    except MemoryError:
        raise DataError(f"{path} does not fit into memory; close other programs or split the file.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); check the disk.") from None


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sort key that puts ``scan2`` before ``scan10``."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def natural_sorted(names: list[str]) -> list[str]:
    """Names in natural order. Zero-padded numbers, the usual case, need no key."""
    if len({len(name) for name in names}) <= 1:
        return sorted(names)
    return sorted(names, key=natural_key)


def list_names(folder: Path | str, suffixes: tuple[str, ...]) -> list[str]:
    """Names of the files in ``folder`` that end in one of the lower-case ``suffixes``, natural order.

    One ``scandir`` and no look at the single files, so that 4541 scans open at once. ``DataError`` where the
    folder cannot be listed.
    """
    with explained(folder), os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".")]
    return natural_sorted([name for name in names if name.lower().endswith(suffixes)])


def holds(folder: Path | str, suffixes: tuple[str, ...]) -> bool:
    """Whether a folder holds a file that ends in one of the lower-case suffixes; False where it cannot be told."""
    try:
        with os.scandir(folder) as entries:
            return any(e.name.lower().endswith(suffixes) and not e.name.startswith(".") for e in entries)
    except OSError:
        return False


def list_folders(folder: Path | str) -> list[str]:
    """Names of the folders in ``folder``, natural order; ``DataError`` where it cannot be listed."""
    with explained(folder), os.scandir(folder) as entries:
        return natural_sorted([e.name for e in entries if e.is_dir() and not e.name.startswith(".")])


def stem(name: str) -> str:
    """A file's name without its last suffix."""
    return name.rpartition(".")[0] or name


def by_stem(folder: Path | str, suffixes: tuple[str, ...], problems: list[str]) -> dict[str, str]:
    """Stem to file name for the files of a folder; empty where there is no such folder.

    A folder that may not be listed is empty too, and a sentence in ``problems``: what lies beside the scans
    must not keep them from being shown.
    """
    if not Path(folder).is_dir():
        return {}
    try:
        return {stem(name): name for name in list_names(folder, suffixes)}
    except DataError as error:
        problems.append(str(error))
        return {}


def read_bytes(path: Path | str, limit: int | None = None) -> bytes:
    """A file's bytes; ``DataError`` where it cannot be read or is larger than ``limit``."""
    with explained(path), open(path, "rb") as file:  # noqa: PTH123 - str paths too, and faster
        if limit is not None and os.fstat(file.fileno()).st_size > limit:
            size = f"{limit >> 20} MB"
            raise DataError(f"{path} is larger than {size}, too large for a file of its kind; check what it is.")
        return file.read()


def read_text(path: Path | str) -> str:
    """A small text file; bytes that are no UTF-8 become replacement characters, so numbers stay readable."""
    return read_bytes(path, TEXT_LIMIT).decode("utf-8-sig", errors="replace")


def read_records(path: Path | str, dtype: np.dtype, what: str) -> np.ndarray:
    """Read a file of records without a header, (records,) of ``dtype``.

    Parameters
    ----------
    dtype : one record
    what : what a record is, for the error message ("a point: x, y, z, remission as float32")

    Raises
    ------
    DataError
        The file cannot be read, or its size is no whole number of records.
    """
    with explained(path), open(path, "rb", buffering=0) as file:  # noqa: PTH123 - measured: pathlib is slower
        size = os.fstat(file.fileno()).st_size
        count, rest = divmod(size, dtype.itemsize)
        if rest:
            raise DataError(
                f"{path} has {size} bytes, which is no whole number of {dtype.itemsize}-byte records ({what}); "
                "it was probably cut short, copy it again."
            )
        # Uninitialised on purpose: every byte is read below or the call fails.
        array = np.empty(count, dtype)
        buffer = array.view(np.uint8).data
        done = 0
        while done < size:
            got = file.readinto(buffer[done:])
            if not got:
                raise DataError(f"{path} became shorter while it was read; open it again when it is complete.")
            done += got
    return array


def sample_of(names: list[str], limit: int = 3) -> str:
    """The first few names for a sentence."""
    return ", ".join(names[:limit]) + (" …" if len(names) > limit else "")
