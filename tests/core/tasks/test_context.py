"""What tasks keep between them: bounded by bytes, newest data set, no strided views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_drive import write_small_drive

from app.core.datasets.base import OpenOptions
from app.core.errors import DataError, UsageError
from app.core.tasks.context import ByteCache, Context, Source, frame_bytes, packed
from app.core.types import Frame


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 60))), st.integers(1, 100))
@settings(max_examples=80)
def test_cache_holds_the_newest_within_its_limit(puts: list[tuple[int, int]], limit: int) -> None:
    cache = ByteCache(limit)
    sizes: dict[int, int] = {}
    order: list[int] = []
    for key, size in puts:
        cache.put(key, ("value", key, size), size)
        sizes.pop(key, None)
        order = [k for k in order if k != key]
        if size <= limit:
            sizes[key] = size
            order.append(key)
        while sum(sizes.values()) > limit:
            del sizes[order.pop(0)]
        assert cache.bytes == sum(sizes.values()) <= limit
        assert all((k in cache) == (k in sizes) for k in range(9))


def test_what_was_used_stays_longer_than_what_was_not() -> None:
    cache = ByteCache(2)
    cache.put("a", 1, 1)
    cache.put("b", 2, 1)
    assert cache.get("a") == 1
    cache.put("c", 3, 1)
    assert "a" in cache
    assert "b" not in cache
    assert cache.get("b") is None


def test_lowering_the_limit_lets_go_at_once() -> None:
    cache = ByteCache(10)
    for key in range(5):
        cache.put(key, key, 2)
    cache.limit = 4
    assert cache.bytes == 4
    assert len(cache) == 2


def test_frames_are_read_once_and_memory_stays_within_the_limit(tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path, frames=12)
    source = Source(drive.root, "00")
    context = Context()
    first = context.frame(source, 0)
    assert context.frame(source, 0) is first
    context.cache.limit = 3 * frame_bytes(first)
    for index in range(12):
        context.frame(source, index)
        assert context.cache.bytes <= context.cache.limit
    assert context.frame(source, 11) is context.frame(source, 11)
    assert context.frame(source, 0) is not first


def test_a_growing_drive_is_seen_when_asked_for(tmp_path: Path) -> None:
    write_small_drive(tmp_path, frames=2)
    context = Context()
    assert len(context.dataset(tmp_path, OpenOptions()).sequences[0]) == 2
    write_small_drive(tmp_path, frames=4, first=2)
    assert len(context.dataset(tmp_path, OpenOptions()).sequences[0]) == 2
    assert len(context.dataset(tmp_path, OpenOptions(), fresh=True).sequences[0]) == 4


def test_errors_say_what_there_is(tmp_path: Path) -> None:
    source = Source(write_small_drive(tmp_path).root, "00")
    context = Context()
    with pytest.raises(UsageError, match="00"):
        context.sequence(Source(tmp_path, "77"))
    with pytest.raises(UsageError, match="0 to 4"):
        context.frame(source, 5)
    with pytest.raises(DataError, match="nowhere"):
        context.dataset(tmp_path / "nowhere", OpenOptions())


def test_packed_frames_share_no_memory_with_the_file_buffer() -> None:
    buffer = np.arange(40, dtype=np.float32).reshape(10, 4)
    frame = packed(Frame(0, "0", buffer[:, :3], intensity=buffer[:, 3], extra={"x": buffer[:, 0]}))
    for array in (frame.points, frame.intensity, frame.extra["x"]):
        assert array.flags.c_contiguous
        assert not np.shares_memory(array, buffer)
    np.testing.assert_array_equal(frame.points, buffer[:, :3])
    assert frame_bytes(frame) == 10 * (12 + 4 + 4 + 1)


def test_decoded_pictures_are_used_again(tmp_path: Path) -> None:
    source = Source(write_small_drive(tmp_path).root, "00")
    context = Context()
    frame = context.frame(source, 1)
    decoded = context.image(frame.cameras[0])
    again = context.with_images(frame)
    (tmp_path / "sequences/00/image_2/000001.png").unlink()
    np.testing.assert_array_equal(again.cameras[0].load_image(), decoded)
    with pytest.raises(DataError, match=r"000001\.png"):
        frame.cameras[0].load_image()
