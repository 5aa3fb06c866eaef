"""What a surface is measured against, as the tasks that measure find it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from app.core.surface.extraction import Box
from app.core.surface.measures import MeasureOptions, Reference
from app.core.surface.references import AROUND, exact_surface, scans_around
from app.core.surface.result import BoxCorners
from app.core.tasks.base import Progress
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_steps import pieces
from app.core.types import Frame

NOT_MEASURED = "It was not measured: the drive has no exact surface, and without poses no other scans."


def reference_of(
    context: Context, source: Source, frame: Frame, corners: BoxCorners | None, measured: MeasureOptions
) -> Generator[Progress, None, Reference | None]:
    """The exact surface of a demo drive, else the scans around the frame; None without poses. The last is kept."""
    key = source, frame.index, corners, measured
    held: Reference | None = context.kept("surface reference", key)
    if held is not None:
        return held
    yield Progress(0, 0, "read what it is measured against")
    box = None if corners is None else Box(corners[:3], corners[3:])
    sequence: Any = context.sequence(source)
    folder = getattr(sequence, "folder", None)
    found: Reference | None = None
    if folder is not None:
        found = exact_surface(folder, frame, box, count=measured.samples, seed=measured.seed)
    if found is None and frame.world_from_sensor is not None:
        around = range(max(0, frame.index - AROUND), min(len(sequence), frame.index + AROUND + 1))
        work = scans_around(frame, (sequence.read(i) for i in around), box, sequence.label_set)
        found = yield from pieces(work, "gather the scans around")
    if found is not None:
        context.keep("surface reference", key, found)
    return found
