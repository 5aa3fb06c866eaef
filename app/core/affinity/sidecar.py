"""The file beside a frame's pseudo-labels: its instances, what was said of each before and after, and from what.

An NPZ without pickles. It is written once the frame's crops are read, and once more when its queue was refined; so
a run that is interrupted goes on where it stopped, and the memory of a run does not grow with the sequence.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import DataError
from app.core.files import write_atomically

_INSTANCES = ("feature", "before", "superpoint", "camera", "box", "center", "points", "truth")


@dataclass(frozen=True)
class Sidecar:
    """A frame of N points with K instances and C classes.

    Attributes
    ----------
    content : what the instances were computed from, as a digest
    row : (N,) int32 instance whose label a point gets, −1 none
    feature : (K, D) float16 CLIP features, unit length
    before, after : (K, C) float32 shares of the classes: equation 4, and after the walk (None until its queue is
        refined)
    classes, names : (C,) uint8 train ids, and their names
    superpoint : (K,) int32; camera : (K,) int16 place in ``cameras``; box : (K, 4) int32 x0, y0, x1, y1 of the crop
        in pixels; center : (K, 3) float32 metres, sensor frame; points : (K,) int32 points seen by that camera
    truth : (K, T) int32 points that get the label, by train id of their ground truth; T = 0 without any
    cameras : names
    intrinsics, camera_from_sensor : of each camera, (3, 3) and (4, 4) as nested lists
    queue : number of its queue, −1 until then; place : of its first instance in it; queue_content : digest of all
        frames in that queue
    provenance : one line each on CLIP, superpoints, visibility, words
    corrections : what was said by hand of points of the frame and went into its labels: ``action``, ``name`` of the
        class given, ``said`` by the machine, ``when``, number of ``points``
    """

    content: str
    row: np.ndarray
    feature: np.ndarray
    before: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]
    superpoint: np.ndarray
    camera: np.ndarray
    box: np.ndarray
    center: np.ndarray
    points: np.ndarray
    truth: np.ndarray
    cameras: tuple[str, ...]
    intrinsics: tuple[Any, ...] = ()
    camera_from_sensor: tuple[Any, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    after: np.ndarray | None = None
    queue: int = -1
    place: int = 0
    queue_content: str = ""
    corrections: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.before)

    def labels(self, *, refined: bool = True) -> np.ndarray:
        """(K,) uint8 train ids, after the walk or before it; of equal shares the class that comes first."""
        shares = self.after if refined else self.before
        if shares is None:
            raise ValueError("this frame's queue is not refined yet")
        return np.asarray(self.classes[shares.argmax(axis=1)])

    def refined(
        self, after: np.ndarray, queue: int, place: int, queue_content: str, corrections: tuple[Any, ...] = ()
    ) -> Sidecar:
        """The same with what its queue made of it, and with what was said by hand."""
        return replace(
            self,
            after=after,
            queue=queue,
            place=place,
            queue_content=queue_content,
            corrections=corrections,
        )


def write(path: Path, sidecar: Sidecar) -> None:
    """Write it; ``DataError`` where the disk refuses."""
    about = {
        "content": sidecar.content,
        "names": list(sidecar.names),
        "cameras": list(sidecar.cameras),
        "intrinsics": list(sidecar.intrinsics),
        "camera_from_sensor": list(sidecar.camera_from_sensor),
        "provenance": dict(sidecar.provenance),
        "queue": sidecar.queue,
        "place": sidecar.place,
        "queue_content": sidecar.queue_content,
        "corrections": list(sidecar.corrections),
    }
    arrays = {name: getattr(sidecar, name) for name in ("row", "classes", *_INSTANCES)}
    if sidecar.after is not None:
        arrays["after"] = sidecar.after
    arrays["about"] = np.array(json.dumps(about, ensure_ascii=False))
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))


def read(path: Path) -> Sidecar:
    """Read it whole; ``DataError`` where it is missing or none of ours."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = {name: file[name] for name in file.files if name != "about"}
        about.setdefault("corrections", ())  # files that were written before there were any
        for name in ("names", "cameras", "intrinsics", "camera_from_sensor", "corrections"):
            about[name] = tuple(about[name])
        found = Sidecar(**arrays, **about)
        count = len(found.before)
        if any(len(getattr(found, name)) != count for name in _INSTANCES):
            raise ValueError("lengths differ")
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        line = " ".join(str(error).split())[:120]
        raise DataError(f"{path} is no sidecar of pseudo-labels ({line}); delete it and run again.") from None
    return found


def for_walk(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of a sidecar only ``feature`` and ``before``; ``DataError`` as :func:`read`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return file["feature"], file["before"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({error}); delete it and run again.") from None


@dataclass(frozen=True)
class Header:
    """What a run has to know of a sidecar before it reads it: see :class:`Sidecar`."""

    content: str
    instances: int
    queue_content: str
    place: int = 0


def header(path: Path) -> Header | None:
    """Its header, None where there is no whole sidecar: it is then computed anew."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            state = str(about["queue_content"]), int(about["place"])
            return Header(str(about["content"]), len(file["points"]), *state)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
