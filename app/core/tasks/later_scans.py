"""Points of later frames against the surface of one: does it tell what is seen only later?"""

from __future__ import annotations

from app.core.errors import UsageError
from app.core.surface import checking
from app.core.surface.later import compare_later
from app.core.surface.references import scans_around
from app.core.surface.result import SurfaceOptions
from app.core.surface.view import LaterScans
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_steps import box_of, made_of, pieces

LANE = "background"
PRIORITY = 0


def later_scans(
    context: Context, *, source: Source, index: int, options: SurfaceOptions, frames: int
) -> TaskEvents[LaterScans]:
    """Points of frames ``index`` + 1 … ``index`` + ``frames`` in this frame's sensor coordinates, with their
    distance to its surface, which is made where it has not just been.

    Where there is a box, its points alone. Moving things are left out where labels tell.

    Raises
    ------
    UsageError
        No poses, no later frame, or what ``make_surface`` raises.
    DataError
        As ``make_surface``.
    """
    checking.check_maker(options)
    checking.check_later(frames)
    yield Progress(0, 0, "read the frame")
    frame = context.frame(source, index)
    sequence = context.sequence(source)
    last = min(index + frames, len(sequence) - 1)
    if frame.world_from_sensor is None:
        raise UsageError(f"Frame {index} has no pose, so later scans cannot be placed beside it.")
    if last <= index:
        raise UsageError(f"Frame {index} is the last one, so there are no later scans; go back some frames.")
    made = yield from made_of(context, source, frame, options)
    later = (context.frame(source, other) for other in range(index + 1, last + 1))
    scans = yield from pieces(scans_around(frame, later, box_of(options), sequence.label_set), "gather later scans")
    yield Progress(0, 0, "hold them against the surface")
    surface = made.surface
    observed = frame.points[frame.valid]
    return compare_later(index, last - index, scans, observed, surface.vertices, surface.triangles, made.step)


ENTRY = later_scans
