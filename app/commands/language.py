"""Asking in words on the command line: ``query``, ``search``, ``index``, ``classes`` and ``clip``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

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

TextOption = Annotated[list[str] | None, typer.Option("--text", help="What to look for; may be repeated.")]
WayOption = Annotated[str, typer.Option(help="Where features come from: regions, pixels, network or ensemble.")]
ClipOption = Annotated[
    str | None,
    typer.Option("--clip", help="A weights file or folder, or NAME:TAG of open_clip; the demo CLIP without."),
]
ClipModelOption = Annotated[
    str, typer.Option(help="Architecture of a bare weights file that does not tell: open_clip's NAME or NAME:TAG.")
]
NetworkOption = Annotated[
    Path | None, typer.Option(help="A run or checkpoint of a distilled network, for --way network and ensemble.")
]
TemplatesOption = Annotated[str, typer.Option(help="Sentences the words are put into: street, plain, imagenet80 …")]
NegativeOption = Annotated[
    list[str] | None, typer.Option("--negative", help="What relevancy is measured against; may be repeated.")
]
ThresholdOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="Relevancy from which a point matches; 0.5 without.")
]
PointOption = Annotated[list[int] | None, typer.Option("--point", help="Row of a point to look for the like of.")]
BoxOption = Annotated[
    list[str] | None,
    typer.Option("--box", help="Piece of a picture to look for the like of: CAMERA:x0,y0,x1,y1 in pixels."),
]


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
    smooth: Annotated[float, typer.Option(min=0, max=1, help="MaskCLIP's key smoothing (--way pixels).")] = 0.0,
    denoise: Annotated[float, typer.Option(min=0, max=1, help="MaskCLIP's prompt denoising.")] = 0.0,
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
    _check_way(way, network)
    source = source_of(path, sequence, columns, label_map)
    methods = methods_for(clip_of(clip, clip_model), network)
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
    denoise: Annotated[float, typer.Option(min=0, max=1, help="MaskCLIP's prompt denoising.")] = 0.0,
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
    _check_way(way, network)
    chosen = clip_of(clip, clip_model)
    done = run_here(
        "find_classes",
        source=source_of(path, sequence, columns, label_map),
        index=frame,
        clip=chosen,
        methods=methods_for(chosen, network),
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


def clip_of(text: str | None, model: str = "") -> Any:
    """The CLIP that an option names."""
    from app.core.language.choosing import demo, from_path, named

    path = None if text is None else Path(text).expanduser()
    if model and (path is None or not path.exists()):
        raise UsageError("--clip-model is for a weights file on this machine; leave it out.")
    if text is None or path is None:
        return demo()
    if path.exists():
        return from_path(path.resolve(), model)
    name, colon, tag = text.partition(":")
    if not colon or not name or not tag or "/" in text or "\\" in text:
        raise UsageError(f"'{text}' is neither a file or folder that is there, nor NAME:TAG of open_clip.")
    return named(name, tag)


def methods_of(
    text: list[str] | None,
    frame: int,
    *,
    way: str,
    clip: Any,
    network: Path | None,
    point: list[int] | None = None,
    box: list[str] | None = None,
    negative: list[str] | None = None,
    threshold: float | None = None,
    templates: str = "street",
    smooth: float = 0.0,
    denoise: float = 0.0,
) -> Any:
    """The methods that answer a question, as tasks take them."""
    from app.core.language.methods_of_query import methods_for, query_options
    from app.core.language.prompts import check_prompt
    from app.core.language.queries import COLORS, LONGEST, MOST_PROMPTS, NEGATIVES, Prompt, QueryState

    _check_way(way, network)
    prompts = [Prompt(check_prompt(words)) for words in dict.fromkeys(text or ())]
    for prompt in prompts:
        if len(prompt.text) > LONGEST:
            raise UsageError(f"A prompt has at most {LONGEST} characters; this one has {len(prompt.text)}.")
    prompts += [Prompt(point=(frame, row)) for row in point or ()]
    prompts += [Prompt(box=(frame, *_box(words))) for words in box or ()]
    if not prompts:
        raise UsageError('Say what to look for: --text "car", --point ROW or --box CAMERA:x0,y0,x1,y1.')
    if len(prompts) > MOST_PROMPTS:
        raise UsageError(f"At most {MOST_PROMPTS} prompts can be asked at once; {len(prompts)} are too many.")
    colored = tuple(replace(prompt, color=COLORS[i % len(COLORS)]) for i, prompt in enumerate(prompts))
    state = QueryState(
        prompts=colored, way=way, templates=templates, negatives=NEGATIVES if negative is None else tuple(negative),
        threshold=threshold, smooth=smooth, denoise=denoise,
    )  # fmt: skip
    return tuple(sorted((*methods_for(clip, network), ("text_query", query_options(clip, state)))))


def methods_asked(text: list[str] | None, frame: int, way: str, clip: str | None, network: Path | None) -> Any:
    """The methods of a question that other commands show, () without one."""
    return methods_of(text, frame, way=way, clip=clip_of(clip), network=network) if text else ()


def _check_way(way: str, network: Path | None) -> None:
    from app.core.language.queries import WAYS_OF_QUERIES

    if way not in WAYS_OF_QUERIES:
        raise UsageError(f"There is no way '{way}'; there are: {', '.join(WAYS_OF_QUERIES)}.")
    if way in ("network", "ensemble") and network is None:
        raise UsageError(f"--way {way} needs a distilled network: name its run or checkpoint with --network.")
    if network is not None:
        must_exist(network)


def _box(text: str) -> tuple[str, int, int, int, int]:
    camera, colon, numbers = text.rpartition(":")
    parts = numbers.split(",")
    try:
        x0, y0, x1, y1 = (int(part) for part in parts)
    except ValueError:
        colon = ""
    if not colon or not camera or x1 - x0 < 4 or y1 - y0 < 4:
        raise UsageError(f"--box is CAMERA:x0,y0,x1,y1 in pixels, at least 4 wide and high; found '{text}'.")
    return camera, x0, y0, x1, y1
