"""The surface of one frame, coarse to fine, by a network or a baseline; coloured, measured and written if asked."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from app.core.errors import UsageError
from app.core.surface import checking, coloring, export
from app.core.surface.measures import MeasureOptions, measure
from app.core.surface.result import Reconstruction, SurfaceOptions
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_reference import NOT_MEASURED, reference_of
from app.core.tasks.surface_steps import colored, kept, levels, shown
from app.core.types import Frame

LANE = "background"
"""Poisson holds its process for seconds; in the other lane the next frame would wait for it."""
PRIORITY = 0
"""Before writings of hours: somebody looks at it."""


def make_surface(
    context: Context,
    *,
    source: Source,
    index: int,
    options: SurfaceOptions,
    measured: MeasureOptions | None = None,
    out: Path | None = None,
    world: bool = False,
) -> TaskEvents[Reconstruction]:
    """The surface of a frame; ``Partial(Reconstruction)`` for every level, the coarsest first.

    One that has just been made is not made again.

    Parameters
    ----------
    source, index : the frame
    options : by what, how fine, where, coloured by what
    measured : measure the last level, against the exact surface of a demo drive, else against the scans around
    out : write the last level there (.ply, .obj, .glb)
    world : write world coordinates, not the sensor's

    Raises
    ------
    UsageError
        Options that do not fit: no points in the box, too fine for the memory, a colour that is not there …
    DataError
        The frame or checkpoint cannot be read or has no occupancy head, latents are not numbers, or the file cannot
        be written.
    """
    _check(options, out)
    began = time.perf_counter()
    yield Progress(0, 0, "read the frame")
    frame = context.frame(source, index)
    if world and frame.world_from_sensor is None:
        raise UsageError(f"{source.path}: frame {index} has no pose, so its surface has no world coordinates.")
    told = coloring.Told(frame, context.sequence(source).label_set)
    coloring.check(options.color, told, network=options.checkpoint is not None)
    held = kept(context, source, index, options)
    if held is not None and held.whole:
        last = yield from colored(held, options.color)
    else:
        last = yield from shown(levels(context, source, frame, options), options.color)
        last = replace(last, seconds=time.perf_counter() - began)
    if measured is not None:
        last = yield from _measured(context, source, frame, options, measured, last)
    if out is not None:
        yield Progress(0, 0, f"write {out.name}")
        pose = frame.world_from_sensor if world else None
        note = export.write_mesh(
            out, last.vertices, last.triangles, last.colors, last.normals, world_from_sensor=pose
        )
        last = replace(last, path=out, notes=last.notes + ((note,) if note else ()))
    return last


def _check(options: SurfaceOptions, out: Path | None) -> None:
    """``UsageError`` for options that cannot be, before anything is read."""
    checking.check_maker(options)
    checking.check(options)
    if out is not None:
        export.check_suffix(out)


def _measured(
    context: Context,
    source: Source,
    frame: Frame,
    options: SurfaceOptions,
    measured: MeasureOptions,
    last: Reconstruction,
) -> Generator[Progress, None, Reconstruction]:
    reference = yield from reference_of(context, source, frame, options.box, measured)
    if reference is None:
        return replace(last, notes=(*last.notes, NOT_MEASURED))
    yield Progress(0, 0, "measure the surface")
    observed = frame.points[frame.valid]
    return replace(last, measures=measure(last.vertices, last.triangles, reference, observed, measured))


ENTRY = make_surface
