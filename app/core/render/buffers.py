"""Picture slots in shared memory: the window makes and unlinks them, the render process writes into them.

The window owns them, so a render process that dies leaves nothing behind; a window that dies has its
resource tracker, a process of Python's own, unlink what it made.
"""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

import numpy as np

_ALIGN = 64


@dataclass(frozen=True)
class PictureArrays:
    """``image`` (h, w, 3) uint8; where picking is wanted ``index`` (h, w) int32 and ``depth`` (h, w) float32."""

    image: np.ndarray
    index: np.ndarray
    depth: np.ndarray


def needed(width: int, height: int, picking: bool) -> int:
    """Bytes of one picture."""
    return _aligned(width * height * 3) + (2 * _aligned(width * height * 4) if picking else 0)


def arrays(memory: SharedMemory, width: int, height: int, picking: bool) -> PictureArrays:
    """The arrays of a picture of that size inside a slot; without picking the last two are empty."""
    # frombuffer, not ndarray(buffer=…): that one lets go of the memory at once, and a segment that is closed while
    # somebody copies from it would be unmapped under the copy
    held, pixels = memory.buf, height * width
    assert held is not None, "the segment has been closed"
    image = np.frombuffer(held, np.uint8, 3 * pixels).reshape(height, width, 3)
    if not picking:
        return PictureArrays(image, np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32))
    at = _aligned(image.nbytes)
    index = np.frombuffer(held, np.int32, pixels, at).reshape(height, width)
    depth = np.frombuffer(held, np.float32, pixels, at + _aligned(index.nbytes)).reshape(height, width)
    return PictureArrays(image, index, depth)


def create(size: int) -> SharedMemory:
    """A new segment of at least ``size`` bytes, called after the project and this process."""
    name = f"lidarscope_{os.getpid()}_{secrets.token_hex(4)}"  # some systems allow 30 letters
    return SharedMemory(name, create=True, size=max(size, 1))


def attach(name: str) -> SharedMemory:
    """Open a segment that another process owns, without becoming answerable for it."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    # Before 3.13 opening registers with the resource tracker, which would then unlink, at our end, what is
    # not ours. Registering is one module-level function; the render process opens segments in one thread.
    register = resource_tracker.register
    resource_tracker.register = lambda name, rtype: None
    try:
        return SharedMemory(name)
    finally:
        resource_tracker.register = register


def discard(memory: SharedMemory) -> None:
    """Close and unlink a segment that this process made."""
    with suppress(FileNotFoundError):
        memory.unlink()
    close(memory)


def close(memory: SharedMemory) -> None:
    """Unmap a segment; where arrays of :func:`arrays` still look at it, the mapping goes with the last of them."""
    with suppress(BufferError):
        memory.close()


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN
