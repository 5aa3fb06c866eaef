"""One frame's surfaces side by side: by what is chosen, by Poisson reconstruction, lines of sight and voxels."""

from __future__ import annotations

from dataclasses import replace

from app.core.errors import LidarScopeError, UsageError
from app.core.surface.measures import MeasureOptions, measure
from app.core.surface.names import TITLES
from app.core.surface.result import SurfaceOptions
from app.core.surface.view import MAKERS, MeasuredSurface
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_reference import NOT_MEASURED, reference_of
from app.core.tasks.surface_steps import made_of

LANE = "background"
PRIORITY = 0


def measure_surfaces(
    context: Context,
    *,
    source: Source,
    index: int,
    options: SurfaceOptions,
    measured: MeasureOptions | None = None,
) -> TaskEvents[tuple[MeasuredSurface, ...]]:
    """``Partial(MeasuredSurface)`` for each maker: the chosen checkpoint if there is one, Poisson, lines of sight,
    voxels, at the same step in the same box. One that cannot be made has its sentence in its row.

    ``UsageError`` where there is nothing to measure against; ``DataError`` where the frame cannot be read.
    """
    measured = measured or MeasureOptions()
    yield Progress(0, 0, "read the frame")
    frame = context.frame(source, index)
    reference = yield from reference_of(context, source, frame, options.box, measured)
    if reference is None:
        raise UsageError(NOT_MEASURED)
    makers = [maker for maker in MAKERS if maker != "network" or options.checkpoint is not None]
    rows: list[MeasuredSurface] = []
    for maker in makers:
        yield Progress(len(rows), len(makers), TITLES[maker])
        chosen = options_of(options, maker)
        try:
            made = yield from made_of(context, source, frame, chosen)
        except LidarScopeError as error:
            rows.append(MeasuredSurface(maker, TITLES[maker], chosen.step, 0, 0.0, problem=str(error)))
        else:
            yield Progress(len(rows), len(makers), f"measure {TITLES[maker]}")
            surface = made.surface
            found = measure(surface.vertices, surface.triangles, reference, frame.points[frame.valid], measured)
            count = len(surface.triangles)
            rows.append(MeasuredSurface(maker, TITLES[maker], made.step, count, made.seconds, found))
        yield Partial(rows[-1])
    return tuple(rows)


def options_of(options: SurfaceOptions, maker: str) -> SurfaceOptions:
    """The options with another maker at the same step in the same box; a baseline has its own threshold, ½, unless
    it is the one that is chosen."""
    if maker == "network" or maker == options.baseline:
        return options
    return replace(options, checkpoint=None, baseline=maker, threshold=0.5, color="height")


ENTRY = measure_surfaces
