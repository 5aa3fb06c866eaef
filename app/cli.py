"""The command line: every ability of the window, without a window.

Results go to standard output, everything else to standard error. With ``--json`` standard output holds one
JSON object and nothing else. Exit status: 0 done, 2 bad arguments or bad input (one sentence), 1 a fault of
ours, 130 interrupted. Imports of a command stand inside it, so that ``--help`` and the window start fast.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

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

DataPath = Annotated[Path, typer.Argument(help="A recording: its folder, or one of its files.")]
FrameOption = Annotated[int, typer.Option("--frame", help="Number of the frame, from 0.")]
SequenceOption = Annotated[str | None, typer.Option("--sequence", help="Name of the sequence; the first without.")]
ColumnsOption = Annotated[str | None, typer.Option(help="Columns of raw .bin files, in order: x,y,z,intensity.")]
LabelsOption = Annotated[
    Path | None, typer.Option("--label-map", help="YAML file with your own label ids, names and colours.")
]
LayerOption = Annotated[str, typer.Option("--layer", help="What the points are coloured by.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
BeforeOption = Annotated[int, typer.Option(help="Frames before this one that are drawn with it.")]
AfterOption = Annotated[int, typer.Option(help="Frames after this one that are drawn with it.")]


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
        _leave(_application().run())


@commands.command("open")
def open_command(
    path: DataPath, frame: FrameOption = 0, columns: ColumnsOption = None, label_map: LabelsOption = None
) -> None:
    """Open the window on a recording."""
    _must_exist(path)
    _leave(_application().run(path, frame=frame, options=_options(columns, label_map)))


@commands.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Folder of the drive; one in your cache without.")] = None,
    frames: Annotated[int, typer.Option(min=1, help="Length of the drive.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another street.")] = 0,
    window: Annotated[bool, typer.Option(help="Open the window on it.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Write the demo drive, or reuse it; then open the window on it."""
    if window:
        _leave(_application().run(out, demo_seed=seed, demo_frames=frames))
        return
    written = _run("write_demo", folder=out, frames=frames, seed=seed)
    if as_json:
        _print_json({"path": str(written.path), "frames": written.frames, "seed": written.seed})
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
    report = _run("check_data", path=path, options=_options(columns, label_map), frame=frame, sequence=sequence)
    if as_json:
        _print_json(report)
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
    state = _run(
        "show_frame",
        source=_source(path, sequence, columns, label_map),
        index=frame,
        layers=(wanted,),
        accumulation=_accumulation(before, after),
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
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the points of a frame and their layers to a file."""
    done = _run(
        "export_frame",
        source=_source(path, sequence, columns, label_map),
        index=frame,
        out=out,
        layers=tuple(layer) if layer else None,
        color=color,
        accumulation=_accumulation(before, after),
    )
    if as_json:
        _print_json({"path": str(done.path), "points": done.points, "layers": list(done.layers)})
    else:
        print(f"{done.path}: {done.points} points, {', '.join(done.layers) or 'no layers'}")


@commands.command()
def tour(
    path: Annotated[str, typer.Argument(help="A recording, or the word demo for the demo drive.")],
    out: Annotated[Path, typer.Option(help="Folder for the pictures and tour.json.")],
) -> None:
    """Drive the real window through its main abilities, leaving a picture of each step."""
    if not _screen():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _quiet_blas()
    from app.core.demo import default_drive_path
    from app.ui import tour as guided

    target = None if path == "demo" and not Path(path).exists() else Path(path)
    if target is not None:
        _must_exist(target)
    steps = guided.run(target, out, demo_folder=default_drive_path(0))
    print(f"{len(steps)} steps; their pictures and tour.json are in {out}")


@commands.command()
def bench(
    name: Annotated[str, typer.Argument(help="A program of benchmarks/, or all.")], as_json: JsonOption = False
) -> None:
    """Run a benchmark: ours and a peer's figure from one run."""
    from app import discovery
    from benchmarks.rows import report

    _quiet_blas()
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


T = TypeVar("T")


def _run(name: str, **params: Any) -> Any:
    """Run a task here, with its progress on standard error where that is a terminal."""
    from app.core import tasks
    from app.core.tasks.base import run
    from app.core.tasks.context import Context

    events = tasks.entry(name)(Context(), **params)
    if not sys.stderr.isatty():
        return run(events)
    return _with_progress(name.replace("_", " "), lambda on_event: run(events, on_event))


def _with_progress(title: str, work: Callable[[Callable[[Any], None]], T]) -> T:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from app.core.tasks.base import Progress

    with Bar(console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task(title, total=None)

        def show(event: Any) -> None:
            if isinstance(event, Progress):
                bar.update(line, completed=event.done, total=event.total or None, description=event.text or title)

        return work(show)


def _application() -> Any:
    """The window's module; ``UsageError`` where there is no screen to open it on."""
    if not _screen():
        raise UsageError(
            "There is no screen to open a window on; use the commands without one (see --help), or 'tour', "
            "which leaves pictures."
        )
    _quiet_blas()
    from app.ui import application

    return application


def _quiet_blas() -> None:
    """Keep numpy's matrix products in one thread: the window's are small, and on a busy machine the threads
    of BLAS wait for each other (measured: 19 ms for a product that takes 1). Set before numpy is imported."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _screen() -> bool:
    """Whether Qt finds a screen: everywhere but on Linux without X or Wayland, or if a platform is stated."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _options(columns: str | None, label_map: Path | None) -> Any:
    from app.core.datasets.base import OpenOptions

    names = None if columns is None else tuple(part.strip() for part in columns.split(","))
    return OpenOptions(columns=names, label_map=label_map)


def _source(path: Path, sequence: str | None, columns: str | None, label_map: Path | None) -> Any:
    """The sequence a command works on; the first of the recording if none is named."""
    from app.core.datasets import open_dataset
    from app.core.tasks.context import Source

    options = _options(columns, label_map)
    name = sequence or open_dataset(path, options).sequences[0].name
    return Source(path, name, options)


def _accumulation(before: int, after: int) -> Any:
    from app.core.state import Accumulation

    if before < 0 or after < 0:
        raise UsageError(f"Frames before and after are counted from 0; {before} and {after} were asked for.")
    return Accumulation(before, after)


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


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"{path} does not exist; check its spelling and that its disk is connected.")


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


def _print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, ensure_ascii=False))


def _leave(status: object) -> None:
    """End the command with a status other than 0."""
    if isinstance(status, int) and status:
        raise typer.Exit(status)


def _said(sentence: str, status: int) -> int:
    print(sentence.strip().replace("\n", " "), file=sys.stderr)
    return status
