"""What tasks share while they run: opened data sets, recent frames and pictures, and idle work."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.datasets.base import Dataset, Opening, OpenOptions, Sequence, finished
from app.core.errors import DataError, UsageError
from app.core.types import CameraView, Frame

DEFAULT_CACHE_BYTES = 160 << 20
OPEN_DATASETS = 4
LOADED_MODELS = 3
"""A segmentation network, a CLIP, and a network distilled from one."""


@dataclass(frozen=True)
class Source:
    """Which sequence a task works on: path, what the user stated about it, and the sequence's name."""

    path: Path
    sequence: str
    options: OpenOptions = field(default_factory=OpenOptions)


@dataclass(frozen=True)
class DecodedCamera(CameraView):
    """A camera whose picture is already decoded; ``image`` (h, w, 3) uint8."""

    image: np.ndarray | None = None

    def load_image(self) -> np.ndarray:
        """The decoded picture."""
        return super().load_image() if self.image is None else self.image


class ByteCache:
    """Keeps the most recently used values while their sizes add up to at most ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Sum of the sizes of what is held."""
        return self._bytes

    @property
    def limit(self) -> int:
        """Most bytes held; lowering it lets go of the oldest values at once."""
        return self._limit

    @limit.setter
    def limit(self, value: int) -> None:
        self._limit = value
        self._shrink()

    def get(self, key: Hashable) -> Any | None:
        """The value, which is now the most recently used one; None where it is not held."""
        entry = self._held.get(key)
        if entry is None:
            return None
        self._held.move_to_end(key)
        return entry[0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Hold a value of ``size`` bytes; one larger than the limit is not held."""
        self._drop(key)
        if size <= self._limit:
            self._held[key] = (value, size)
            self._bytes += size
            self._shrink()

    def forget(self, which: Callable[[Hashable], bool]) -> None:
        """Let go of the values whose keys ``which`` names."""
        for key in [key for key in self._held if which(key)]:
            self._drop(key)

    def clear(self) -> None:
        """Let go of everything."""
        self._held.clear()
        self._bytes = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def _drop(self, key: Hashable) -> None:
        entry = self._held.pop(key, None)
        if entry is not None:
            self._bytes -= entry[1]

    def _shrink(self) -> None:
        while self._bytes > self._limit:
            self._drop(next(iter(self._held)))


class Context:
    """Given to every task as its first argument. Only the thread that runs tasks touches it."""

    def __init__(self, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self.cache = ByteCache(cache_bytes)
        self.idle: Iterator[object] | None = None
        """Work for when no task waits, done step by step; the newest replaces the older."""
        self._datasets: OrderedDict[tuple[Path, OpenOptions], Dataset] = OrderedDict()
        self._kept: dict[str, tuple[Hashable, Any]] = {}
        self._models: OrderedDict[Hashable, Any] = OrderedDict()

    def dataset(self, path: Path, options: OpenOptions, *, fresh: bool = False) -> Dataset:
        """The opened data set; ``fresh``: look at the disk again, for a drive that is still growing.

        ``DataError`` where it cannot be opened.
        """
        return finished(self.opening(path, options, fresh=fresh))

    def opening(self, path: Path, options: OpenOptions, *, fresh: bool = False) -> Opening:
        """:meth:`dataset` in steps."""
        from app.core.datasets import opening

        key = (path, options)
        if fresh or key not in self._datasets:
            self._datasets[key] = yield from opening(path, options)
            while len(self._datasets) > OPEN_DATASETS:
                self._datasets.popitem(last=False)
        self._datasets.move_to_end(key)
        return self._datasets[key]

    def forget_frames(self, path: Path) -> None:
        """Read the frames and pictures of a recording anew when they are asked for: its files may have changed."""
        self.cache.forget(
            lambda key: isinstance(key, tuple) and (_is_frame_of(path, key) or _is_image_in(path, key))
        )
        self._kept.clear()
        self.idle = None

    def sequence(self, source: Source) -> Sequence:
        """The sequence of a source; ``UsageError`` with the names there are if there is none of that name."""
        dataset = self.dataset(source.path, source.options)
        try:
            return dataset.sequence(source.sequence)
        except KeyError as error:
            raise UsageError(f"{source.path}: {error.args[0]}.") from None

    def frame(self, source: Source, index: int) -> Frame:
        """A frame, from memory where it was read lately; its ``valid`` mask is already known.

        ``DataError`` if it cannot be read, ``UsageError`` if there is no such frame.
        """
        key = ("frame", source, index)
        held: Frame | None = self.cache.get(key)
        if held is not None:
            return held
        frame = packed(self.sequence(source).read(index))
        self.cache.put(key, frame, frame_bytes(frame))
        return frame

    def image(self, camera: CameraView) -> np.ndarray:
        """The decoded picture of a camera, (h, w, 3) uint8; ``DataError`` where it cannot be read."""
        if camera.image_path is None:
            raise DataError(f"Camera {camera.name} has no image for this frame.")
        key = ("image", camera.image_path)
        held: np.ndarray | None = self.cache.get(key)
        if held is None:
            held = camera.load_image()
            self.cache.put(key, held, held.nbytes)
        return held

    def with_images(self, frame: Frame) -> Frame:
        """The same frame, its cameras giving pictures that are in memory without decoding them again."""
        cameras = []
        for camera in frame.cameras:
            held = self.cache.get(("image", camera.image_path)) if camera.image_path else None
            cameras.append(camera if held is None else _decoded(camera, held))
        return replace(frame, cameras=tuple(cameras))

    def held_model(self, key: Hashable) -> Any | None:
        """A loaded model if it is one of the few that were used last, else None."""
        model = self._models.get(key)
        if model is not None:
            self._models.move_to_end(key)
        return model

    def hold_model(self, key: Hashable, model: object) -> None:
        """Keep a loaded model in place of the one that was not used for longest."""
        self._models[key] = model
        while len(self._models) > LOADED_MODELS:
            self._models.popitem(last=False)

    def keep(self, slot: str, key: Hashable, value: object) -> None:
        """Keep one value under ``slot`` until another takes its place."""
        self._kept[slot] = (key, value)

    def kept(self, slot: str, key: Hashable) -> Any | None:
        """The value kept under ``slot`` if it was kept with the same ``key``, else None."""
        held = self._kept.get(slot)
        return held[1] if held is not None and held[0] == key else None

    def apart(self) -> Context:
        """Another one with the same data sets, frames and models, which keeps what is made in it to itself."""
        other = Context(self.cache.limit)
        other.cache, other._datasets, other._models = self.cache, self._datasets, self._models
        return other

    def clear(self) -> None:
        """Forget everything that was kept."""
        self.cache.clear()
        self._datasets.clear()
        self._kept.clear()
        self._models.clear()
        self.idle = None


def _is_frame_of(path: Path, key: tuple[object, ...]) -> bool:
    """Whether a key is of a frame of that recording, or of what a method made of one."""
    return any(isinstance(part, Source) and part.path == path for part in key)


def _is_image_in(path: Path, key: tuple[object, ...]) -> bool:
    return isinstance(key[1], Path) and key[1].is_relative_to(path if path.is_dir() else path.parent)


def packed(frame: Frame) -> Frame:
    """The same frame, each array in one piece: readers give strided views, which keep whole files in memory
    and cannot travel between processes without a copy."""
    return replace(
        frame,
        points=np.ascontiguousarray(frame.points),
        intensity=_whole(frame.intensity),
        ring=_whole(frame.ring),
        time=_whole(frame.time),
        labels=_whole(frame.labels),
        instances=_whole(frame.instances),
        colors=_whole(frame.colors),
        extra={name: np.ascontiguousarray(array) for name, array in frame.extra.items()},
    )


def _whole(array: np.ndarray | None) -> np.ndarray | None:
    return None if array is None else np.ascontiguousarray(array)


def frame_bytes(frame: Frame) -> int:
    """Memory of a frame's arrays in bytes; computes and counts its ``valid`` mask."""
    arrays = [frame.points, frame.valid, frame.intensity, frame.ring, frame.time, frame.labels]
    arrays += [frame.instances, frame.colors, *frame.extra.values()]
    return sum(array.nbytes for array in arrays if array is not None)


def _decoded(camera: CameraView, image: np.ndarray) -> DecodedCamera:
    return DecodedCamera(
        camera.name, camera.size, camera.camera_from_sensor, camera.intrinsics, camera.image_path, image
    )
