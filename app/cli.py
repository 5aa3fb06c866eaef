"""The command line: every ability of the window, without a window.

Results go to standard output, everything else to standard error. With ``--json`` standard output holds one
JSON object and nothing else. Exit status: 0 done, 2 bad arguments or bad input (one sentence), 1 a fault of
ours, 130 interrupted. Imports of a command stand inside it, so that ``--help`` and the window start fast.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands import evaluation, language, prediction, pseudo_labels, sentences, surface, training, visibility
from app.commands.asking import (
    ClipModelOption,
    ClipOption,
    DenoiseOption,
    NegativeOption,
    NetworkOption,
    SmoothOption,
    TemplatesOption,
    TextOption,
    ThresholdOption,
    WayOption,
    methods_shown,
)
from app.commands.prediction import CheckpointOption, SimilarOption, VotesOption, methods_of
from app.commands.shared import (
    AfterOption,
    BeforeOption,
    ColumnsOption,
    DataPath,
    FrameOption,
    JsonOption,
    LabelsOption,
    LayerOption,
    SequenceOption,
    accumulation,
    has_screen,
    leave,
    must_exist,
    open_options,
    print_json,
    quiet_blas,
    run_here,
    source_of,
)
from app.core.errors import Cancelled, Fault, LidarScopeError, ProcessDied, UsageError

DONE, FAULT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
FOV = 55.0

log = logging.getLogger(__name__)
commands = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="LidarScope: look at recorded LiDAR drives. Without a command the window opens.",
)
commands.add_typer(evaluation.commands)
commands.add_typer(language.commands)
commands.add_typer(prediction.commands)
commands.add_typer(pseudo_labels.commands)
commands.add_typer(surface.commands)
commands.add_typer(sentences.commands)
commands.add_typer(training.commands)
commands.add_typer(visibility.commands)


def main(argv: list[str]) -> int:
    """Run the command line ``argv`` (without the program's name); returns the exit status."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    try:
        status = commands(args=argv, prog_name="main.py", standalone_mode=False)
        return status if isinstance(status, int) else DONE
    except typer.Exit as leave:
        return int(leave.exit_code)
    except (KeyboardInterrupt, typer.Abort, Cancelled):
        return _said("Interrupted.", INTERRUPTED)
    except typer.TyperException as error:
        return _said(error.format_message() if hasattr(error, "format_message") else str(error), BAD_INPUT)
    except (Fault, ProcessDied) as error:
        return _said(str(error), FAULT)
    except LidarScopeError as error:
        return _said(str(error), BAD_INPUT)
    except BrokenPipeError:  # the reader of our output has had enough, as `head` does
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - else closing it complains once more
        return DONE
    except Exception:
        log.exception("A fault of LidarScope's own; please report it with these lines:")
        return FAULT


@commands.callback(invoke_without_command=True)
def window(context: typer.Context) -> None:
    """Open the window."""
    if context.invoked_subcommand is None:
        leave(_application().run())


@commands.command("open")
def open_command(
    path: DataPath, frame: FrameOption = 0, columns: ColumnsOption = None, label_map: LabelsOption = None
) -> None:
    """Open the window on a recording."""
    must_exist(path)
    leave(_application().run(path, frame=frame, options=open_options(columns, label_map)))


@commands.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Folder of the drive; one in your cache without.")] = None,
    frames: Annotated[int, typer.Option(min=1, help="Length of the drive.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another street.")] = 0,
    worlds: Annotated[
        int,
        typer.Option(min=1, max=100, help="Streets, as sequences of one drive: what training needs. Needs --out."),
    ] = 1,
    window: Annotated[bool, typer.Option(help="Open the window on it.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Write the demo drive, or reuse it; then open the window on it."""
    if worlds > 1 and (out is None or window):
        raise UsageError("Several worlds are written to a folder of their own: give --out DIR and --no-window.")
    if window:
        leave(_application().run(out, demo_seed=seed, demo_frames=frames))
        return
    written = run_here("write_demo", folder=out, frames=frames, seed=seed, worlds=worlds)
    if as_json:
        print_json({"path": str(written.path), "frames": written.frames, "seed": written.seed})
    else:
        print(written.path)


@commands.command()
def info(
    path: DataPath,
    frame: Annotated[int | None, typer.Option(help="Also tell about this frame.")] = None,
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a recording holds, and what is missing or broken."""
    report = run_here(
        "check_data", path=path, options=open_options(columns, label_map), frame=frame, sequence=sequence
    )
    if as_json:
        print_json(report)
    else:
        print("\n".join(_report_lines(path, report)))


@commands.command()
def render(
    path: DataPath,
    out: Annotated[Path, typer.Option(help="The picture, a .png.")],
    frame: FrameOption = 0,
    layer: LayerOption = "height",
    sequence: SequenceOption = None,
    size: Annotated[str, typer.Option(help="Width x height in pixels.")] = "1280x800",
    view: Annotated[str, typer.Option(help="orbit, top, ego or camera:NAME.")] = "orbit",
    before: BeforeOption = 0,
    after: AfterOption = 0,
    show: Annotated[str, typer.Option(help="Drawn over the points: boxes,axes,grid,frustums,labels.")] = "boxes",
    point_size: Annotated[float, typer.Option(min=1, max=12, help="Edge of a point in pixels.")] = 2.0,
    checkpoint: CheckpointOption = None,
    votes: VotesOption = 1,
    similar_to: SimilarOption = None,
    text: TextOption = None,
    way: WayOption = "regions",
    negative: NegativeOption = None,
    threshold: ThresholdOption = None,
    templates: TemplatesOption = "street",
    smooth: SmoothOption = 0.0,
    denoise: DenoiseOption = 0.0,
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    network: NetworkOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
) -> None:
    """Draw a picture of a frame, as the window would."""
    from app.core import layers
    from app.core.picture import check_suffix, draw, write_png
    from app.core.render.scene import Style
    from app.core.settings import Settings
    from app.ui import camera_poses, overlay_items

    check_suffix(out)
    wanted = layers.find(layer).name
    pixels, overlays = _size(size), _overlays(show)
    source = source_of(path, sequence, columns, label_map)
    asked = methods_shown(
        (wanted,), text, frame, source, way=way, clip=clip, clip_model=clip_model, network=network,
        negative=negative, threshold=threshold, templates=templates, smooth=smooth, denoise=denoise,
    )  # fmt: skip
    state = run_here(
        "show_frame",
        source=source,
        index=frame,
        layers=(wanted,),
        accumulation=accumulation(before, after),
        methods=(*methods_of(checkpoint, votes, frame, similar_to), *asked),
    )
    if wanted in state.missing_layers:
        raise UsageError(f"Layer '{wanted}' cannot be shown for frame {frame}: {state.missing_layers[wanted]}")
    data = state.cloud.layers[wanted]
    camera = camera_poses.overview(state, FOV)
    if view != "orbit":
        found = camera_poses.of_mode(view, state, FOV)
        if found is None:
            names = ", ".join(f"camera:{entry.name}" for entry in state.frame.cameras)
            raise UsageError(f"There is no view '{view}'; there are: orbit, top, ego{names and ', ' + names}.")
        camera = found
    backdrop = state.images.get(view.partition(":")[2])
    items = overlay_items.build(state.frame, overlays, label_set=data.label_set, poses=None, dark=True)
    usual = Settings()
    style = Style(point_size, usual.depth_shading, usual.background, backdrop)
    write_png(out, draw(state, data, camera, pixels, style=style, overlays=items))
    print(out)


@commands.command()
def export(
    path: DataPath,
    out: Annotated[Path, typer.Option(help="The file; .ply or .npz chooses the format.")],
    frame: FrameOption = 0,
    layer: Annotated[
        list[str] | None, typer.Option("--layer", help="A layer to write; may be repeated; all light ones without.")
    ] = None,
    color: Annotated[
        str | None, typer.Option(help="Layer whose colours a PLY carries as red, green and blue.")
    ] = None,
    sequence: SequenceOption = None,
    before: BeforeOption = 0,
    after: AfterOption = 0,
    checkpoint: CheckpointOption = None,
    votes: VotesOption = 1,
    similar_to: SimilarOption = None,
    text: TextOption = None,
    way: WayOption = "regions",
    negative: NegativeOption = None,
    threshold: ThresholdOption = None,
    templates: TemplatesOption = "street",
    smooth: SmoothOption = 0.0,
    denoise: DenoiseOption = 0.0,
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    network: NetworkOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the points of a frame and their layers to a file."""
    source = source_of(path, sequence, columns, label_map)
    asked = methods_shown(
        (*(layer or ()), color or ""), text, frame, source, way=way, clip=clip, clip_model=clip_model,
        network=network, negative=negative, threshold=threshold, templates=templates, smooth=smooth,
        denoise=denoise,
    )  # fmt: skip
    done = run_here(
        "export_frame",
        source=source,
        index=frame,
        out=out,
        layers=tuple(layer) if layer else None,
        color=color,
        accumulation=accumulation(before, after),
        methods=(*methods_of(checkpoint, votes, frame, similar_to), *asked),
    )
    if as_json:
        print_json({"path": str(done.path), "points": done.points, "layers": list(done.layers)})
    else:
        print(f"{done.path}: {done.points} points, {', '.join(done.layers) or 'no layers'}")


@commands.command()
def tour(
    path: Annotated[str, typer.Argument(help="A recording, or the word demo for the demo drive.")],
    out: Annotated[Path, typer.Option(help="Folder for the pictures and tour.json.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Checkpoint or run of the network it predicts with; else the built-in one.")
    ] = None,
) -> None:
    """Drive the real window through its main abilities, leaving a picture of each step."""
    if not has_screen():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    quiet_blas()
    from app.core.demo import default_drive_path
    from app.ui import tour as guided

    target = None if path == "demo" and not Path(path).exists() else Path(path)
    if target is not None:
        must_exist(target)
    if checkpoint is not None:
        must_exist(checkpoint)
    steps = guided.run(target, out, demo_folder=default_drive_path(0), checkpoint=checkpoint)
    print(f"{len(steps)} steps; their pictures and tour.json are in {out}")


@commands.command()
def bench(
    name: Annotated[str, typer.Argument(help="A program of benchmarks/, or all.")], as_json: JsonOption = False
) -> None:
    """Run a benchmark: ours and a peer's figure from one run."""
    from app import discovery
    from benchmarks.rows import report

    quiet_blas()
    names = [found for found in discovery.module_names("benchmarks") if found not in ("rows", "drives")]
    known = ["all", *names]
    if name not in known:
        raise UsageError(f"There is no benchmark '{name}'; there are: {', '.join(known)}.")
    measured = []
    for one in names if name == "all" else [name]:
        rows = discovery.load("benchmarks", one).rows()
        measured += rows
        if not as_json:
            report(rows, as_json=False)
    if as_json:
        report(measured, as_json=True)


def _application() -> Any:
    """The window's module; ``UsageError`` where there is no screen to open it on."""
    if not has_screen():
        raise UsageError(
            "There is no screen to open a window on; use the commands without one (see --help), or 'tour', "
            "which leaves pictures."
        )
    quiet_blas()
    from app.ui import application

    return application


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise UsageError(f"--size is width x height in pixels, as in 1280x800; found '{text}'.")
    return int(width), int(height)


def _overlays(text: str) -> frozenset[str]:
    from app.core.state import OVERLAYS

    names = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(names - set(OVERLAYS))
    if unknown:
        raise UsageError(f"There is no overlay '{unknown[0]}'; there are: {', '.join(OVERLAYS)}.")
    return names


def _report_lines(path: Path, report: dict[str, Any]) -> list[str]:
    lines = [f"{path}: {report['format']}"]
    for entry in report["sequences"]:
        has = [name for name in ("labels", "poses") if entry[f"has_{name}"]]
        frames = entry["frames"]
        parts = [
            f"{frames} frame{'s' if frames != 1 else ''}",
            *has,
            *(f"camera {name}" for name in entry["cameras"]),
        ]
        lines.append(f"  {entry['name']}: {', '.join(parts)}")
    frame = report.get("frame")
    if frame is not None:
        lines.append(f"frame: {frame['points']} points, {frame['labelled_points']} labelled")
        lines += [f"  {name}: {count}" for name, count in frame["classes"].items()]
        lines += [f"  in {name}: {view['in_image']} points" for name, view in frame["cameras"].items()]
    lines += [f"problem: {sentence}" for sentence in report["problems"]]
    return lines


def _said(sentence: str, status: int) -> int:
    print(sentence.strip().replace("\n", " "), file=sys.stderr)
    return status
