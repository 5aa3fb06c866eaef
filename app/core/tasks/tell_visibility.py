"""What one camera sees of a frame, for the visibility view: the test first, then superpixels and curves."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.geometry.superpixels import borders, depths
from app.core.geometry.visibility import VisibilityOptions
from app.core.geometry.visibility_curves import RuleCurve, curve
from app.core.methods.base import Given, pinned
from app.core.methods.visibility import ENTRY as METHOD
from app.core.methods.visibility import TRUTH, Visibility, superpixels_of
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.cloud_layers import result_steps
from app.core.tasks.context import Context, Source
from app.core.types import CameraView
from app.core.visibility_view import CURVED, PictureSuperpixels, VisibilityPicture

PRIORITY = 0


def tell_visibility(
    context: Context,
    *,
    source: Source,
    index: int,
    camera: str,
    options: VisibilityOptions,
    thorough: bool = True,
) -> TaskEvents[VisibilityPicture]:
    """Test the points of frame ``index`` against ``camera``.

    ``Partial(VisibilityPicture)`` as soon as the test is done; superpixels, and curves where the truth is known,
    follow unless ``thorough`` is False.

    Raises
    ------
    UsageError
        The frame has no such camera or none that is calibrated, or the options make no sense.
    DataError
        The frame cannot be read, or the rule needs a picture that cannot be.
    """
    yield Progress(0, 2, "visibility")
    frame = context.frame(source, index)
    label_set = context.sequence(source).label_set
    given = Given(context, source, frame, label_set, pinned(((METHOD.name, options),)))
    why = given.missing(METHOD.name)
    if why is not None:
        raise UsageError(why)
    try:
        view = frame.camera(camera)
    except KeyError as error:
        raise UsageError(f"Frame {index} has {error.args[0]}.") from None
    started = time.perf_counter()
    result: Visibility = yield from result_steps(given, METHOD.name)
    seconds = time.perf_counter() - started
    place = result.cameras.index(camera)
    rows = np.flatnonzero(result.inside[:, place])
    match = result.match if place == 0 else None
    picture = VisibilityPicture(
        frame=index,
        camera=camera,
        options=options,
        report=METHOD.report(result, frame, label_set),
        rows=rows,
        depth=result.depth[rows, place],
        surface=result.surface[rows, place],
        limit=result.limit[rows, place],
        visible=result.visible[rows, place],
        match=None if match is None else match[rows],
        seconds=seconds,
    )
    if not thorough:
        return picture
    yield Partial(picture)
    pixel = result.pixel[rows, place]
    picture = yield from _with_superpixels(context, view, picture, pixel)
    if TRUTH not in frame.extra or place != 0:
        return picture
    yield Progress(1, 2, "rules against their thresholds")
    curves = yield from _curves(picture, view, pixel, frame.extra[TRUTH][rows])
    return replace(picture, curves=curves)


def _with_superpixels(
    context: Context, view: CameraView, picture: VisibilityPicture, pixel: np.ndarray
) -> TaskEvents[VisibilityPicture]:
    """Cut the camera's picture, or say why it cannot be."""
    options = picture.options
    work = superpixels_of(context, view, options)
    try:
        while True:
            yield Progress(1, 2, next(work)[2])
    except StopIteration as stop:
        segments: np.ndarray = stop.value
    except DataError as error:
        return replace(picture, no_superpixels=str(error))
    finally:
        work.close()
    found = depths(segments, pixel, picture.depth)
    cut = PictureSuperpixels(
        options.superpixels, options.segments, segments, borders(segments), found.depth, found.points
    )
    return replace(picture, superpixels=cut)


def _curves(
    picture: VisibilityPicture, view: CameraView, pixel: np.ndarray, truth: np.ndarray
) -> TaskEvents[tuple[RuleCurve, ...]]:
    """Every rule with the numbers that the options have for it; the paper's only where there are superpixels."""
    found = []
    segments = None if picture.superpixels is None else picture.superpixels.segments
    for rule in CURVED:
        yield Progress(1, 2, f"the rule {rule} against its threshold")
        if rule != "paper" or segments is not None:
            own = replace(picture.options, rule=rule)
            found.append(curve(pixel, picture.depth, view.size, truth, own, segments))
    return tuple(found)


ENTRY = tell_visibility
