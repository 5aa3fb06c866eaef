"""The surface that is there, coloured by something else: it is not made again."""

from __future__ import annotations

from app.core.surface import checking, coloring
from app.core.surface.result import Reconstruction, SurfaceOptions
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_steps import colored, kept, made_of

LANE = "background"
PRIORITY = -1
"""It takes a moment, and a finer level may be on its way in the same process."""


def recolor_surface(
    context: Context, *, source: Source, index: int, options: SurfaceOptions
) -> TaskEvents[Reconstruction]:
    """The finest level made last of a frame with these options, whatever its colour was, in the colour they name.

    Where there is none, as in a process that was started anew, it is made. ``UsageError`` where the colour needs
    what is not there, and as ``make_surface`` raises.
    """
    checking.check_maker(options)
    checking.check(options)
    yield Progress(0, 0, "colour the surface")
    made = kept(context, source, index, options)
    if made is None:
        made = yield from made_of(context, source, context.frame(source, index), options)
    coloring.check(options.color, made.told, network=made.told.field is not None)
    return (yield from colored(made, options.color))


ENTRY = recolor_surface
