"""Everything that the first surface needs, before it is asked for: it should come within a second."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from app.core.surface import checking
from app.core.surface.result import SurfaceOptions
from app.core.surface.table import Answers
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_steps import levels, prepared, refined, shown
from app.core.types import Frame

LANE = "background"
PRIORITY = 0
"""As surfaces: one that is asked for meanwhile waits for nothing that it does not need itself."""

MOST_POINTS = 4000
STEP = 0.4


def warm_surfaces(context: Context, *, source: Source, index: int, options: SurfaceOptions) -> TaskEvents[None]:
    """Read a frame and the checkpoint, load libraries and loops, by making a little surface of a few points; then
    the frame's own latents, which are most of the wait for its coarsest surface.

    Nothing of the little surface is kept but what was read and loaded. Raises as ``make_surface`` does.
    """
    checking.check_maker(options)
    yield Progress(0, 0, "read the frame")
    frame = context.frame(source, index)
    trial = replace(options, step=STEP, box=None)
    if options.checkpoint is None:
        work = levels(context.apart(), source, _near_the_middle(frame), trial)
    else:
        given = replace((yield from prepared(context, source, frame, options)), answers=Answers())
        work = refined(context.apart(), source, frame, trial, given, frame.points[frame.valid], time.perf_counter())
    for _ in shown(work, options.color):
        yield Progress(0, 0, "get ready for surfaces")


def _near_the_middle(frame: Frame) -> Frame:
    """The frame without all points but those round one in its middle: they lie densely, as a street's do."""
    rows = np.flatnonzero(frame.valid)
    if not len(rows):
        return frame
    away = np.linalg.norm(frame.points[rows] - np.median(frame.points[rows], axis=0), axis=1)
    middle = frame.points[rows[np.argmin(away)]]
    near = rows[np.argsort(np.linalg.norm(frame.points[rows] - middle, axis=1))[:MOST_POINTS]]
    points = np.full_like(frame.points, np.nan)
    points[near] = frame.points[near]
    return replace(frame, points=points)


ENTRY = warm_surfaces
