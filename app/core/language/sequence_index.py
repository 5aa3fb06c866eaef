"""One packed file of region features for a whole sequence, so that a thousand frames are searched in a moment.

A folder with three files that only grow: ``features.f16`` (rows of D float16), ``regions.bin`` (a record a row),
and ``frames.bin``, a record for each frame that is in, written last. What a killed program has written of a frame
whose record is not there does not count, and is cut off before the next one is added. Searching maps the files into
memory.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.files import lock, write_atomically
from app.core.language.feature_store import INDEX, digest, store_folder
from app.core.language.features import Regions

ABOUT, FEATURES, REGIONS, FRAMES, LOCK = "about.json", "features.f16", "regions.bin", "frames.bin", "lock"
VERSION = 1

REGION = np.dtype([
    ("frame", "<i4"), ("camera", "<i2"), ("points", "<i4"), ("segment", "<i4"), ("box", "<i4", 4),
    ("center", "<f4", 3),
])  # fmt: skip
FRAME = np.dtype([("frame", "<i4"), ("start", "<i8"), ("count", "<i4"), ("content", "S16")])

THREADS = 2
BLOCK = 2048
"""Rows compared at a time: as float32 they stay in the processor's cache."""


@dataclass(frozen=True)
class IndexKey:
    """What an index is of: ``sequence`` and ``content`` (CLIP, way, options) as text; ``size`` D of features."""

    sequence: str
    content: str
    size: int

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return store_folder() / INDEX / digest(f"{VERSION}\n{self.sequence}\n{self.content}")


class SequenceIndex:
    """The indexed frames of a sequence, M regions in all; open for reading.

    Attributes
    ----------
    features : (M, D) float16, unit rows, mapped from the disk
    frame, camera, points, segment : (M,) int32, int16, int32, int32; camera −1: no picture shows the region
    box : (M, 4) int32 pixels, half open; center : (M, 3) float32, metres, sensor frame of its own frame
    live : (M,) bool: False for rows of a frame that was indexed again since
    indexed : frame number to the 16 hex digits of what it was computed from
    cameras : names of the cameras
    """

    def __init__(self, folder: Path) -> None:
        """``DataError`` where there is none, or it is damaged."""
        self.folder = folder
        about = _about(folder)
        self.size = int(about["size"])
        self.cameras = tuple(str(name) for name in about["cameras"])
        records = _records(folder)
        rows = int((records["start"] + records["count"]).max(initial=0))
        self.features = _mapped(folder / FEATURES, np.dtype("<f2"), (rows, self.size))
        regions = _mapped(folder / REGIONS, REGION, (rows,))
        self.frame, self.camera = _column(regions, "frame"), _column(regions, "camera")
        self.points, self.segment = _column(regions, "points"), _column(regions, "segment")
        self.box, self.center = _column(regions, "box"), _column(regions, "center")
        self.indexed: dict[int, str] = {}
        self.live = np.zeros(rows, bool)
        newest = {int(record["frame"]): record for record in records}
        for number, record in newest.items():
            self.indexed[number] = record["content"].decode()
            self.live[record["start"] : record["start"] + record["count"]] = True
        with contextlib.suppress(OSError):
            os.utime(folder / FRAMES)  # the longest unused go first

    @classmethod
    def find(cls, key: IndexKey) -> SequenceIndex | None:
        """The index of a sequence, None where nothing is indexed yet."""
        return cls(key.folder) if (key.folder / ABOUT).is_file() else None

    def __len__(self) -> int:
        return len(self.features)

    def scores(self, queries: np.ndarray) -> np.ndarray:
        """(M, P) float32 cosines of all regions with (P, D) unit queries; −1 for rows that are not ``live``."""
        found = _cosines(self.features, np.ascontiguousarray(queries, np.float32))
        found[~self.live] = -1
        return found

    def best_of_frames(self, scores: np.ndarray, frames: int) -> np.ndarray:
        """(frames,) float32 best score (M,) of each frame's regions, NaN for frames that are not indexed."""
        best = np.full(frames, np.nan, np.float32)
        there = np.array([number for number in self.indexed if number < frames], np.int64)
        best[there] = -1
        rows = np.flatnonzero(self.live & (self.frame < frames))
        np.maximum.at(best, self.frame[rows], scores[rows])
        return best


class IndexWriter:
    """Adds frames to an index; one at a time may write to it. Use :func:`writing`.

    ``indexed``: what each frame that is in was computed from; ``counts``: how many regions it has.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._size = size
        self._frames = _records(folder)
        rows = int((self._frames["start"] + self._frames["count"]).max(initial=0))
        self._files = [_cut(folder / FEATURES, rows * size * 2), _cut(folder / REGIONS, rows * REGION.itemsize)]
        self._log = _cut(folder / FRAMES, len(self._frames) * FRAME.itemsize)
        self._rows = rows
        self.indexed = {int(record["frame"]): record["content"].decode() for record in self._frames}
        self.counts = {int(record["frame"]): int(record["count"]) for record in self._frames}

    @property
    def row_bytes(self) -> int:
        """What a region takes on the disk."""
        return 2 * self._size + REGION.itemsize

    @property
    def bytes(self) -> int:
        """What it takes on the disk now."""
        return self._rows * self.row_bytes

    def add(self, frame: int, content: str, table: np.ndarray, regions: Regions) -> None:
        """Add a frame: (K, D) unit features of its regions, and what they were computed from, 16 hex digits.

        ``DataError`` where the disk refuses; the index is then what it was before.
        """
        count = len(table)
        rows = np.zeros(count, REGION)
        rows["frame"] = frame
        for name in ("camera", "points", "segment", "box", "center"):
            rows[name] = getattr(regions, name)
        record = np.zeros(1, FRAME)
        record[0] = (frame, self._rows, count, content.encode())
        places = [file.tell() for file in (*self._files, self._log)]
        try:
            for file, data in zip(self._files, (np.ascontiguousarray(table, "<f2"), rows), strict=True):
                _write(file, data)
            _write(self._log, record)  # last: from here on the frame counts
        except OSError as error:
            for file, place in zip((*self._files, self._log), places, strict=True):
                file.seek(place)
                file.truncate()
            raise DataError(
                f"The index of the sequence cannot grow ({error.strerror or error}); free some disk space and "
                "index again: what is there is kept."
            ) from None
        self._rows += count
        self.indexed[frame], self.counts[frame] = content, count

    def close(self) -> None:
        """Close the files."""
        for file in (*self._files, self._log):
            file.close()


@contextlib.contextmanager
def writing(key: IndexKey, cameras: tuple[str, ...]) -> Iterator[IndexWriter]:
    """An index to add frames to, made where there is none; a damaged one, or one that holds more outdated rows than
    others, is begun anew.

    ``UsageError`` while another program writes to it; ``DataError`` where the disk refuses.
    """
    folder = key.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise DataError(f"{folder} cannot be written ({error.strerror}); free some disk space.") from None
    try:
        if not lock(descriptor):
            raise UsageError("This sequence is being indexed by another program; wait for it, or stop it.")
        if not _usable(folder, key.size):
            _begin(folder, key, cameras)
        writer = IndexWriter(folder, key.size)
        try:
            yield writer
        finally:
            writer.close()
    finally:
        os.close(descriptor)


def _usable(folder: Path, size: int) -> bool:
    try:
        index = SequenceIndex(folder)
    except DataError:
        return False
    return index.size == size and 2 * int(np.count_nonzero(index.live)) >= len(index)


def _begin(folder: Path, key: IndexKey, cameras: tuple[str, ...]) -> None:
    for name in (ABOUT, FRAMES, REGIONS, FEATURES):
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
    for name in (FRAMES, REGIONS, FEATURES):
        write_atomically(folder / name, b"")
    about = {"version": VERSION, "size": key.size, "cameras": cameras, "sequence": key.sequence, "of": key.content}
    write_atomically(folder / ABOUT, json.dumps(about, indent=2).encode())


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        if int(about["size"]) < 1 or about["version"] != VERSION:
            raise ValueError("of another version")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} is no index of a sequence ({error}); index the sequence again.") from None
    found: dict[str, Any] = about
    return found


def _records(folder: Path) -> np.ndarray:
    """The frames that are in; a torn last record, and frames whose rows are not all there, do not count."""
    try:
        raw = (folder / FRAMES).read_bytes()
        rows = min(
            (folder / FEATURES).stat().st_size // (2 * int(_about(folder)["size"])),
            (folder / REGIONS).stat().st_size // REGION.itemsize,
        )
    except OSError as error:
        raise DataError(f"{folder} is no whole index ({error.strerror}); index the sequence again.") from None
    records = np.frombuffer(raw[: len(raw) // FRAME.itemsize * FRAME.itemsize], FRAME)
    good = (records["count"] >= 0) & (records["start"] >= 0) & (records["start"] + records["count"] <= rows)
    return records[: len(good) if good.all() else int(np.argmin(good))]


def _mapped(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
    if not shape[0]:
        return np.zeros(shape, kind)
    return np.memmap(path, kind, mode="c", shape=shape)  # copy on write: torch wants it writable, the file stays


def _cosines(features: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """(M, P) float32 products of (M, D) float16 rows with (P, D) float32 ones.

    Threads of our own, each with its share of the rows, instead of torch's: those meet after every block, and
    beside a training that uses the processor too the waiting took ten times as long as the work.
    """
    import torch

    from app.models.threads import one_thread

    found = np.empty((len(features), len(queries)), np.float32)
    stored, out, wanted = torch.from_numpy(features), torch.from_numpy(found), torch.from_numpy(queries).T

    def share(first: int, last: int) -> None:
        block = torch.empty((BLOCK, features.shape[1]))
        with torch.inference_mode():
            for start in range(first, last, BLOCK):
                end = min(start + BLOCK, last)
                part = block[: end - start]
                part.copy_(stored[start:end])
                torch.mm(part, wanted, out=out[start:end])

    edges = np.linspace(0, len(features), THREADS + 1).astype(int).tolist()
    with one_thread(), ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(share, edges[:-1], edges[1:]))
    return found


def _column(regions: np.ndarray, name: str) -> np.ndarray:
    return np.ascontiguousarray(regions[name])


def _cut(path: Path, size: int) -> BinaryIO:
    """A file open for writing at ``size``, what came after it cut off."""
    try:
        file = path.open("r+b", buffering=0)
        file.truncate(size)
        file.seek(size)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); free some disk space.") from None
    return file


def _write(file: BinaryIO, data: np.ndarray) -> None:
    """All of it, down to the disk: the order in which files reach it is what a power cut is survived by."""
    raw = memoryview(data.tobytes())
    while raw:
        raw = raw[file.write(raw) :]
    os.fsync(file.fileno())
