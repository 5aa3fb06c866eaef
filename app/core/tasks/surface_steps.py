"""What the tasks of surfaces share: the field of a frame, a surface taken from it, and its colours.

All of it is kept in the context: latents, so that another threshold or box does not run the network again; the
field, so that a slice asks at once; the surface, so that another colour, a file or a measure does not make it
again.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import UsageError
from app.core.layers.coloring import colorize
from app.core.prediction.aside import aside
from app.core.surface import baselines, coloring, limits
from app.core.surface.extraction import Box, ExtractionOptions, Field, extracting
from app.core.surface.marching import Triangles
from app.core.surface.names import AT_ONCE, TITLES, steps_to
from app.core.surface.network_field import Latents, NetworkField, latent_steps
from app.core.surface.result import STYLE, Reconstruction, SurfaceOptions
from app.core.surface.table import Answers
from app.core.surface.voxels import voxels
from app.core.surface_model import SurfaceModel, load_surface_model
from app.core.tasks.base import Partial, Progress
from app.core.tasks.context import Context, Source
from app.core.types import Frame

MOST = 1 << 15
"""Places that a field without a network is asked at once."""

SIGHT_LEAST = 0.4
"""Metres: truncation of distances along lines of sight, unless two steps are more."""


class Seen:
    """A field that remembers the least and the greatest value it has told, and how often it was asked."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.low, self.high = math.inf, -math.inf
        self.asked = 0

    def __call__(self, places: np.ndarray) -> np.ndarray:
        values = self._field(places)
        self.asked += len(places)
        known = values[np.isfinite(values)]
        if len(known):
            self.low, self.high = min(self.low, float(known.min())), max(self.high, float(known.max()))
        return values


@dataclass(frozen=True)
class Prepared:
    """A field of a frame, and what belongs to it.

    ``radius`` metres from points within which a surface can be; ``most`` places to ask at once; ``maker`` what it
    is, in words; ``told`` what its colours come from; ``weights_step`` step of training of its network; ``answers``
    what the field has said at corners of grids, so that another threshold, box or step asks only what is new.
    """

    field: Seen
    told: coloring.Told
    radius: float
    most: int
    maker: str
    weights_step: int | None = None
    answers: Answers = dataclasses.field(default_factory=Answers)


@dataclass(frozen=True)
class Made:
    """A surface at one step, before it is coloured. ``whole``: at the finest step that was asked for."""

    surface: Triangles
    step: float
    evaluations: int
    seconds: float
    told: coloring.Told
    maker: str
    notes: tuple[str, ...]
    whole: bool
    frame: int
    weights_step: int | None = None
    between: tuple[float, float] | None = None


def box_of(options: SurfaceOptions) -> Box | None:
    """Where to look."""
    return None if options.box is None else Box(options.box[:3], options.box[3:])


def prepared(
    context: Context, source: Source, frame: Frame, options: SurfaceOptions
) -> Generator[Progress, None, Prepared]:
    """The field of a frame, of a network or of lines of sight; kept until another is asked for.

    ``UsageError`` for Poisson, which has none; ``DataError`` as the task says.
    """
    sight = baselines.SightOptions(truncation=max(SIGHT_LEAST, 2 * options.step))
    how: object = sight
    if options.checkpoint is not None:
        how = _weights(options), options.device, options.precision, options.neighbours, options.radius
    elif options.baseline != "tsdf":
        raise UsageError(f"{TITLES[options.baseline]} has no field; choose a checkpoint or lines of sight (tsdf).")
    key = source, frame.index, how
    held: Prepared | None = context.kept("surface field", key)
    if held is not None:
        return held
    told = coloring.Told(frame, context.sequence(source).label_set)
    if options.checkpoint is None:
        radius = 1.0 if options.radius is None else options.radius
        maker = f"truncated distances along lines of sight ({sight.truncation:g} m)"
        found = Prepared(Seen(baselines.SightField(frame.points, sight)), told, radius, MOST, maker)
    else:
        model = yield from _model(context, options)
        latents = yield from _latents(context, source, frame, options, model)

        def build(_stop: object) -> NetworkField:
            return NetworkField(
                model.head,
                latents,
                neighbours=options.neighbours,
                radius=options.radius,
                precision=options.precision,
            )

        field = yield from pieces(aside(build), "get ready to ask the head")
        maker = f"{model.path.name} ({model.identity}), {field.neighbours} neighbours, {field.precision}"
        told = replace(told, field=field, latents=latents)
        found = Prepared(Seen(field), told, field.radius, field.most, maker, model.card.step)
    context.keep("surface field", key, found)
    return found


def levels(
    context: Context, source: Source, frame: Frame, options: SurfaceOptions
) -> Generator[Progress | Made, None, None]:
    """The surface of a frame, level by level, the coarsest first; the last is kept, for :func:`kept`.

    Raises as the task does.
    """
    began = time.perf_counter()
    box = box_of(options)
    radius = 1.0 if options.radius is None else options.radius
    points = limits.points_within(frame.points, box, radius)
    limits.check_memory(points, options.step, limits.free_memory())
    if options.baseline in AT_ONCE:
        yield Progress(0, 1, TITLES[options.baseline])
        told = coloring.Told(frame, context.sequence(source).label_set)
        surface, maker, notes = _at_once(points, options.baseline, options.step, radius, box)
        seconds = time.perf_counter() - began
        made = Made(surface, options.step, 0, seconds, told, maker, notes, True, frame.index)
        _keep(context, source, options, made)
        yield made
        return
    given = yield from prepared(context, source, frame, options)
    yield from refined(context, source, frame, options, given, points, began)


def _at_once(
    points: np.ndarray, baseline: str, step: float, radius: float, box: Box | None
) -> tuple[Triangles, str, tuple[str, ...]]:
    """The surface of a baseline without a field, what made it, and notes."""
    if baseline == "voxels":
        inside = points if box is None else points[((points >= box.low) & (points <= box.high)).all(axis=1)]
        return voxels(inside, step), f"Open3D's voxels, {step:g} m", ()
    surface = baselines.poisson(points, baselines.PoissonOptions(step, radius), box)
    notes = () if len(surface.triangles) else ("Poisson reconstruction found no surface near the points.",)
    return surface, f"Poisson reconstruction, {step:g} m, cut off {radius:g} m from points", notes


def refined(
    context: Context,
    source: Source,
    frame: Frame,
    options: SurfaceOptions,
    given: Prepared,
    points: np.ndarray,
    began: float,
) -> Generator[Progress | Made, None, None]:
    """The levels of a field's surface near ``points``; ``began`` is when the work on it did (``perf_counter``)."""
    steps = steps_to(options.step)
    seen, before = given.field, given.field.asked
    done = 0
    extraction = ExtractionOptions(steps, given.radius, options.threshold)
    box = box_of(options)
    for level in extracting(seen, points, extraction, box=box, most=given.most, answers=given.answers):
        if level is None:
            yield Progress(done, len(steps), f"surface at {steps[done]:g} m, {seen.asked - before} questions")
            continue
        done += 1
        empty = not len(level.surface.triangles)
        notes = (_no_surface(options.threshold, seen, level.step),) if empty else ()
        between = (seen.low, seen.high) if empty and seen.low < seen.high else None
        made = Made(
            level.surface, level.step, level.evaluations, time.perf_counter() - began, given.told, given.maker,
            notes, done == len(steps), frame.index, given.weights_step, between,
        )  # fmt: skip
        _keep(context, source, options, made)
        yield made
        if done < len(steps):
            limits.check_next(level.crossed, level.step, limits.free_memory())


def kept(context: Context, source: Source, index: int, options: SurfaceOptions) -> Made | None:
    """The finest level that was made last of this frame with these options, whatever its colour; None where there
    is none, or it was made by weights that the checkpoint does not hold any more."""
    made: Made | None = context.kept(_slot(options), _key(source, index, options))
    return made


def made_of(
    context: Context, source: Source, frame: Frame, options: SurfaceOptions
) -> Generator[Progress, None, Made]:
    """The surface at its finest step, from memory where it has just been made."""
    held = kept(context, source, frame.index, options)
    if held is not None and held.whole:
        return held
    last: Made | None = None
    for event in levels(context, source, frame, options):
        if isinstance(event, Made):
            last = event
        else:
            yield event
    assert last is not None, "a surface has at least one level"
    return last


def colored(made: Made, color: str) -> Generator[Progress, None, Reconstruction]:
    """A surface with the colours of ``color``; ``UsageError`` where they need what is not there."""
    began = time.perf_counter()
    work = coloring.vertex_layer(color, made.surface.vertices, made.surface.normals, made.told)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            layer = stop.value
            break
        yield Progress(0, 0, f"colour the surface at {made.step:g} m by {color}")
    colors = colorize(layer, STYLE)[0]
    seconds = made.seconds + time.perf_counter() - began
    return Reconstruction(
        made.step, made.surface.vertices, made.surface.triangles, made.surface.normals, colors, layer,
        made.evaluations, seconds, made.maker, made.notes, frame=made.frame, weights_step=made.weights_step,
        between=made.between,
    )  # fmt: skip


def pieces(work: Generator[Any, None, Any], text: str) -> Generator[Progress, None, Any]:
    """The result of work that yields between its pieces, which are told as progress."""
    try:
        while True:
            next(work)
            yield Progress(0, 0, text)
    except StopIteration as stop:
        return stop.value
    finally:
        work.close()


def shown(work: Generator[Progress | Made, None, None], color: str) -> Generator[Progress | Partial, None, Any]:
    """Levels, each coloured and told as ``Partial(Reconstruction)``; returns the last one."""
    last: Reconstruction | None = None
    try:
        for event in work:
            if isinstance(event, Made):
                last = yield from colored(event, color)
                yield Partial(last)
            else:
                yield event
    finally:
        work.close()
    assert last is not None, "a surface has at least one level"
    return last


def _no_surface(threshold: float, seen: Seen, step: float) -> str:
    if seen.low > seen.high:
        return f"Nothing is known anywhere near the points at {step:g} m, so there is no surface."
    return (
        f"There is no surface at the threshold {threshold:g} at {step:g} m: the field's values lie between "
        f"{seen.low:.3g} and {seen.high:.3g}; choose a threshold between them, or a finer step."
    )


def _slot(options: SurfaceOptions) -> str:
    return f"surface of {options.baseline or 'a network'}"


def _key(source: Source, index: int, options: SurfaceOptions) -> tuple[object, ...]:
    return source, index, replace(options, color="height"), _weights(options)


def _keep(context: Context, source: Source, options: SurfaceOptions, made: Made) -> None:
    context.keep(_slot(options), _key(source, made.frame, options), made)


def _weights(options: SurfaceOptions) -> tuple[Path, int, int] | tuple[()]:
    """File of the weights that are meant now, its time and size; () without a network."""
    from app.core.model_card import weights_of

    if options.checkpoint is None:
        return ()
    path = weights_of(options.checkpoint)
    about = path.stat()
    return path, about.st_mtime_ns, about.st_size


def _model(context: Context, options: SurfaceOptions) -> Generator[Progress, None, SurfaceModel]:
    """The checkpoint, from memory where it was used lately and its file is the same."""
    weights = _weights(options)
    assert weights, "a network has weights"
    key = ("surface", *weights, options.device)
    held: SurfaceModel | None = context.held_model(key)
    if held is None:
        loading = aside(lambda _stop: load_surface_model(weights[0], options.device))
        held = yield from pieces(loading, "read the checkpoint")
        context.hold_model(key, held)
    return held


def _latents(
    context: Context, source: Source, frame: Frame, options: SurfaceOptions, model: SurfaceModel
) -> Generator[Progress, None, Latents]:
    """Latents of the frame; kept, so that another threshold, box or step asks the head alone."""
    key = (source, frame.index, model.path, model.identity, options.device, options.precision)
    held: Latents | None = context.kept("surface latents", key)
    if held is None:
        held = yield from pieces(latent_steps(model, frame, precision=options.precision), "latents of the frame")
        context.keep("surface latents", key, held)
    return held
