"""Language features on the disk, a file a frame: found again after a restart, the longest unused go first.

What is stored is float16 as it was computed, so a stored frame and a fresh one give the same answers. A store that
cannot be written is no reason to stop: one sentence goes to the log, and work goes on without storing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import os
import shutil
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import DataError
from app.core.files import write_atomically
from app.core.language.features import PointFeatures, Regions

log = logging.getLogger(__name__)

VERSION = 1
"""Of what is computed and how it is written; files of another version are not found."""

SUFFIX = ".npz"
HALF_WRITTEN = ".part"
INDEX = "index"
"""Folder in the store with one folder for each sequence index."""

ABANDONED = 3600.0
"""Seconds after which a file that was being written is taken for one that nobody finishes."""

IN_USE = 600.0
"""Seconds for which an index that was written or searched is not removed to make room."""

_ARRAYS = ("table", "row", "views")
_REGIONS = ("camera", "box", "center", "points", "segment")

_told: set[str] = set()
"""Sentences about the disk that are in the log already; one is enough."""
_lock = threading.Lock()


def store_folder() -> Path:
    """Where features are kept: in ``$LIDARSCOPE_HOME``, or the user's cache folder."""
    stated = os.environ.get("LIDARSCOPE_HOME")
    if stated:
        return Path(stated) / "features"
    from platformdirs import user_cache_path

    return user_cache_path("lidarscope") / "features"


@dataclass(frozen=True)
class StoreKey:
    """What a stored frame depends on.

    Attributes
    ----------
    sequence : path, name and options of the sequence, as text
    frame : its number
    content : everything else that decides the numbers: the frame's own bytes, CLIP, method and options, as text
    """

    sequence: str
    frame: int
    content: str

    @property
    def name(self) -> Path:
        """The file's path inside the store."""
        return Path(digest(self.sequence)) / f"{self.frame:06d}-{digest(self.content)}{SUFFIX}"


class FeatureStore:
    """Features of frames in a folder; any thread and any number of processes may use one folder.

    Parameters
    ----------
    folder : None for the user's own
    limit : most bytes; None for what the settings say at the moment of writing
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None) -> None:
        self.folder = folder or store_folder()
        self._limit = limit

    @property
    def limit(self) -> int:
        """Most bytes that are kept."""
        if self._limit is not None:
            return self._limit
        from app.core.settings import load_settings

        return load_settings()[0].features_mb << 20

    @property
    def bytes(self) -> int:
        """What is stored now."""
        return sum(size for _, size, _ in [*self._files(), *self._indexes()])

    def get(self, key: StoreKey) -> PointFeatures | None:
        """Stored features, or None. A file that cannot be read is removed, with a line in the log."""
        path = self.folder / key.name
        try:
            found = _read(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged (%s); it is dropped and computed again.", path, error)
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # the longest unused go first
        return found

    def put(self, key: StoreKey, features: PointFeatures) -> bool:
        """Store features and make room for them; whether that was done. Never raises for the disk's sake."""
        limit = self.limit
        if features.nbytes > limit:
            if limit:
                _say(
                    f"Features of one frame take {features.nbytes >> 20} MB, more than the {limit >> 20} MB that "
                    "may be stored; they are not kept. Raise 'Stored features' in the preferences."
                )
            return False
        path = self.folder / key.name
        try:
            self.make_room(features.nbytes)
            write_atomically(path, lambda file: np.savez(file, **_arrays(features)))
        except DataError as error:
            _say(f"Features are not stored, and work goes on without: {error}", once=str(self.folder))
            return False
        return True

    def make_room(self, size: int) -> None:
        """Remove what was not used for longest until ``size`` more bytes fit the limit."""
        with _lock:
            limit = self.limit
            files = sorted([*self._files(), *self._indexes()])
            total = sum(held for _, held, _ in files) + size
            for used, held, path in files:
                if total <= limit:
                    return
                if path.is_dir() and time.time() - used < IN_USE:
                    continue
                with contextlib.suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    total -= held

    def _files(self) -> list[tuple[float, int, Path]]:
        """Time of last use, bytes and path of all that is stored; half-written files that nobody finishes go."""
        found = []
        for folder in _folders(self.folder):
            for entry in _entries(folder) if folder.name != INDEX else ():
                try:
                    state = entry.stat()
                    if entry.name.endswith(SUFFIX):
                        found.append((state.st_mtime, state.st_size, Path(entry.path)))
                    elif entry.name.endswith(HALF_WRITTEN) and time.time() - state.st_mtime > ABANDONED:
                        Path(entry.path).unlink()
                except OSError:
                    continue  # another process was quicker
        return found

    def _indexes(self) -> list[tuple[float, int, Path]]:
        """Time of last use, bytes and folder of the sequence indexes."""
        found = []
        for folder in _folders(self.folder / INDEX):
            states = [entry.stat() for entry in _entries(folder)]
            newest = max((state.st_mtime for state in states), default=0.0)
            found.append((newest, sum(state.st_size for state in states), Path(folder.path)))
        return found


def digest(text: str) -> str:
    """16 hex digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _arrays(features: PointFeatures) -> dict[str, Any]:
    arrays: dict[str, Any] = {name: getattr(features, name) for name in _ARRAYS}
    about = {"way": features.way, "clip": features.clip, "origin": features.origin}
    arrays |= {name: np.array(text) for name, text in about.items()}
    if features.regions is not None:
        arrays |= {f"region_{name}": getattr(features.regions, name) for name in _REGIONS}
        arrays["region_cameras"] = np.array(features.regions.cameras, dtype=np.str_)
    return arrays


def _read(path: Path) -> PointFeatures:
    with np.load(path, allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    regions = None
    if "region_camera" in arrays:
        names = tuple(str(name) for name in arrays["region_cameras"])
        regions = Regions(**{name: arrays[f"region_{name}"] for name in _REGIONS}, cameras=names)
    features = PointFeatures(
        **{name: arrays[name] for name in _ARRAYS},
        way=str(arrays["way"]),
        clip=str(arrays["clip"]),
        origin=str(arrays["origin"]),
        regions=regions,
    )
    _check(features)
    return features


def _check(features: PointFeatures) -> None:
    """``ValueError`` unless the arrays fit each other."""
    table, row = features.table, features.row
    if table.ndim != 2 or table.dtype != np.float16 or row.ndim != 1 or row.dtype != np.int32:
        raise ValueError("its arrays are not those of features")
    if len(features.views) != len(table) or (len(row) and row.max() >= len(table)):
        raise ValueError("its arrays do not fit each other")
    if features.regions is not None:
        lengths = {len(getattr(features.regions, entry.name)) for entry in dataclasses.fields(Regions)[:5]}
        if lengths != {len(table)}:
            raise ValueError("its regions do not fit its features")


def _folders(root: Path) -> list[os.DirEntry[str]]:
    return [entry for entry in _entries(root) if entry.is_dir()]


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _say(sentence: str, once: str = "") -> None:
    """Warn, but of the same thing (``once``, else the same sentence) a single time."""
    if (once or sentence) not in _told:
        _told.add(once or sentence)
        log.warning("%s", sentence)
