"""What several commands share: their options, running a task here, printing its result."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from app.core.errors import UsageError

DataPath = Annotated[Path, typer.Argument(help="A recording: its folder, or one of its files.")]
FrameOption = Annotated[int, typer.Option("--frame", help="Number of the frame, from 0.")]
SequenceOption = Annotated[str | None, typer.Option("--sequence", help="Name of the sequence; the first without.")]
ColumnsOption = Annotated[str | None, typer.Option(help="Columns of raw .bin files, in order: x,y,z,intensity.")]
LabelsOption = Annotated[
    Path | None,
    typer.Option("--label-map", help="Names of classes: semantickitti, nuscenes, or a YAML file of your own."),
]
LayerOption = Annotated[str, typer.Option("--layer", help="What the points are coloured by.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
BeforeOption = Annotated[int, typer.Option(help="Frames before this one that are drawn with it.")]
AfterOption = Annotated[int, typer.Option(help="Frames after this one that are drawn with it.")]

T = TypeVar("T")


def run_here(name: str, **params: Any) -> Any:
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


def quiet_blas() -> None:
    """Keep numpy's matrix products in one thread: the window's are small, and on a busy machine the threads
    of BLAS wait for each other (measured: 19 ms for a product that takes 1). Set before numpy is imported."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def has_screen() -> bool:
    """Whether Qt finds a screen: everywhere but on Linux without X or Wayland, or if a platform is stated."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def open_options(columns: str | None, label_map: Path | None) -> Any:
    from app.core.datasets.base import OpenOptions

    names = None if columns is None else tuple(part.strip() for part in columns.split(","))
    return OpenOptions(columns=names, label_map=label_map)


def source_of(path: Path, sequence: str | None, columns: str | None, label_map: Path | None) -> Any:
    """The sequence a command works on; the first of the recording if none is named."""
    from app.core.datasets import open_dataset
    from app.core.tasks.context import Source

    options = open_options(columns, label_map)
    name = sequence or open_dataset(path, options).sequences[0].name
    return Source(path, name, options)


def accumulation(before: int, after: int) -> Any:
    from app.core.state import Accumulation

    if before < 0 or after < 0:
        raise UsageError(f"Frames before and after are counted from 0; {before} and {after} were asked for.")
    return Accumulation(before, after)


def must_exist(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"{path} does not exist; check its spelling and that its disk is connected.")


def print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, ensure_ascii=False))


def leave(status: object) -> None:
    """End the command with a status other than 0."""
    if isinstance(status, int) and status:
        raise typer.Exit(status)
