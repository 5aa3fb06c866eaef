"""What the three ways from pixels to points share: under which key a frame is stored, and looking there first."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable

import numpy as np

from app.core.errors import DataError
from app.core.language.clips import waiting
from app.core.language.feature_store import VERSION, FeatureStore, StoreKey
from app.core.language.features import PointFeatures
from app.core.methods.base import Given, Steps
from app.core.prediction.aside import aside
from app.core.tasks.context import Context
from app.core.types import Frame

NO_CAMERA = (
    "This frame has no camera with a picture and a calibration, so there are no pixels to take features from; "
    "of the three ways the 3D network works without: choose a distilled network."
)


def key_of(given: Given, way: str, identity: str, options: Iterable[Hashable], also: str = "") -> StoreKey:
    """Under which a frame's features are stored.

    ``identity`` of the CLIP (and network); ``options``: what decides the numbers, methods that are used included,
    as frozen dataclasses; ``also``: more of that, as text (poses of other frames).
    """
    parts = [f"v{VERSION}", way, identity, *(repr(entry) for entry in options), fingerprint(given.frame), also]
    return StoreKey(sequence_text(given), given.frame.index, "\n".join(parts))


def sequence_text(given: Given) -> str:
    """A sequence as text: its absolute path, its name, and what the user stated on opening it."""
    source = given.source
    return "\n".join((str(source.path.resolve()), source.sequence, repr(source.options)))


def fingerprint(frame: Frame) -> str:
    """32 hex digits that differ as soon as points, calibration or pictures of a frame do.

    Of pictures, time and size of the file count.
    """
    found = hashlib.blake2b(digest_size=16)
    found.update(np.ascontiguousarray(frame.points).data)
    for camera in frame.cameras:
        found.update(np.ascontiguousarray(camera.camera_from_sensor, np.float64).data)
        found.update(np.ascontiguousarray(camera.intrinsics, np.float64).data)
        found.update(f"{camera.name} {camera.size} {camera.image_path}".encode())
        if camera.image_path is not None and camera.image_path.exists():
            state = camera.image_path.stat()
            found.update(f"{state.st_mtime_ns} {state.st_size}".encode())
    return found.hexdigest()


def looked_up(key: StoreKey) -> Steps[PointFeatures | None]:
    """Stored features or None, read in a thread beside."""
    yield 0, 0, "look for stored features"
    return (yield from waiting(aside(lambda _stop: FeatureStore().get(key)), "read stored features"))


def kept(key: StoreKey, features: PointFeatures) -> Steps[PointFeatures]:
    """The features, stored in a thread beside."""
    yield from waiting(aside(lambda _stop: FeatureStore().put(key, features)), "store features")
    return features


def no_camera(frame: Frame) -> str | None:
    """Why pictures give nothing for this frame, or None where one of its cameras has a picture."""
    return None if any(camera.image_path is not None for camera in frame.cameras) else NO_CAMERA


def pictures(context: Context, frame: Frame) -> list[np.ndarray | None]:
    """The decoded picture of each camera, None where it has none or it cannot be read.

    ``DataError`` where not one can be read, or one has another size than its calibration is for.
    """
    found: list[np.ndarray | None] = []
    broken: DataError | None = None
    for camera in frame.cameras:
        try:
            found.append(context.image(camera))
        except DataError as error:
            found.append(None)
            if camera.image_path is not None:
                broken = error
    if broken is not None and all(image is None for image in found):
        raise broken
    for camera, image in zip(frame.cameras, found, strict=True):
        if image is not None and image.shape[1::-1] != tuple(camera.size):
            raise DataError(
                f"{camera.image_path} is {image.shape[1]} × {image.shape[0]} pixels, the calibration of "
                f"{camera.name} says {camera.size[0]} × {camera.size[1]}; fetch the picture that belongs to it."
            )
    return found
