"""Queries of lines of sight of a frame, from its sweep alone or from others too, and how often they are wrong."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.demo.surface import read_surface
from app.core.errors import UsageError
from app.core.geometry.sightlines import BEHIND, SightOptions, sight_queries
from app.core.surface import checking
from app.core.surface.measures import scene_of
from app.core.surface.sight_view import stacked, truly_full
from app.core.surface.view import QueryView, SightQueries
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.types import Frame

LANE = "background"
PRIORITY = -1

ALONE = "This drive has no poses here, so the queries are from this sweep alone."


def show_sight_queries(
    context: Context, *, source: Source, index: int, view: QueryView, judged: bool = True
) -> TaskEvents[SightQueries]:
    """Queries of frame ``index``; ``Partial(SightQueries)`` as soon as they are there.

    Where the drive knows its exact surface, the result says which labels are wrong, unless ``judged`` is False. For
    stacked sweeps that is the surface at the frame in view: a thing that has moved on makes a label wrong.

    Raises
    ------
    UsageError
        Numbers that cannot be, or a frame without a point that has a line of sight.
    DataError
        A frame, or the exact surface, cannot be read.
    """
    checking.check_queries(view)
    yield Progress(0, 0, "read the frame")
    frame = context.frame(source, index)
    sequence = context.sequence(source)
    others = []
    around = range(max(0, index - view.before), min(len(sequence), index + view.after + 1))
    if frame.world_from_sensor is not None:
        for other in around:
            if other != index:
                others.append(context.frame(source, other))
                yield Progress(len(others), len(around), "read the sweeps around")
    found = _queries(frame, others, view)
    if frame.world_from_sensor is None and (view.before or view.after):
        found = replace(found, notes=(ALONE,))
    folder: Any = getattr(sequence, "folder", None)
    if not judged or folder is None or frame.world_from_sensor is None:
        return found
    yield Partial(found)
    scene = yield from _exact(context, source, folder, index)
    if scene is None:
        return found
    pose = np.asarray(frame.world_from_sensor)
    full, told = truly_full(scene, pose, found.points, found.origins, found.targets)
    return replace(found, wrong=full != (found.kind == BEHIND), judged=told)


def _queries(frame: Frame, others: list[Frame], view: QueryView) -> SightQueries:
    sweeps = stacked(frame, others)
    began = time.perf_counter()
    made = sight_queries(
        sweeps.points, view.count, np.random.default_rng(view.seed), SightOptions(view.delta),
        origins=sweeps.origins, sweep=sweeps.sweep,
    )  # fmt: skip
    if not len(made):
        raise UsageError("No point of this frame has a line of sight, so there are no queries.")
    seconds = time.perf_counter() - began
    row = sweeps.sweep[made.source]
    return SightQueries(
        frame.index, view, made.points, made.kind, sweeps.origins[row].astype(np.float32),
        sweeps.points[made.source], sweeps.frames[row], seconds=seconds,
    )  # fmt: skip


def _exact(context: Context, source: Source, folder: Path, index: int) -> Generator[Progress, None, Any]:
    """The exact surface at a frame for rays, None where the drive has none; kept, since another δ asks it again."""
    key = source, index
    held = context.kept("exact surface", key)
    if held is not None:
        return held
    yield Progress(0, 0, "read the exact surface")
    surface = read_surface(folder, index)
    if surface is None:
        return None
    yield Progress(0, 0, "hold them against the exact surface")
    scene = scene_of(surface.vertices, surface.triangles)
    context.keep("exact surface", key, scene)
    return scene


ENTRY = show_sight_queries
