"""Weights of a CLIP on the disk: what the files hold, and that they are what they say."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from app.models import _safetensors, checkpoints
from app.models.clip.errors import ClipError, ClipStopped

BLOCK = 1 << 20

_identities: dict[tuple[str, int, int], str] = {}
"""SHA-256 of files that were read lately, by path, size and time of change."""
_lock = threading.Lock()

T = TypeVar("T")

Shapes = dict[str, tuple[int, ...]]


def read(files: Sequence[Path]) -> dict[str, Tensor]:
    """Tensors by name of all files together, on the CPU; ``ClipError`` where they cannot be had. Runs no code."""
    state: dict[str, Tensor] = {}
    for path in files:
        refuse_archive(path)
        try:
            state |= checkpoints.read(path).state
        except checkpoints.CheckpointError as error:
            raise ClipError(str(error)) from error
    return plain(state)


def shapes(files: Sequence[Path]) -> tuple[Shapes, float]:
    """Shapes of all tensors by name and the natural logarithm of the logit scale (NaN where there is none).

    Of safetensors only the first bytes are read. ``ClipError`` as :func:`read`.
    """
    if any(path.suffix != ".safetensors" for path in files):
        state = read(files)
        scale = state.get("logit_scale")
        return {name: tuple(value.shape) for name, value in state.items()}, _number(scale)
    found: Shapes = {}
    scale = None
    for path in files:
        try:
            part, _ = _safetensors.shapes(path)
            found |= part
            few, _ = _safetensors.read(path, names=("logit_scale", "module.logit_scale"))
        except OSError as error:
            raise ClipError(f"{path} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise ClipError(f"{path} is not a whole safetensors file: {error}; copy it again.") from error
        scale = next(iter(few.values()), scale)
    return plain(found), _number(scale)


def _number(value: Tensor | None) -> float:
    return float("nan") if value is None or value.numel() != 1 else float(value.float().reshape(()))


def plain(named: dict[str, T]) -> dict[str, T]:
    """Without the prefix that training on several GPUs leaves, and without what OpenAI keeps beside the weights."""
    if named and all(name.startswith("module.") for name in named):
        named = {name.removeprefix("module."): value for name, value in named.items()}
    beside = ("input_resolution", "context_length", "vocab_size")
    return {name: value for name, value in named.items() if name not in beside}


def refuse_archive(path: Path) -> None:
    """``ClipError`` where a file is a TorchScript archive: it holds a program, which would run on loading."""
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            programs = [name for name in archive.namelist() if "/code/" in f"/{name}"]
    except (OSError, zipfile.BadZipFile):
        return  # the reader says better what is wrong
    if programs:
        raise ClipError(
            f"{path} is a TorchScript archive, as OpenAI published its CLIP: it holds a program, and no program is "
            "run from a file. Use the same weights without it: open_clip's tag 'openai' (a safetensors file), or "
            "the state dict saved from it."
        )


def size(files: Sequence[Path]) -> int:
    """Bytes of the files together."""
    return sum(path.stat().st_size for path in files)


def identity(files: Sequence[Path], stopped: Callable[[], bool] | None = None) -> str:
    """First 12 hex digits of the files' SHA-256 (of the digests', where they are several).

    Read again only when a file has changed. ``ClipStopped`` when asked to stop.
    """
    digests = [sha256(path, stopped) for path in files]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return whole[:12]


def sha256(path: Path, stopped: Callable[[], bool] | None = None) -> str:
    """SHA-256 of a file in hex; ``ClipError`` where it cannot be read."""
    try:
        about = path.stat()
        key = (str(path.resolve()), about.st_size, about.st_mtime_ns)
        with _lock:
            if key in _identities:
                return _identities[key]
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                if stopped is not None and stopped():
                    raise ClipStopped(f"Reading {path} was stopped.")
                digest.update(block)
    except OSError as error:
        raise ClipError(f"{path} cannot be read: {error.strerror or error}.") from error
    with _lock:
        _identities[key] = digest.hexdigest()
    return digest.hexdigest()
