"""Raw ``.bin`` records whose columns the user states: nothing in such a file says what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.datasets._columns import Cloud, columns_of
from app.core.datasets._files import explained, read_records
from app.core.datasets._plain import PlainReader
from app.core.datasets._stated import COLUMNS_FILE, HOW, stated_columns
from app.core.datasets.base import OpenOptions
from app.core.errors import DataError


def _record(path: Path, options: OpenOptions) -> np.dtype:
    dtype = stated_columns(path, options)
    if dtype is None:
        raise DataError(f"{path} does not say what its columns are, and a guess could be wrong; {HOW}.")
    return dtype


def _text(dtype: np.dtype) -> str:
    return "a point: " + ", ".join(f"{name} as {dtype[name].name}" for name in dtype.names or ())


class RawBinReader(PlainReader):
    """Opens one ``.bin`` file or a folder of them."""

    format = "bin"
    title = "raw .bin with stated columns"
    suffixes = (".bin",)
    takes_columns = True

    def score(self, path: Path) -> int:
        """As every plain format where a file states the columns; else 15, and ``open`` says how to state them."""
        score = super().score(path)
        folder = path if path.is_dir() else path.parent
        return score if (folder / COLUMNS_FILE).exists() else min(score, 15)

    def load(self, path: Path, options: OpenOptions) -> Cloud:
        """See :meth:`PlainReader.load`."""
        dtype = _record(path, options)
        return Cloud(columns_of(read_records(path, dtype, _text(dtype))))

    def probe(self, path: Path, options: OpenOptions) -> set[str]:
        """See :meth:`PlainReader.probe`."""
        dtype = _record(path, options)
        with explained(path):
            size = path.stat().st_size
        if size % dtype.itemsize:
            raise DataError(
                f"{path} has {size} bytes, which is no whole number of {dtype.itemsize}-byte records "
                f"({_text(dtype)})."
            )
        return set(dtype.names or ())

    def write_example(self, folder: Path) -> Path:
        """See :meth:`Reader.write_example`: two scans and the file that states their columns."""
        (folder / COLUMNS_FILE).write_text("columns: [x, y, z, intensity, 'ring:uint16', 'label:uint16']\n")
        dtype = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "<f4"), ("ring", "<u2"), ("label", "<u2")]
        rows = np.array([(1, 2, 0, 0.5, 0, 1), (4, 5, 0, 0.25, 1, 2), (7, 8, 1, 0.75, 2, 2)], dtype)
        for i in range(2):
            rows.tofile(folder / f"scan{i}.bin")
        return folder


ENTRY = RawBinReader()
