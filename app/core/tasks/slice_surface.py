"""The field on a plane, as fine as half a second allows."""

from __future__ import annotations

import math
import time
from collections.abc import Generator

import numpy as np

from app.core.surface import checking, limits
from app.core.surface.result import SurfaceOptions
from app.core.surface.slicing import Plane, finest_step, first_step, plane_of, squares
from app.core.surface.view import SliceOptions, SlicePicture
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_steps import Prepared, box_of, prepared

LANE = "background"
PRIORITY = -1
"""Half a second, which must not wait for a surface of many."""

SECONDS = 0.4

PATIENCE = 1.5
"""Times the seconds that are left within which a finer picture must come, lest a coarser one is made instead."""


def slice_surface(
    context: Context,
    *,
    source: Source,
    index: int,
    options: SurfaceOptions,
    cut: SliceOptions,
    seconds: float = SECONDS,
) -> TaskEvents[SlicePicture]:
    """The field of a frame on a plane; ``Partial(SlicePicture)`` of a coarse one first.

    Parameters
    ----------
    options : whose field, and the box that it is cut in
    seconds : that may be spent on asking the field; the first, coarse picture comes whatever it takes

    Raises
    ------
    UsageError
        A plane that is not there, no points in the box, or Poisson, which has no field.
    DataError
        As ``make_surface``.
    """
    checking.check_maker(options)
    checking.check_slice(cut)
    yield Progress(0, 0, "cut the field")
    frame = context.frame(source, index)
    field = yield from prepared(context, source, frame, options)
    points = limits.points_within(frame.points, box_of(options), field.radius)
    plane = plane_of(cut, points, options.box, field.radius)
    step = first_step(plane)
    began = time.perf_counter()
    values, pace = yield from _asked(field, plane, step)
    asked = values.size
    picture = _picture(index, cut, plane, step, values, asked, time.perf_counter() - began)
    fine = finest_step(plane, step, pace, seconds - picture.seconds)
    if fine < step:
        yield Partial(picture)
    while fine < step:
        left = seconds - (time.perf_counter() - began)
        values, pace = yield from _asked(field, plane, fine, left)
        asked += values.size
        if values.size == plane.count(fine):
            return _picture(index, cut, plane, fine, values, asked, time.perf_counter() - began)
        fine = max(2 * fine, finest_step(plane, step, pace, left))
    return picture


def _asked(
    field: Prepared, plane: Plane, step: float, left: float = math.inf
) -> Generator[Progress, None, tuple[np.ndarray, float]]:
    """(H, W) float32 values on the plane, and the seconds a place took.

    Given up, with those values alone that are there, when it turns out to take much longer than ``left`` seconds:
    the places that were asked before may have lain where less is known.
    """
    places = plane.places(step)
    values = np.empty(len(places), np.float32)
    began = time.perf_counter()
    pace = 0.0
    for start in range(0, len(places), field.most):
        end = min(start + field.most, len(places))
        values[start:end] = field.field(places[start:end])
        pace = (time.perf_counter() - began) / end
        if end < len(places) and pace * len(places) > PATIENCE * left:
            return values[:end], pace
        yield Progress(end, len(places), f"field on a plane at {step:g} m")
    return values.reshape(plane.shape(step)), pace


def _picture(
    frame: int, cut: SliceOptions, plane: Plane, step: float, values: np.ndarray, asked: int, seconds: float
) -> SlicePicture:
    right, up = plane.directions()
    mesh = squares(plane, step, values)
    return SlicePicture(frame, cut, step, values, plane.origin(step), right, up, *mesh, asked, seconds)


ENTRY = slice_surface
