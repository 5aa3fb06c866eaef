"""The pictures of a story: crops by camera and frame, neighbours, and the visibility test drawn where it was
made."""

from __future__ import annotations

import numpy as np

from app.core.affinity.inspecting import Crop, Neighbour, Sighting
from app.core.affinity.queue_view import QueueView
from app.core.affinity.stories import Inflow, same_thing
from app.core.errors import DataError
from app.core.geometry.visibility import VisibilityOptions, describe
from app.core.language.crops import FEWEST, cut, fitted
from app.core.methods.base import Given
from app.core.methods.visibility import Visibility

SHOWN = 224
"""Pixels of the longer side above which a crop is made smaller."""

AROUND = 1.0
"""Share of a crop's size that is shown around it where the visibility test is drawn."""

_NOTHING = np.zeros((0, 0, 3), np.uint8)


def crop_picture(given: Given, frame: int, camera: str, box: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 what CLIP saw; empty where the picture cannot be read."""
    try:
        image = given.context.image(given.context.frame(given.source, frame).camera(camera))
    except (DataError, KeyError):
        return _NOTHING
    return _small(cut(image, box))


def crops(given: Given, view: QueueView, row: int, seen: Visibility, points: np.ndarray) -> tuple[Crop, ...]:
    """The crop that gave the feature, those of other cameras, and those of the same thing in other frames.

    ``seen`` and ``points``: the visibility of the row's own frame, and the rows of that frame that get the label.
    """
    frame, own = view.at(row)
    found = [_used(given, view, row, used=True)]
    for place, camera in enumerate(given.at(frame.index).frame.cameras):
        if place == int(frame.regions.camera[own]):
            continue
        rows = points[seen.visible[points, place]]
        if len(rows) < FEWEST:
            continue
        whole = np.floor(seen.pixel[rows, place]).astype(np.int32)
        tight = np.concatenate([whole.min(axis=0), whole.max(axis=0) + 1])[None]
        box = fitted(tight, camera.size, margin=view.options.labels.margin)[0]
        image = crop_picture(given, frame.index, camera.name, box)
        found.append(Crop(frame.index, camera.name, _box(box), image, len(rows), False, row, -1))
    found += [_used(given, view, other, used=False) for other in same_thing(view, row)]
    return tuple(found)


def neighbour_list(given: Given, view: QueueView, row: int, flow: Inflow) -> tuple[Neighbour, ...]:
    """The strongest neighbours with their crops, descending."""
    found = []
    labels = view.classes_of(view.before[flow.rows])
    for other, weight, label in zip(flow.rows.tolist(), flow.weights.tolist(), labels.tolist(), strict=True):
        frame, own = view.at(other)
        regions = frame.regions
        camera = regions.cameras[int(regions.camera[own])]
        found.append(
            Neighbour(
                row=other,
                frame=frame.index,
                superpoint=int(regions.segment[own]),
                weight=float(weight),
                label=int(label),
                truth=int(frame.true_class[own]),
                center=regions.center[own],
                image=crop_picture(given, frame.index, camera, regions.box[own]),
                itself=other == row,
            )
        )
    return tuple(found)


def sightings(
    given: Given, index: int, seen: Visibility, points: np.ndarray, options: VisibilityOptions
) -> tuple[Sighting, ...]:
    """The test of each camera into whose picture some of the points fall."""
    found = []
    for place, camera in enumerate(given.at(index).frame.cameras):
        rows = points[seen.inside[points, place]]
        if not len(rows):
            continue
        pixel = seen.pixel[rows, place]
        tight = np.concatenate([np.floor(pixel.min(axis=0)), np.floor(pixel.max(axis=0)) + 1])[None]
        box = fitted(tight.astype(np.int32), camera.size, margin=AROUND, least=90)[0]
        try:
            image = np.ascontiguousarray(cut(given.context.image(camera), box))
        except DataError:
            image = _NOTHING
        found.append(
            Sighting(
                camera=camera.name,
                pixel=pixel,
                depth=seen.depth[rows, place],
                surface=seen.surface[rows, place],
                limit=seen.limit[rows, place],
                visible=seen.visible[rows, place],
                rule=describe(options),
                threshold=options.threshold,
                image=image,
                corner=(int(box[0]), int(box[1])),
            )
        )
    return tuple(found)


def _used(given: Given, view: QueueView, row: int, *, used: bool) -> Crop:
    frame, own = view.at(row)
    regions = frame.regions
    camera = regions.cameras[int(regions.camera[own])]
    image = crop_picture(given, frame.index, camera, regions.box[own])
    label = int(view.classes_of(view.before[row : row + 1])[0])
    return Crop(frame.index, camera, _box(regions.box[own]), image, int(regions.points[own]), used, row, label)


def _box(box: np.ndarray) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = (int(edge) for edge in box)
    return x0, y0, x1, y1


def _small(piece: np.ndarray) -> np.ndarray:
    """The piece, made smaller where it is larger than anyone shows it."""
    longest = max(piece.shape[:2], default=0)
    if longest <= SHOWN:
        return np.ascontiguousarray(piece)
    from PIL import Image

    height, width = (max(round(side * SHOWN / longest), 1) for side in piece.shape[:2])
    picture = Image.fromarray(np.ascontiguousarray(piece))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
