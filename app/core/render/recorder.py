"""Saves a sequence of pictures as numbered PNGs or as an MP4 film; a generator, so that it can be cancelled."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.tasks.base import Progress, TaskEvents


class Sink(Protocol):
    """Takes pictures one after the other."""

    def add(self, name: str, image: np.ndarray) -> None:
        """Take one (h, w, 3) uint8 picture."""

    def finish(self) -> None:
        """All pictures are there: make the result appear."""

    def discard(self) -> None:
        """Take away what was written."""


def sink_for(out: Path, rate: float) -> Sink:
    """Where a recording goes: ``.mp4`` is a film of ``rate`` pictures a second, no suffix a folder of PNGs.

    Raises
    ------
    UsageError
        Another suffix.
    """
    if out.suffix.lower() == ".mp4":
        return Film(out, rate)
    if out.suffix:
        raise UsageError(f"{out} must end in .mp4, or have no suffix for a folder of numbered pictures.")
    return PictureFolder(out)


def record(
    pictures: Iterable[tuple[str, np.ndarray]], out: Path, *, total: int, rate: float = 10.0
) -> TaskEvents[Path]:
    """Write (name, (h, w, 3) uint8) pictures to ``out``, of which there will be ``total``; returns ``out``.

    Ended early or failing, it takes away what it has written.

    Raises
    ------
    DataError
        The disk refuses, or ffmpeg does.
    UsageError
        ``out`` has a suffix that is no film's, or there are no pictures.
    """
    sink = sink_for(out, rate)
    done = 0
    whole = False
    try:
        for name, image in pictures:
            sink.add(name, image)
            done += 1
            yield Progress(done, total, f"picture {name}")
        if not done:
            raise UsageError(f"There is no picture to write to {out}; choose a range with frames in it.")
        sink.finish()
        whole = True
    finally:
        if not whole:
            sink.discard()
    return out


class PictureFolder:
    """One PNG a picture, called by its name. Other files in the folder stay."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._written: list[Path] = []

    def add(self, name: str, image: np.ndarray) -> None:
        """Write a picture whole or not at all."""
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG", compress_level=3)
        path = self._out / f"{name}.png"
        write_atomically(path, buffer.getvalue())
        self._written.append(path)

    def finish(self) -> None:
        """All pictures are there."""

    def discard(self) -> None:
        """Take away the pictures of this recording, and the folder if nothing else is in it."""
        for path in self._written:
            path.unlink(missing_ok=True)
        if self._out.is_dir() and not any(self._out.iterdir()):
            self._out.rmdir()


class Film:
    """An MP4 (H.264), written beside its name and moved there when it is whole."""

    def __init__(self, out: Path, rate: float) -> None:
        self._out, self._rate = out, rate
        self._part = out.with_name(f".{out.stem}.part{out.suffix}")
        self._writer: Generator[None, Any, None] | None = None
        self._size = (0, 0)

    def add(self, name: str, image: np.ndarray) -> None:
        """Append a picture; H.264 wants even sides, so an odd last row or column is left out."""
        height, width = (side - side % 2 for side in image.shape[:2])
        if self._writer is None:
            self._start(width, height)
        elif self._size != (width, height):
            film = f"{self._size[0]} × {self._size[1]}"
            raise DataError(f"{self._out}: picture {name} is {width} × {height}, not {film} as the film before it.")
        self._attempt(np.ascontiguousarray(image[:height, :width]))

    def finish(self) -> None:
        """Close the film and move it to its name."""
        if self._writer is None:
            return
        try:
            self._writer.close()
            self._part.replace(self._out)
        except OSError as error:
            raise DataError(f"{self._out} cannot be written ({error}); choose another place or size.") from None

    def discard(self) -> None:
        """Take away what has been written."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
        with contextlib.suppress(OSError):  # its folder could not even be made
            self._part.unlink(missing_ok=True)

    def _start(self, width: int, height: int) -> None:
        import imageio_ffmpeg

        if min(width, height) < 2:
            raise DataError(
                f"{self._out}: pictures of {width} × {height} are too small for a film; make them larger."
            )
        try:
            self._out.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{self._out} cannot be written ({error.strerror}); choose another folder.") from None
        self._size = (width, height)
        self._writer = imageio_ffmpeg.write_frames(
            str(self._part),
            self._size,
            fps=self._rate,
            codec="libx264",
            quality=8,
            macro_block_size=2,
            ffmpeg_log_level="error",
        )
        self._attempt(None)

    def _attempt(self, image: np.ndarray | None) -> None:
        assert self._writer is not None
        try:
            self._writer.send(image)
        except (OSError, StopIteration) as error:  # ffmpeg has ended: no room, no permission
            self._writer = None
            raise DataError(f"{self._out} cannot be written ({error}); choose another place or size.") from None
