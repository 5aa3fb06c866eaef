"""Objects through a pair of pipes: equal on the other side, big arrays beside the pickle."""

from __future__ import annotations

import io
import os
import threading

import numpy as np
import pytest

from app.core.errors import DataError
from app.core.tasks.channel import Channel
from app.core.types import Frame


@pytest.fixture
def pair():
    """Two channels joined by two pipes."""
    a_in, b_out = os.pipe()
    b_in, a_out = os.pipe()
    a = Channel(io.FileIO(a_in, "r"), io.FileIO(a_out, "w"))
    b = Channel(io.FileIO(b_in, "r"), io.FileIO(b_out, "w"))
    yield a, b
    a.close()
    b.close()


def through(pair: tuple[Channel, Channel], value: object) -> object:
    sender = threading.Thread(target=pair[0].send, args=(value,))
    sender.start()
    received = pair[1].receive()
    sender.join()
    return received


def test_arrays_larger_than_a_pipe_arrive_whole_and_may_be_written_to(pair) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400_000, 3)).astype(np.float32)
    frame = Frame(4, "000004", points, labels=rng.integers(0, 9, 400_000).astype(np.uint16))
    received = through(pair, ("result", 7, frame))
    assert received[:2] == ("result", 7)
    np.testing.assert_array_equal(received[2].points, points)
    np.testing.assert_array_equal(received[2].labels, frame.labels)
    received[2].points[0] = 1


def test_an_array_that_is_there_twice_travels_once(pair) -> None:
    array = np.arange(5)
    received = through(pair, {"a": array, "b": array})
    assert received["a"] is received["b"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        np.empty((0, 3)),
        np.arange(12).reshape(3, 4)[:, ::2],
        "ä",
        DataError("x.bin is broken."),
        {"a": (1, 2)},
    ],
)
def test_odd_values(pair, value: object) -> None:
    received = through(pair, value)
    if isinstance(value, np.ndarray):
        np.testing.assert_array_equal(received, value)
    elif isinstance(value, DataError):
        assert type(received) is DataError
        assert str(received) == str(value)
    else:
        assert received == value


def test_messages_keep_their_order(pair) -> None:
    def send() -> None:
        for number in range(200):
            pair[0].send((number, np.full(number, number)))

    sender = threading.Thread(target=send)
    sender.start()
    numbers = [pair[1].receive() for _ in range(200)]
    sender.join()
    assert [number for number, _ in numbers] == list(range(200))
    assert all((array == number).all() and len(array) == number for number, array in numbers)


def test_the_end_is_told(pair) -> None:
    pair[0].close()
    with pytest.raises(EOFError):
        pair[1].receive()


def test_a_message_that_breaks_off_is_the_end() -> None:
    read, write = os.pipe()
    os.write(write, b"\x01\x00\x00\x00\xff")
    os.close(write)
    channel = Channel(io.FileIO(read, "r"), io.FileIO(os.open(os.devnull, os.O_WRONLY), "w"))
    with pytest.raises(EOFError):
        channel.receive()
    channel.close()
