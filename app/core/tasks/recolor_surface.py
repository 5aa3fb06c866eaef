"""The surface that is there, coloured by something else: it is not made again."""

from __future__ import annotations

from app.core.errors import UsageError
from app.core.surface import coloring
from app.core.surface.result import Reconstruction, SurfaceOptions
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.tasks.surface_steps import colored, kept

LANE = "background"
PRIORITY = -1
"""It takes a moment, and a finer level may be on its way in the same process."""


def recolor_surface(
    context: Context, *, source: Source, index: int, options: SurfaceOptions
) -> TaskEvents[Reconstruction]:
    """The finest level made last of a frame with these options, whatever its colour was, in the colour they name.

    ``UsageError`` where there is none, or the colour needs what is not there.
    """
    yield Progress(0, 0, "colour the surface")
    made = kept(context, source, index, options)
    if made is None:
        raise UsageError("There is no surface of this frame to colour; it has to be made first.")
    coloring.check(options.color, made.told, network=made.told.field is not None)
    return (yield from colored(made, options.color))


ENTRY = recolor_surface
