"""Surfaces on the command line: ``mesh``."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.prediction import DeviceOption, PrecisionOption
from app.commands.shared import (
    ColumnsOption,
    DataPath,
    FrameOption,
    JsonOption,
    LabelsOption,
    SequenceOption,
    must_exist,
    print_json,
    run_here,
    source_of,
)
from app.core.errors import UsageError

commands = typer.Typer()

BUILT_IN = "Made by the checkpoint that comes along, which knows demo streets only; --checkpoint names another."


@commands.command()
def mesh(
    path: DataPath,
    out: Annotated[Path, typer.Option(help="The file; .ply, .obj or .glb chooses the format.")],
    frame: FrameOption = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            "--run",
            help="A run's folder or a checkpoint with an occupancy head; otherwise the one that comes along.",
        ),
    ] = None,
    baseline: Annotated[str, typer.Option(help="poisson, tsdf or voxels, instead of a checkpoint.")] = "",
    step: Annotated[float, typer.Option(help="Metres, edge of the finest cells.")] = 0.1,
    box: Annotated[str | None, typer.Option(help="Where to look: x0,y0,z0,x1,y1,z1, metres, sensor frame.")] = None,
    threshold: Annotated[float, typer.Option(help="The probability on the surface.")] = 0.5,
    radius: Annotated[
        float | None, typer.Option(help="Metres from an observed point within which a surface can be.")
    ] = None,
    neighbours: Annotated[int, typer.Option(help="Points that a place is told from, 1 to 32.")] = 5,
    color: Annotated[str, typer.Option(help="height, class, intensity, latent, uncertainty or normal.")] = "height",
    world: Annotated[bool, typer.Option("--world", help="World coordinates instead of the sensor's.")] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure it against the exact surface or the scans around.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the places that are measured.")] = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the surface of a frame, by a network pretrained on occupancy or by a baseline."""
    from app.core.model_card import SURFACE, built_in
    from app.core.surface.measures import MeasureOptions
    from app.core.surface.result import SurfaceOptions

    must_exist(path)
    if checkpoint is not None:
        must_exist(checkpoint)
    own = checkpoint is None and not baseline
    if own:
        checkpoint = built_in(SURFACE)
    done = run_here(
        "make_surface",
        source=source_of(path, sequence, columns, label_map),
        index=frame,
        options=SurfaceOptions(
            checkpoint, baseline, step, threshold, radius, neighbours, _box(box), color, device, precision
        ),
        measured=MeasureOptions(seed=seed) if measure else None,
        out=out,
        world=world,
    )
    if own:
        done = dataclasses.replace(done, notes=(BUILT_IN, *done.notes))
    if as_json:
        print_json(_told(done))
        return
    print(
        f"{done.path}: {len(done.vertices)} vertices, {len(done.triangles)} triangles at {done.step:g} m, "
        f"{done.seconds:.1f} s, by {done.source}"
    )
    for note in done.notes:
        print(note)
    if done.measures is not None:
        print("\n".join(_lines(done.measures)))


def _box(text: str | None) -> Any:
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 6:
        raise UsageError(f"--box is x0,y0,z0,x1,y1,z1 in metres, as in -10,-10,-3,10,10,3; found '{text}'.")
    return numbers


def _told(done: Any) -> dict[str, Any]:
    about = {
        "path": str(done.path),
        "vertices": len(done.vertices),
        "triangles": len(done.triangles),
        "step": done.step,
        "evaluations": done.evaluations,
        "seconds": round(done.seconds, 3),
        "source": done.source,
        "color": done.layer.name,
        "notes": list(done.notes),
    }
    found = done.measures
    if found is not None:
        about["measures"] = {
            "reference": found.reference,
            "chamfer": _number(found.chamfer),
            "to_reference": _number(found.to_reference),
            "from_reference": _number(found.from_reference),
            "f_score": {f"{within:g}": _number(value) for within, value in found.f_score.items()},
            "precision": {f"{within:g}": _number(value) for within, value in found.precision.items()},
            "recall": {f"{within:g}": _number(value) for within, value in found.recall.items()},
            "unseen_found": _number(found.unseen_found),
            "unseen_share": _number(found.unseen_share),
            "paired_edges": _number(found.paired_edges),
            "closed": found.closed,
            "samples": list(found.samples),
        }
    return about


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else round(value, 5)


def _lines(found: Any) -> list[str]:
    f_scores = ", ".join(f"{100 * within:g} cm {value:.3f}" for within, value in found.f_score.items())
    return [
        f"against {found.reference}:",
        f"  Chamfer {100 * found.chamfer:.1f} cm: {100 * found.to_reference:.1f} cm to it, "
        f"{100 * found.from_reference:.1f} cm from it",
        f"  F-score {f_scores}",
        f"  found of what was not seen: {100 * found.unseen_found:.1f} % "
        f"(not seen: {100 * found.unseen_share:.1f} % of it)",
        f"  edges with two triangles: {100 * found.paired_edges:.1f} %, {'' if found.closed else 'not '}closed",
    ]
