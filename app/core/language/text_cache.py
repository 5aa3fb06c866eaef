"""Vectors of prompts that were asked before, on the disk and in memory."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.core.errors import DataError
from app.core.files import write_atomically

MOST_FILES = 4096
"""Vectors kept on the disk for one CLIP, some 2 KB each; the ones not used for longest go."""

IN_MEMORY = 2048


def text_folder() -> Path:
    """Where they lie: the user's cache, or ``$LIDARSCOPE_HOME``; it need not exist yet."""
    stated = os.environ.get("LIDARSCOPE_HOME")
    if stated:
        return Path(stated) / "text"
    from platformdirs import user_cache_path

    return user_cache_path("lidarscope") / "text"


class TextCache:
    """Vectors by CLIP, sentences and prompt. A file that cannot be read counts as absent and is written anew."""

    def __init__(self, folder: Path | None = None, most: int = MOST_FILES) -> None:
        self.folder = folder or text_folder()
        self.most = most
        self._memory: OrderedDict[Path, np.ndarray] = OrderedDict()
        self._counts: dict[Path, int] = {}
        self._lock = threading.Lock()

    def get(self, identity: str, templates: Sequence[str], prompt: str) -> np.ndarray | None:
        """(D,) float32 unit vector, or None."""
        path = self._path(identity, templates, prompt)
        with self._lock:
            if path in self._memory:
                self._memory.move_to_end(path)
                return self._memory[path]
        try:
            vector = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
            os.utime(path)  # the time says when it was last of use
        except (OSError, ValueError, EOFError):
            return None
        if vector.ndim != 1 or vector.dtype != np.float32 or not np.isfinite(vector).all():
            return None
        self._remember(path, vector)
        return np.asarray(vector)

    def put(self, identity: str, templates: Sequence[str], prompt: str, vector: np.ndarray) -> None:
        """Keep a (D,) unit vector. Where the disk refuses it is kept in memory alone, and the log says so."""
        path = self._path(identity, templates, prompt)
        vector = np.ascontiguousarray(vector, np.float32)
        self._remember(path, vector)
        buffer = io.BytesIO()
        np.save(buffer, vector, allow_pickle=False)
        try:
            write_atomically(path, buffer.getvalue())
            self._bound(path.parent)
        except (DataError, OSError) as error:
            logging.getLogger(__name__).warning("Text is not kept on the disk: %s", error)

    def _path(self, identity: str, templates: Sequence[str], prompt: str) -> Path:
        key = json.dumps([identity, list(templates), prompt])
        return self.folder / (identity or "unknown") / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"

    def _remember(self, path: Path, vector: np.ndarray) -> None:
        vector.setflags(write=False)
        with self._lock:
            self._memory[path] = vector
            while len(self._memory) > IN_MEMORY:
                self._memory.popitem(last=False)

    def _bound(self, folder: Path) -> None:
        """Delete what was not used for longest, once there are too many; counting is done now and then only."""
        with self._lock:
            self._counts[folder] = self._counts.get(folder, self.most) + 1
            if self._counts[folder] <= self.most:
                return
            found = sorted(folder.glob("*.npy"), key=lambda path: path.stat().st_mtime)
            keep = self.most - self.most // 8
            excess = found[: len(found) - keep] if len(found) > self.most else []
            for path in excess:
                path.unlink(missing_ok=True)
            self._counts[folder] = len(found) - len(excess)
