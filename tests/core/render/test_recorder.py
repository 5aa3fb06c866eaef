"""Recordings: whole or not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from app.core.errors import DataError, UsageError
from app.core.render.recorder import record
from app.core.tasks.base import Progress, run


def pictures(count: int, width: int = 64, height: int = 48) -> Iterator[tuple[str, np.ndarray]]:
    for i in range(count):
        image = np.zeros((height, width, 3), np.uint8)
        image[:, : width * (i + 1) // count] = (200, 40, 40)
        yield f"{i:06d}", image


def test_numbered_pictures_hold_what_was_drawn(tmp_path: Path) -> None:
    out = tmp_path / "a film"
    seen: list[object] = []
    assert run(record(pictures(5), out, total=5), seen.append) == out
    assert [p.name for p in sorted(out.iterdir())] == [f"{i:06d}.png" for i in range(5)]
    assert np.array_equal(np.asarray(Image.open(out / "000002.png")), list(pictures(5))[2][1])
    assert [e.done for e in seen if isinstance(e, Progress)] == [1, 2, 3, 4, 5]


def test_a_film_has_all_pictures_in_order(tmp_path: Path) -> None:
    out = tmp_path / "ü" / "film.mp4"
    run(record(pictures(8, 65, 49), out, total=8, rate=5.0))
    frames = imageio_ffmpeg.read_frames(str(out))
    meta = next(frames)
    assert meta["size"] == (64, 48)  # H.264 wants even sides
    assert meta["fps"] == 5
    shares = [np.frombuffer(f, np.uint8).reshape(48, 64, 3)[..., 0].mean() for f in frames]
    assert len(shares) == 8
    assert shares == sorted(shares)
    assert [p.name for p in out.parent.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize("name", ["film.mp4", "folder"])
def test_cancelled_or_failed_leaves_nothing(tmp_path: Path, name: str) -> None:
    events = record(pictures(6), tmp_path / name, total=6)
    next(events)
    next(events)
    events.close()
    assert list(tmp_path.iterdir()) == []

    def breaks() -> Iterator[tuple[str, np.ndarray]]:
        yield from pictures(2)
        raise DataError("frame 3 is broken")

    with pytest.raises(DataError, match="frame 3"):
        run(record(breaks(), tmp_path / name, total=6))
    assert list(tmp_path.iterdir()) == []


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    events = record(pictures(3), tmp_path, total=3)
    next(events)
    events.close()
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_what_cannot_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.mp4"):
        run(record(pictures(1), tmp_path / "film.avi", total=1))
    with pytest.raises(UsageError, match="no picture"):
        run(record(pictures(0), tmp_path / "none", total=0))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        run(record(pictures(1), tmp_path / "file" / "film.mp4", total=1))

    def grows() -> Iterator[tuple[str, np.ndarray]]:
        yield from pictures(1)
        yield "big", np.zeros((100, 100, 3), np.uint8)

    with pytest.raises(DataError, match="64 × 48"):
        run(record(grows(), tmp_path / "film.mp4", total=2))
    assert not (tmp_path / "film.mp4").exists()
