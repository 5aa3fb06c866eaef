"""The surface of one frame, coarse to fine, by a network or a baseline; coloured, measured and written if asked."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import UsageError
from app.core.layers.coloring import colorize
from app.core.state import LayerStyle
from app.core.surface import baselines, coloring, export, limits
from app.core.surface.extraction import Box, ExtractionOptions, Field, extracting
from app.core.surface.marching import Triangles
from app.core.surface.measures import MeasureOptions, Reference, measure
from app.core.surface.network_field import Latents, NetworkField, latent_steps
from app.core.surface.references import AROUND, exact_surface, scans_around
from app.core.surface.result import Reconstruction, SurfaceOptions
from app.core.surface_model import SurfaceModel, load_surface_model
from app.core.tasks.base import Partial, Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.types import Frame

LANE = "background"
"""Poisson holds its process for seconds; in the other lane the next frame would wait for it."""
PRIORITY = 0
"""Before writings of hours: somebody looks at it."""

MOST_RADIUS = 5.0
MOST = 1 << 15
"""Places that a field without a network is asked at once."""


class _Seen:
    """A field that remembers the least and the greatest value it has told."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.low, self.high = math.inf, -math.inf

    def __call__(self, places: np.ndarray) -> np.ndarray:
        values = self._field(places)
        known = values[np.isfinite(values)]
        if len(known):
            self.low, self.high = min(self.low, float(known.min())), max(self.high, float(known.max()))
        return values


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
    levels = _levels(context, source, frame, options, told, began)
    last: Reconstruction | None = None
    try:
        while True:
            event = next(levels)
            if isinstance(event, Partial):
                last = event.value
            yield event
    except StopIteration:
        pass
    finally:
        levels.close()
    assert last is not None, "a surface has at least one level"
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
    if (options.checkpoint is None) == (not options.baseline):
        raise UsageError("A surface is made by a checkpoint or by a baseline (poisson, tsdf); name one of them.")
    if options.baseline and options.baseline not in baselines.NAMES:
        raise UsageError(f"There is no baseline '{options.baseline}'; there are: {', '.join(baselines.NAMES)}.")
    if not 0 < options.threshold < 1:
        raise UsageError(f"The threshold is a probability between 0 and 1; {options.threshold:g} was asked for.")
    if options.radius is not None and not 0 < options.radius <= MOST_RADIUS:
        raise UsageError(f"The radius is above 0 and at most {MOST_RADIUS:g} m; {options.radius:g} was asked for.")
    limits.steps_to(options.step)
    coloring.check(options.color, None, network=options.checkpoint is not None)
    if out is not None:
        export.check_suffix(out)


def _levels(
    context: Context, source: Source, frame: Frame, options: SurfaceOptions, told: coloring.Told, began: float
) -> Generator[Progress | Partial, None, None]:
    box = None if options.box is None else Box(options.box[:3], options.box[3:])
    radius = 1.0 if options.radius is None else options.radius
    points = limits.points_within(frame.points, box, radius)
    limits.check_memory(points, options.step, limits.free_memory())
    field: Field
    if options.checkpoint is not None:
        model = _model(context, options)
        latents = yield from _latents(context, source, frame, options, model)
        field = NetworkField(
            model.head, latents, neighbours=options.neighbours, radius=options.radius, precision=options.precision
        )
        told = replace(told, field=field, latents=latents)
        radius, most = field.radius, field.most
        maker = f"{model.path.name} ({model.identity}), {field.neighbours} neighbours, {field.precision}"
    elif options.baseline == "tsdf":
        sight = baselines.SightOptions(truncation=max(0.4, 2 * options.step))
        field, most = baselines.SightField(frame.points, sight), MOST
        maker = f"truncated distances along lines of sight ({sight.truncation:g} m)"
    else:
        yield Progress(0, 1, "Poisson reconstruction")
        chosen = baselines.PoissonOptions(options.step, radius)
        surface = baselines.poisson(points, chosen, box)
        maker = f"Poisson reconstruction, {options.step:g} m, cut off {radius:g} m from points"
        notes = () if len(surface.triangles) else ("Poisson reconstruction found no surface near the points.",)
        yield from _coloured(surface, options.step, 0, options, told, began, maker, notes)
        return
    yield from _refined(field, points, box, radius, most, options, told, began, maker)


def _refined(
    field: Field,
    points: np.ndarray,
    box: Box | None,
    radius: float,
    most: int,
    options: SurfaceOptions,
    told: coloring.Told,
    began: float,
    maker: str,
) -> Generator[Progress | Partial, None, None]:
    steps = limits.steps_to(options.step)
    seen = _Seen(field)
    done = 0
    work = extracting(seen, points, ExtractionOptions(steps, radius, options.threshold), box=box, most=most)
    for level in work:
        if level is None:
            yield Progress(done, len(steps), f"surface at {steps[done]:g} m")
            continue
        done += 1
        notes = () if len(level.surface.triangles) else (_no_surface(options.threshold, seen, level.step),)
        yield from _coloured(level.surface, level.step, level.evaluations, options, told, began, maker, notes)
        if done < len(steps):
            limits.check_next(level.crossed, level.step, limits.free_memory())


def _coloured(
    surface: Triangles,
    step: float,
    evaluations: int,
    options: SurfaceOptions,
    told: coloring.Told,
    began: float,
    maker: str,
    notes: tuple[str, ...],
) -> Generator[Progress | Partial, None, None]:
    work = coloring.vertex_layer(options.color, surface.vertices, surface.normals, told)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            layer = stop.value
            break
        yield Progress(0, 0, f"colour the surface at {step:g} m by {options.color}")
    colors = colorize(layer, LayerStyle())[0]
    yield Partial(
        Reconstruction(
            step, surface.vertices, surface.triangles, surface.normals, colors, layer, evaluations,
            time.perf_counter() - began, maker, notes,
        )
    )  # fmt: skip


def _no_surface(threshold: float, seen: _Seen, step: float) -> str:
    if seen.low > seen.high:
        return f"Nothing is known anywhere near the points at {step:g} m, so there is no surface."
    return (
        f"There is no surface at the threshold {threshold:g} at {step:g} m: the field's values lie between "
        f"{seen.low:.3g} and {seen.high:.3g}; choose a threshold between them, or a finer step."
    )


def _model(context: Context, options: SurfaceOptions) -> SurfaceModel:
    """The checkpoint, from memory where it was used lately and its file is the same."""
    from app.core.model_card import weights_of

    assert options.checkpoint is not None
    path = weights_of(options.checkpoint)
    about = path.stat()
    key = ("surface", path, about.st_mtime_ns, about.st_size, options.device)
    held: SurfaceModel | None = context.held_model(key)
    if held is None:
        held = load_surface_model(path, options.device)
        context.hold_model(key, held)
    return held


def _latents(
    context: Context, source: Source, frame: Frame, options: SurfaceOptions, model: SurfaceModel
) -> Generator[Progress, None, Latents]:
    """Latents of the frame; kept, so that another threshold, box or step asks the head alone."""
    key = (source, frame.index, model.path, model.identity, options.device, options.precision)
    held: Latents | None = context.kept("surface latents", key)
    if held is not None:
        return held
    work = latent_steps(model, frame, precision=options.precision)
    try:
        while True:
            next(work)
            yield Progress(0, 0, "latents of the frame")
    except StopIteration as stop:
        found: Latents = stop.value
    finally:
        work.close()
    context.keep("surface latents", key, found)
    return found


def _measured(
    context: Context,
    source: Source,
    frame: Frame,
    options: SurfaceOptions,
    measured: MeasureOptions,
    last: Reconstruction,
) -> Generator[Progress, None, Reconstruction]:
    box = None if options.box is None else Box(options.box[:3], options.box[3:])
    yield Progress(0, 0, "read what it is measured against")
    sequence: Any = context.sequence(source)
    folder = getattr(sequence, "folder", None)
    reference: Reference | None = None
    if folder is not None:
        reference = exact_surface(folder, frame, box, count=measured.samples, seed=measured.seed)
    if reference is None:
        if frame.world_from_sensor is None:
            note = "It was not measured: the drive has no exact surface, and without poses no other scans."
            return replace(last, notes=(*last.notes, note))
        around = range(max(0, frame.index - AROUND), min(len(sequence), frame.index + AROUND + 1))
        work = scans_around(frame, (sequence.read(i) for i in around), box, sequence.label_set)
        while True:
            try:
                next(work)
            except StopIteration as stop:
                reference = stop.value
                break
            yield Progress(0, 0, "gather the scans around")
    assert reference is not None
    yield Progress(0, 0, "measure the surface")
    observed = frame.points[frame.valid]
    return replace(last, measures=measure(last.vertices, last.triangles, reference, observed, measured))


ENTRY = make_surface
