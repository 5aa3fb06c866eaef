"""Whether what is asked of a surface makes sense by itself, before anything is read."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from app.core.errors import UsageError
from app.core.surface.names import BASELINES, OF_NETWORK, check_color, steps_to
from app.core.surface.result import BoxCorners, SurfaceOptions
from app.core.surface.view import MOST_LATER, PLANES, QueryView, SliceOptions, SurfaceState

MOST_RADIUS = 5.0
MOST_NEIGHBOURS = 32
"""As many as the published heads are trained with, at most."""

MOST_QUERIES = 100_000
MOST_DELTA = 2.0
MOST_SWEEPS = 10
FARTHEST = 500.0


def check(options: SurfaceOptions) -> None:
    """``UsageError`` for options that cannot be; whether anything is chosen to make it by is not looked at."""
    if options.baseline and options.baseline not in BASELINES:
        raise UsageError(f"There is no baseline '{options.baseline}'; there are: {', '.join(BASELINES)}.")
    if not 0 < options.threshold < 1:
        raise UsageError(f"The threshold is a probability between 0 and 1; {options.threshold:g} was asked for.")
    if options.radius is not None and not 0 < options.radius <= MOST_RADIUS:
        raise UsageError(f"The radius is above 0 and at most {MOST_RADIUS:g} m; {options.radius:g} was asked for.")
    if not 1 <= options.neighbours <= MOST_NEIGHBOURS:
        raise UsageError(
            f"The number of neighbours is between 1 and {MOST_NEIGHBOURS}; {options.neighbours} was asked for."
        )
    steps_to(options.step)
    check_color(options.color, network=options.checkpoint is not None or not options.baseline)
    if options.box is not None:
        checked_box(options.box)


def check_state(state: SurfaceState) -> None:
    """``UsageError`` for choices that cannot be; whether a checkpoint is there is not looked at."""
    check(state.options)
    check_opacity(state.opacity)
    check_later(state.later)
    if state.slice is not None:
        check_slice(state.slice)
    if state.queries is not None:
        check_queries(state.queries)


def check_opacity(opacity: float) -> None:
    """``UsageError`` for an opacity that is not 0 to 1."""
    if not 0 <= opacity <= 1:
        raise UsageError(f"Opacity is between 0 and 1; {opacity:g} was asked for.")


def check_maker(options: SurfaceOptions) -> None:
    """``UsageError`` unless one thing is chosen to make it by."""
    if (options.checkpoint is None) == (not options.baseline):
        known = ", ".join(BASELINES)
        raise UsageError(f"A surface is made by a checkpoint or by a baseline ({known}); name one of them.")


def with_possible_color(options: SurfaceOptions) -> SurfaceOptions:
    """The options, coloured by height where the chosen colour comes from a network and there is none."""
    lacks = bool(options.baseline) and options.color in OF_NETWORK
    return replace(options, color="height") if lacks else options


def checked_box(box: Any) -> BoxCorners:
    """The box as six numbers; ``UsageError`` for one without an inside."""
    numbers = tuple(float(value) for value in box)
    if len(numbers) != 6 or not all(math.isfinite(value) for value in numbers):
        raise UsageError(f"A box is six numbers, its low corner and its high one; found {box}.")
    a, b, c, d, e, f = numbers
    if not (a < d and b < e and c < f):
        raise UsageError(
            f"A box has its low corner below its high one on each axis; found ({a:g}, {b:g}, {c:g}) to "
            f"({d:g}, {e:g}, {f:g})."
        )
    return a, b, c, d, e, f


def check_slice(options: SliceOptions) -> None:
    """``UsageError`` for a plane that is not there."""
    if options.plane not in PLANES:
        raise UsageError(f"There is no plane '{options.plane}'; there are: {', '.join(PLANES)}.")
    if not abs(options.position) <= FARTHEST:
        raise UsageError(f"A slice lies within {FARTHEST:g} m of the sensor; {options.position:g} was asked for.")


def check_queries(view: QueryView) -> None:
    """``UsageError`` for numbers of queries, metres or sweeps that cannot be."""
    if not 3 <= view.count <= MOST_QUERIES:
        raise UsageError(f"The number of queries is between 3 and {MOST_QUERIES}; {view.count} was asked for.")
    if not 0 < view.delta <= MOST_DELTA:
        raise UsageError(f"δ is above 0 and at most {MOST_DELTA:g} m; {view.delta:g} was asked for.")
    for frames, side in ((view.before, "before"), (view.after, "after")):
        if not 0 <= frames <= MOST_SWEEPS:
            raise UsageError(f"Queries come from 0 to {MOST_SWEEPS} sweeps {side}; {frames} was asked for.")
    if view.seed < 0:
        raise UsageError(f"A seed is at least 0; {view.seed} was asked for.")


def check_later(frames: int) -> None:
    """``UsageError`` for a number of frames that cannot be."""
    if not isinstance(frames, int) or not 0 <= frames <= MOST_LATER:
        raise UsageError(f"A surface is compared with 0 to {MOST_LATER} later frames; {frames} was asked for.")
