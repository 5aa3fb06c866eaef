"""From a frame's features to rows of the index of its sequence, and which index belongs to a choice of methods."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.core import methods
from app.core.language import clips
from app.core.language.crops import centers, find_regions
from app.core.language.feature_store import digest
from app.core.language.features import PointFeatures, Regions
from app.core.language.fusion import pooled
from app.core.language.sequence_index import IndexKey, SequenceIndex
from app.core.language.stored import fingerprint, sequence_text
from app.core.methods.base import Chosen, Given, Steps, pinned
from app.core.prediction.aside import aside
from app.core.tasks.context import Context, Source

METHOD_OF = {"regions": "regions", "pixels": "pixels", "network": "network_features"}
"""The method of each way from pixels to points."""

SUPERPOINTS, VISIBILITY = "superpoints", "visibility"


@dataclass(frozen=True)
class _Space:
    """Identity of the CLIP whose space features of a way lie in, and how long they are."""

    clip: str
    size: int


def index_key(given: Given, way: str) -> IndexKey:
    """The index of the sequence that ``given.frame`` is of, for these methods; they have to be prepared, and
    :meth:`Given.missing` must have said None.

    The sequence's first frame is part of it: another recording in the same folder is another sequence.
    """
    space = _space(given, way)
    method = METHOD_OF[way]
    first = given.at(0).frame
    used = sorted({method, *_used(given, method), SUPERPOINTS, VISIBILITY} & given.options.keys())
    parts = [way, space.clip, *(repr(_plain(given.options[name])) for name in used)]
    return IndexKey(f"{sequence_text(given)}\n{fingerprint(first)}", "\n".join(parts), space.size)


def find_index(context: Context, source: Source, chosen: Chosen, way: str) -> SequenceIndex | None:
    """The index of a sequence for these methods, None where nothing is indexed yet.

    The way's method has to be prepared; ``DataError`` where the index is damaged.
    """
    given = Given(context, source, context.frame(source, 0), context.sequence(source).label_set, pinned(chosen))
    if METHOD_OF[way] not in given.options or given.missing(METHOD_OF[way]) is not None:
        return None
    return SequenceIndex.find(index_key(given, way))


def content_of(given: Given, way: str) -> str:
    """16 hex digits of what a frame's rows are computed from, beside what the index itself is of."""
    return digest(f"{way}\n{fingerprint(given.frame)}")


def index_rows(given: Given, way: str, features: PointFeatures) -> Steps[tuple[np.ndarray, Regions]]:
    """(K, D) unit features of a frame's regions and where they are.

    For regions those of the method. For the other ways superpoints are the regions, and the feature of one is the
    mean of its points'; its box is that of its visible points in the camera that sees most of them.
    """
    if features.regions is not None:
        return features.table, features.regions
    superpoints = yield from given.result(SUPERPOINTS)
    boxes: Regions | None = None
    if given.frame.cameras and given.missing(VISIBILITY) is None:
        seen = yield from given.result(VISIBILITY)
        cameras = given.frame.cameras
        sizes = [None if camera.image_path is None else camera.size for camera in cameras]
        names = tuple(camera.name for camera in cameras)
        boxes = find_regions(given.frame.points, superpoints.segment, seen.visible, seen.pixel, sizes, names=names)
    work = aside(lambda _stop: _pooled(given.frame.points, superpoints.segment, features, boxes))
    return (yield from clips.waiting(work, "gather regions"))


def _pooled(
    points: np.ndarray, segment: np.ndarray, features: PointFeatures, boxes: Regions | None
) -> tuple[np.ndarray, Regions]:
    count = int(segment.max(initial=-1)) + 1
    rows = np.flatnonzero(features.known & (segment >= 0))
    table, sizes = pooled(features.table[features.row[rows]], segment[rows], count)
    found = np.flatnonzero(sizes)
    camera, box = np.full(count, -1, np.int16), np.zeros((count, 4), np.int32)
    if boxes is not None:
        camera[boxes.segment], box[boxes.segment] = boxes.camera, boxes.box
    regions = Regions(
        camera=camera[found],
        box=box[found],
        center=centers(points, segment, count)[found],
        points=sizes[found].astype(np.int32),
        segment=found.astype(np.int32),
        cameras=() if boxes is None else boxes.cameras,
    )
    return table[found].astype(np.float16), regions


def _space(given: Given, way: str) -> _Space:
    about: Any = methods.find(METHOD_OF[way]).about(given.options[METHOD_OF[way]])
    return _Space(about.clip, about.clip_dim) if way == "network" else _Space(about.identity, about.embed_dim)


def _used(given: Given, name: str) -> tuple[str, ...]:
    return methods.find(name).needs(given.options[name])


def _plain(options: Hashable) -> Hashable:
    """Options without what does not decide the numbers: which device, and where the CLIP lies."""
    changes: Mapping[str, Any] = {"clip": None, "device": ""}
    fields = {name: value for name, value in changes.items() if hasattr(options, name)}
    found: Hashable = replace(options, **fields)  # type: ignore[type-var]
    return found
