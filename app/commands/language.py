"""Asking in words on the command line: ``query``, ``search``, ``index``, ``classes`` and ``clip``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.asking import (
    BoxOption,
    ClipModelOption,
    ClipOption,
    DenoiseOption,
    NegativeOption,
    NetworkOption,
    PointOption,
    SmoothOption,
    TemplatesOption,
    TextOption,
    ThresholdOption,
    WayOption,
    clip_of,
    methods_of,
    network_for,
)
from app.commands.language_output import (
    about_clip,
    answer_lines,
    class_lines,
    of_answer,
    of_classes,
    of_results,
    plain,
    result_lines,
)
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


@commands.command()
def query(
    path: DataPath,
    text: TextOption = None,
    frame: FrameOption = 0,
    out: Annotated[
        Path | None, typer.Option(help="The answer; .ply, .npz or .label chooses the format. Told alone without.")
    ] = None,
    way: WayOption = "regions",
    mode: Annotated[
        str, typer.Option(help="What colours a PLY: winner, or similarity, relevancy, match of the first prompt.")
    ] = "winner",
    threshold: ThresholdOption = None,
    negative: NegativeOption = None,
    point: PointOption = None,
    box: BoxOption = None,
    templates: TemplatesOption = "street",
    smooth: SmoothOption = 0.0,
    denoise: DenoiseOption = 0.0,
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    network: NetworkOption = None,
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for words, or for what is like an example, among the points of a frame."""
    from app.core.language.queries import MODES

    must_exist(path)
    if mode not in MODES:
        raise UsageError(f"There is no mode '{mode}'; there are: {', '.join(MODES)}.")
    methods = methods_of(
        text, frame, point=point, box=box, way=way, clip=clip_of(clip, clip_model), network=network,
        threshold=threshold, negative=negative, templates=templates, smooth=smooth, denoise=denoise,
    )  # fmt: skip
    source = source_of(path, sequence, columns, label_map)
    done = run_here("export_query", source=source, index=frame, methods=methods, out=out, mode=mode)
    if as_json:
        print_json(of_answer(done, way))
    else:
        print("\n".join(answer_lines(done)))


@commands.command()
def search(
    path: DataPath,
    text: TextOption = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Regions told of each text.")] = 10,
    way: WayOption = "regions",
    negative: NegativeOption = None,
    templates: TemplatesOption = "street",
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    network: NetworkOption = None,
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for words in all frames of a sequence whose features 'index' has computed."""
    must_exist(path)
    methods = methods_of(
        text, 0, way=way, clip=clip_of(clip, clip_model), network=network, negative=negative, templates=templates
    )
    source = source_of(path, sequence, columns, label_map)
    found = run_here("search_sequence", source=source, methods=methods, top=top)
    if not found.indexed:
        raise UsageError(f"No frame of {path} is indexed for this CLIP and way; run 'index' with the same options.")
    if as_json:
        print_json(of_results(found))
    else:
        print("\n".join(result_lines(found)))


@commands.command()
def index(
    path: DataPath,
    way: Annotated[str, typer.Option(help="Which features: regions, pixels or network.")] = "regions",
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    network: NetworkOption = None,
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute and store the language features of all frames of a sequence; what is stored already costs nothing."""
    from app.core.language.methods_of_query import methods_for

    must_exist(path)
    source = source_of(path, sequence, columns, label_map)
    chosen = clip_of(clip, clip_model)
    methods = methods_for(chosen, network_for(way, network, chosen))
    done = run_here("index_sequence", source=source, way=way, methods=methods)
    if as_json:
        print_json(
            {"frames": done.frames, "regions": done.regions, "computed": done.computed, "notes": list(done.notes)}
        )
    else:
        print(f"{path}: {done.frames} frames indexed, {done.regions} regions, {done.computed} frames computed now")
        print("\n".join(f"note: {sentence}" for sentence in done.notes), end="\n" if done.notes else "")


@commands.command()
def classes(
    path: DataPath,
    frame: FrameOption = 0,
    out: Annotated[Path | None, typer.Option(help="The classes; .label or .npz chooses the format.")] = None,
    way: WayOption = "regions",
    templates: TemplatesOption = "street",
    denoise: DenoiseOption = 0.0,
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    network: NetworkOption = None,
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the data set's own classes by nothing but their words, and hold them against the labels."""
    from app.core.language.methods_of_query import methods_for

    must_exist(path)
    chosen = clip_of(clip, clip_model)
    done = run_here(
        "find_classes",
        source=source_of(path, sequence, columns, label_map),
        index=frame,
        clip=chosen,
        methods=methods_for(chosen, network_for(way, network, chosen)),
        way=way,
        templates=templates,
        denoise=denoise,
        out=out,
    )
    found = of_classes(done)
    if as_json:
        print_json(found)
    else:
        print("\n".join(class_lines(found)))


@commands.command("clip")
def clip_command(
    source: Annotated[
        str | None, typer.Argument(help="A weights file or folder, or NAME:TAG of open_clip; else the demo CLIP.")
    ] = None,
    clip_model: ClipModelOption = "",
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the weights first, if they are not here.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what a CLIP is: its size, resolution, licence, and what it knows."""
    chosen = clip_of(source, clip_model)
    if download and chosen.path is None:
        run_here("download_clip", source=chosen)
    about = about_clip(run_here("read_clip", source=chosen))
    if as_json:
        print_json(about)
    else:
        print("\n".join(f"{name.replace('_', ' ')}: {plain(value)}" for name, value in about.items()))
