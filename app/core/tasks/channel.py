"""Objects between two processes over a pair of pipes; big arrays travel beside the pickle, uncopied.

Pickle is safe here: both ends are our own processes, started by us, over pipes that nobody else can open.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
from typing import Any

import numpy as np

PIPE_BYTES = 1 << 20
"""Wanted capacity of a pipe: fewer turns between writer and reader than with the usual 64 kB."""

_COUNT = struct.Struct("<I")


class Channel:
    """Sends and receives whole objects. One thread may send while another receives, not two at once.

    Parameters
    ----------
    incoming, outgoing : raw (unbuffered) binary files, the two pipes
    """

    def __init__(self, incoming: io.FileIO, outgoing: io.FileIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        _enlarge(outgoing)

    def send(self, message: object) -> None:
        """Send one object; blocks until the other end has taken all but the last of it.

        ``OSError`` (a broken pipe) or ``ValueError`` (closed here) when the other end is gone.
        """
        aside: list[pickle.PickleBuffer] = []
        body = pickle.dumps(message, protocol=5, buffer_callback=aside.append)
        parts = [memoryview(body), *(buffer.raw() for buffer in aside)]
        sizes = struct.pack(f"<{len(parts)}Q", *(part.nbytes for part in parts))
        for part in (memoryview(_COUNT.pack(len(parts)) + sizes), *parts):
            self._write(part)

    def receive(self) -> Any:
        """The next object; waits for it. ``EOFError`` when the other end is gone."""
        (count,) = _COUNT.unpack(self._read(_COUNT.size))
        sizes = struct.unpack(f"<{count}Q", self._read(8 * count))
        body, *aside = [self._read(size) for size in sizes]
        return pickle.loads(body, buffers=aside)  # noqa: S301 - see the module's first lines

    def close(self) -> None:
        """Close both pipes; the other end sees the end of the file."""
        for pipe in (self._outgoing, self._incoming):
            with contextlib.suppress(OSError):
                pipe.close()

    def _write(self, data: memoryview) -> None:
        sent = 0
        while sent < len(data):
            sent += self._outgoing.write(data[sent:]) or 0

    def _read(self, size: int) -> memoryview:
        """The next ``size`` bytes, in memory of their own that arrays made of them may write to."""
        view = np.empty(size, np.uint8).data  # unlike a bytearray, not filled with zeros first
        done = 0
        while done < size:
            got = self._incoming.readinto(view[done:])
            if not got:
                raise EOFError("the other process has closed its end")
            done += got
        return view


def _enlarge(pipe: io.FileIO) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError):  # Linux alone can
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
