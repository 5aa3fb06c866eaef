"""Pictures of image regions, small."""

from __future__ import annotations

import numpy as np

from app.core.errors import DataError
from app.core.language.queries import Hit
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source

PRIORITY = 1
AROUND = 0.25
"""Share of a region's size that is shown around it: a crop alone is hard to recognise."""


def region_thumbnails(
    context: Context, *, source: Source, hits: tuple[Hit, ...], size: tuple[int, int]
) -> TaskEvents[dict[Hit, np.ndarray]]:
    """(h, w, 3) uint8 of each region, at most ``size`` (width, height), keeping its shape. Regions of frames or
    pictures that cannot be read, and regions without a camera, are left out."""
    from PIL import Image

    found: dict[Hit, np.ndarray] = {}
    for done, hit in enumerate(sorted(hits, key=lambda hit: (hit.frame, hit.camera))):
        yield Progress(done, len(hits), f"frame {hit.frame}")
        if not hit.camera:
            continue
        try:
            image = context.image(context.frame(source, hit.frame).camera(hit.camera))
        except (DataError, KeyError):
            continue  # told where that frame is shown
        piece = image[_rows(hit, image.shape[0]), _columns(hit, image.shape[1])]
        if not piece.size:
            continue
        picture = Image.fromarray(np.ascontiguousarray(piece))
        scale = min(size[0] / picture.width, size[1] / picture.height)
        small = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        found[hit] = np.asarray(picture.resize(small, Image.Resampling.BILINEAR))
    return found


def _rows(hit: Hit, height: int) -> slice:
    return _widened(hit.box[1], hit.box[3], height)


def _columns(hit: Hit, width: int) -> slice:
    return _widened(hit.box[0], hit.box[2], width)


def _widened(first: int, last: int, end: int) -> slice:
    more = round(AROUND * (last - first))
    return slice(max(first - more, 0), min(last + more, end))


ENTRY = region_thumbnails
