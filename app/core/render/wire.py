"""Messages over a pipe between our own processes: pickle 5 with the arrays sent as they lie in memory."""

from __future__ import annotations

import pickle
import struct
from multiprocessing.connection import Connection
from typing import Any


def send(connection: Connection, message: object) -> None:
    """Send one message; arrays of it are not copied on the way into the pipe.

    Raises
    ------
    OSError
        The other side has gone.
    """
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    connection.send_bytes(struct.pack("<I", len(buffers)) + body)
    for buffer in buffers:
        connection.send_bytes(buffer.raw())


def receive(connection: Connection) -> Any:
    """Wait for the next message.

    Raises
    ------
    EOFError, OSError
        The other side has gone.
    """
    head = connection.recv_bytes()
    count = struct.unpack_from("<I", head)[0]
    buffers = [bytearray(connection.recv_bytes()) for _ in range(count)]
    # What arrives here was written by our own other process over a private pipe, never read from data.
    return pickle.loads(memoryview(head)[4:], buffers=buffers)  # noqa: S301
