"""Training on the command line: train, resume, pause, stop, runs, describe."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared import JsonOption, must_exist, print_json
from app.core.errors import UsageError
from app.core.niceness import stand_behind_all

commands = typer.Typer()

SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="A field of the recipe, as in max_steps=500; may be repeated.")
]
RunPath = Annotated[Path, typer.Argument(help="Folder of the run.")]
NiceOption = Annotated[int, typer.Option(min=0, max=19, help="How far below other processes it stands.")]


@commands.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A recipe by name, or a YAML file with one.")],
    data: Annotated[Path, typer.Option(help="The recording to train on.")],
    out: Annotated[Path, typer.Option(help="New folder of the run.")],
    settings: SetOption = None,
    background: Annotated[bool, typer.Option(help="Start it as a process of its own and return.")] = False,
    queue: Annotated[
        bool, typer.Option(help="In the background, once no other run in the same folder is running.")
    ] = False,
    nice: NiceOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Train a network; all of it stands in the run's folder, and it can be killed and resumed."""
    from app.core.training import jobs
    from app.core.training.recipes import recipe_of

    must_exist(data)
    kind, told = recipe_of(recipe, _settings(settings))
    if background or queue:
        started = jobs.start(kind, told, data, out, queue=queue)
        _say(as_json, out, {"state": started.status.state, "pid": started.status.pid})
        return
    from app.core.training.run import train as train_here

    stand_behind_all(nice)
    _run(as_json, out, lambda: train_here(out, kind, told, data))


@commands.command()
def resume(
    run: RunPath,
    settings: SetOption = None,
    background: Annotated[bool, typer.Option(help="Let it go on as a process of its own and return.")] = False,
    nice: NiceOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run from its last checkpoint, with the numbers an unbroken run would have had."""
    from app.core.training import jobs

    must_exist(run)
    if background:
        _say(as_json, run, {"state": "starting", "pid": jobs.resume(run, _settings(settings))})
        return
    from app.core.training.run import resume as resume_here

    stand_behind_all(nice)
    _run(as_json, run, lambda: resume_here(run, _settings(settings)))


@commands.command()
def pause(run: RunPath) -> None:
    """Let a running run save and wait; resume it with --background."""
    from app.core.training import jobs

    jobs.pause(run)


@commands.command()
def stop(run: RunPath) -> None:
    """Let a running run save and end."""
    from app.core.training import jobs

    jobs.stop(run)


@commands.command()
def runs(
    folder: Annotated[Path | None, typer.Argument(help="Folder of runs; the usual one without.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs in a folder: running, paused, queued, finished, crashed."""
    from app.core.training import jobs

    found = jobs.runs(folder or jobs.default_runs_folder())
    if as_json:
        print_json(
            {"runs": [{"path": str(r.path), "recipe": r.recipe, **dataclasses.asdict(r.status)} for r in found]}
        )
        return
    for entry in found:
        status = entry.status
        told = f"{status.state}, step {status.step} of {status.max_steps} {status.message}"
        print(f"{entry.path}: {entry.recipe}, {told}")


@commands.command()
def recipes(
    recipe: Annotated[str | None, typer.Argument(help="Tell the fields of this one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the recipes, or the fields of one with their meaning, range and value."""
    from app.core.training.recipe import fields_of
    from app.core.training.recipes import about, kind_of, kinds, names

    if recipe is None:
        if as_json:
            print_json({"recipes": list(names()), "about": {name: about(name) for name in names()}})
        else:
            print("\n".join(f"{name}\n    {about(name)}" for name in names()))
        return
    kind, values = (kind_of(recipe), {}) if recipe in kinds() else _with_values(recipe)
    fields = [{**field, "value": values.get(field["name"], field["default"])} for field in fields_of(kind)]
    if as_json:
        print_json({"recipe": recipe, "fields": fields})
        return
    for field in fields:
        limits = f" ({field['range']})" if field["range"] else ""
        value = json.dumps(field["value"], ensure_ascii=False)
        print(f"{field['name']} = {value}{limits}\n    {field['description']}")


@commands.command()
def describe(
    network: Annotated[str, typer.Argument(help="A network by name, a checkpoint file, or a run.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A field of the network, as in cr=0.5; may be repeated.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Measure on this recording's first frame; on a plane of voxels without.")
    ] = None,
    voxel_size: Annotated[float, typer.Option(min=0.005, max=5, help="Edge of a voxel, metres.")] = 0.05,
    as_json: JsonOption = False,
) -> None:
    """Say what a network is: parameters, multiplications, receptive field, layers."""
    from app.core.training.described import describe_network

    found = describe_network(network, _settings(settings), data, voxel_size)
    if as_json:
        print_json(found)
        return
    field = found["field_metres"]
    reach = "the whole cloud" if field is None else f"{field:.1f} m wide"
    print(f"{found['network']}: {found['parameters']:,} parameters, {found['trainable']:,} of them trained")
    voxels = f"{found['voxels']} voxels of {found['voxel_size']:g} m"
    print(f"{found['gmacs']:.2f} GMACs for {voxels}; a point sees {reach}")
    for layer in found["layers"]:
        print(f"  {layer['name']:44} {layer['kind']:10} {layer['parameters']:>10,}  {layer['mmacs']:>10.1f} MMACs")


def _with_values(name: str) -> tuple[Any, dict[str, Any]]:
    from app.core.training.recipes import kind_of, own_values

    kind, values = own_values(name)
    return kind_of(kind), values


def _settings(settings: list[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in settings or []:
        key, equals, value = entry.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set takes key=value, as in max_steps=500; found '{entry}'.")
        found[key.strip()] = value.strip()
    return found


def _run(as_json: bool, run: Path, work: Callable[[], Any]) -> None:
    """Train, say how it ended, and let the next run of the queue begin however it ended."""
    from app.core.training import jobs
    from app.core.training.processes import is_first

    try:
        outcome = work()
    finally:
        if is_first():
            jobs.advance(run.resolve().parent)
    if is_first():
        _say(as_json, run, dataclasses.asdict(outcome))


def _say(as_json: bool, run: Path, content: dict[str, Any]) -> None:
    if as_json:
        print_json({"path": str(run), **content})
    else:
        print(f"{run}: {', '.join(f'{key} {value}' for key, value in content.items() if value != {})}")
